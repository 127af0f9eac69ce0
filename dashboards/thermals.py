"""Thermals: what is hot, against its own limit and against its neighbours?"""

from dashboards.parts import colours, units
from dashboards.parts.board import Board, Row
from dashboards.parts.panel import Bars, Column, Lines, Stat, Table
from dashboards.parts.queries import one, top
from dashboards.parts.variables import down_to

_GPU = ("hall", "row", "rack", "node", "gpu")
_BY_GPU = "by (hall, row, rack, node, gpu)"
_TEMPERATURE = f'max {_BY_GPU} (gpu_temperature_celsius{{@gpu,sensor="gpu"}})'
_OVER_RACK = f"""
{_TEMPERATURE}
  - on (hall, row, rack) group_left ()
avg by (hall, row, rack) (gpu_temperature_celsius{{@rack,sensor="gpu"}})
"""
_COOLANT = "site_coolant_temperature_celsius"
_HOTTEST_RETURN = f'topk(6, max by (site, meter) ({_COOLANT}{{@site,side="return"}} @ end()))'
_THERMAL = 'reason=~".*thermal"'

NOW = Row(
    "Now",
    (
        Stat(
            title="Degrees left",
            says="Before the first GPU slows down.",
            queries=one("site:gpu_temperature_margin_celsius:min{@site}", "{{site}}"),
            steps=colours.MARGIN,
        ),
        Stat(
            title="Hottest GPU",
            says="By the GPU's own sensor.",
            queries=one('site:gpu_temperature_celsius:max{@site,sensor="gpu"}', "{{site}}"),
        ),
        Stat(
            title="Hottest memory",
            says="By the sensor in the GPU's memory.",
            queries=one('site:gpu_temperature_celsius:max{@site,sensor="memory"}', "{{site}}"),
        ),
        Stat(
            title="Memory's degrees left",
            says="Below the limit of its memory, of the GPU that has fewest.",
            queries=one("min by (site) (rack:gpu_memory_margin_celsius:min{@rack})", "{{site}}"),
            unit=units.CELSIUS,
            steps=colours.MARGIN,
        ),
        Stat(
            title="GPUs slowed by heat",
            says="For longer than the setting allows, in the last 5 minutes.",
            queries=one("sum by (site) (rack:gpus_thermal:count{@rack})", "{{site}}"),
            unit=units.COUNT,
            steps=colours.ANY_IS_WARNING,
        ),
        Stat(
            title="GPUs reporting",
            says="Share of the GPUs that are heard: a silent one may be hot.",
            queries=one("site:gpu_power_watts:coverage_ratio{@site}", "{{site}}"),
            steps=colours.COVERAGE,
        ),
    ),
)

GPUS = Row(
    "GPUs",
    (
        Table(
            title="Hottest GPUs",
            says="The 30 hottest by their own sensor; with what is left before they slow down.",
            rows=_GPU,
            columns=(
                Column(title="Temperature", expr=f"topk(30, {_TEMPERATURE})"),
                Column(
                    title="Degrees left",
                    expr=f"""
                    min {_BY_GPU} (gpu_temperature_margin_celsius{{@gpu}})
                    and
                    topk(30, {_TEMPERATURE})
                    """,
                    steps=colours.MARGIN,
                ),
            ),
            width=12,
            height=10,
        ),
        Table(
            title="Fewest degrees left",
            says="The 30 GPUs nearest to slowing down, by their own limits.",
            rows=_GPU,
            columns=(
                Column(
                    title="Degrees left",
                    expr=f"bottomk(30, min {_BY_GPU} (gpu_temperature_margin_celsius{{@gpu}}))",
                    steps=colours.MARGIN,
                ),
            ),
            ascending=True,
            width=12,
            height=10,
        ),
        Table(
            title="Outliers against their rack",
            says="The 30 GPUs furthest above the mean of their rack: a blocked cold plate or a "
            "dead fan shows here first.",
            rows=_GPU,
            columns=(Column(title="Above the rack", expr=f"topk(30, {_OVER_RACK})", decimals=1),),
            width=12,
            height=10,
        ),
        Table(
            title="Nodes whose memory has fewest degrees left",
            says="The 30 nodes whose memory is nearest to its limit.",
            rows=("hall", "row", "rack", "node"),
            columns=(
                Column(
                    title="Degrees left",
                    expr="""
                    bottomk(30, min by (hall, row, rack, node) (
                      host_gpu_memory_margin_celsius{@node}
                    ))
                    """,
                    unit=units.CELSIUS,
                    steps=colours.MARGIN,
                ),
            ),
            ascending=True,
            width=12,
            height=10,
        ),
    ),
)

RACKS = Row(
    "Racks and halls over time",
    (
        Lines(
            title="Hottest GPU of each rack",
            says="The 16 racks that are hottest at the end of the range.",
            queries=one(
                top(16, 'rack:gpu_temperature_celsius:max{@rack,sensor="gpu"}'), "{{rack}}"
            ),
            from_zero=False,
            leads_to=("rack",),
        ),
        Lines(
            title="Degrees left by hall",
            says="Before the first GPU of the hall slows down.",
            queries=one("hall:gpu_temperature_margin_celsius:min{@hall}", "{{hall}}"),
            leads_to=("hall",),
        ),
        Lines(
            title="Time slowed by heat, by rack",
            says="Share of time, mean over the rack's GPUs, by the driver's own count; the 8 "
            "highest at the end of the range.",
            queries=one(
                top(8, f"rack:clock_event:ratio_rate5m{{@rack,{_THERMAL}}}"),
                "{{rack}} {{reason}}",
            ),
            leads_to=("rack",),
        ),
        Table(
            title="GPUs slowed by heat or brake",
            says="Share of the last 5 minutes; the 30 highest.",
            rows=(*_GPU, "reason"),
            columns=(
                Column(
                    title="Share of time",
                    expr="topk(30, max by (hall, row, rack, node, gpu, reason)"
                    " (gpu:clock_event:ratio_rate5m{@gpu}))",
                    steps=colours.Steps(colours.QUIET, ((0.05, colours.WARNING),)),
                ),
            ),
            no_value="none",
            width=12,
        ),
    ),
)

LIQUID = Row(
    "Liquid and air",
    (
        Lines(
            title="Coolant, supply and return",
            says="Of the 6 meters with the hottest return at the end of the range.",
            queries=one(
                f"{_COOLANT}{{@site}}\nand on (site, meter)\n{_HOTTEST_RETURN}",
                "{{meter}} {{side}}",
            ),
            from_zero=False,
            width=10,
        ),
        Lines(
            title="What the coolant takes up",
            says="Return less supply, of the same meters.",
            queries=one(
                f"""
                max by (site, meter) ({_COOLANT}{{@site,side="return"}})
                  -
                max by (site, meter) ({_COOLANT}{{@site,side="supply"}})
                and
                {_HOTTEST_RETURN}
                """,
                "{{meter}}",
            ),
            width=7,
        ),
        Bars(
            title="Fans nearest to their highest speed",
            says="Speed that a fan is set to, as a share of its highest; the 15 highest.",
            queries=one(
                "topk(15, max by (node, gpu) (gpu_fan_speed_ratio{@gpu}))",
                "{{node}} GPU {{gpu}}",
            ),
            steps=colours.Steps(colours.GOOD, ((0.9, colours.WARNING),)),
            width=7,
            no_value="no fans",
            leads_to=("node", "gpu"),
        ),
    ),
)

BOARD = Board(
    uid="wk-thermals",
    title="Thermals",
    question="What is hot, against its own limit and its neighbours, and what does it slow?",
    variables=down_to("gpu"),
    rows=(NOW, GPUS, RACKS, LIQUID),
)
