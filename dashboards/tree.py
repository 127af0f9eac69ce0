"""Electrical tree and racks: which feed, busway or rack is near its limit?"""

from dashboards.parts import colours, units
from dashboards.parts.board import Board, Row
from dashboards.parts.panel import Bars, Column, Lines, Matrix, Stat, Table
from dashboards.parts.queries import Query, one, top
from dashboards.parts.shared import YES_NO
from dashboards.parts.variables import BRANCH, down_to

_CHOSEN = '{@site,level!="rack",branch=~"$branch"}'
_SHARE = f"""
max by (branch, level) (
  branch:site_power_watts:best{_CHOSEN} / branch:site_power_limit_watts:best{_CHOSEN}
)
"""
_RACKS = '{@site,level="rack",rack=~"$rack"}'
_RACK_POWER = f"branch:site_power_watts:best{_RACKS}"
_RACK_SHARE = f"""
max by (rack) (
  {_RACK_POWER} / branch:site_power_limit_watts:best{_RACKS}
)
"""
_FULLEST = "topk(1, rack:gpu_power_watts:sum{@rack})"
_ONE_RACK = "Where several racks are chosen, of the one that draws most."
_COOLANT = 'site_coolant_temperature_celsius{@site,meter=~"($rack)([^0-9].*)?"}'


def _of(name: str, how: str = "max") -> str:
    """A column of the branches' table."""
    return f"{how} by (branch, level) ({name}{_CHOSEN})\nand on (branch)\ntopk(60, {_SHARE})"


BRANCHES = Row(
    "Branches",
    (
        Table(
            title="Every branch against its limit",
            says="Feeds, substations, switchboards, UPSs and busways; the 60 nearest to their "
            "limit, which is the derated rating or the contract, whichever is less.",
            rows=("branch", "level"),
            columns=(
                Column(
                    title="Share of limit",
                    expr=f"topk(60, {_SHARE})",
                    unit=units.RATIO,
                    steps=colours.FILL,
                    gauge=True,
                ),
                Column(title="Power", expr=_of("branch:site_power_watts:best")),
                Column(title="Limit", expr=_of("branch:site_power_limit_watts:best", "min")),
                Column(title="Budget", expr=_of("branch:site_power_budget_watts:best", "min")),
                Column(
                    title="Headroom",
                    expr=_of("branch:site_power_headroom_watts:best", "min"),
                    steps=colours.HEADROOM,
                ),
                Column(title="Stranded", expr=_of("branch:site_power_stranded_watts:best")),
                Column(
                    title="Known",
                    expr=_of("branch:site_power_coverage_ratio:max"),
                    steps=colours.COVERAGE,
                ),
            ),
            height=12,
        ),
        Lines(
            title="Power of the branches",
            says="The 20 chosen branches that draw most at the end of the range.",
            queries=one(top(20, f"branch:site_power_watts:best{_CHOSEN}"), "{{branch}}"),
            leads_to=("branch",),
        ),
        Lines(
            title="Share of limit of the branches",
            says="Power as a share of what may be carried for long, of the 20 branches that draw "
            "most at the end of the range.",
            queries=one(
                f"""
                branch:site_power_watts:best{_CHOSEN}
                  / branch:site_power_limit_watts:best{_CHOSEN}
                and on (site, branch)
                topk(20, branch:site_power_watts:best{_CHOSEN} @ end())
                """,
                "{{branch}}",
            ),
            unit=units.RATIO,
        ),
        Bars(
            title="A and B together",
            says="Highest power of a redundancy group, all its sides at the same time, as a share "
            "of what is left when its largest member fails. Above 100 % one side cannot carry "
            "all; the 20 highest.",
            queries=one(
                """
                topk(20,
                  group:site_redundant_power_watts:max{@site}
                    / group:site_redundant_limit_watts:min{@site}
                )
                """,
                "{{group}}",
            ),
            unit=units.RATIO,
            steps=colours.FILL,
            width=8,
        ),
        Bars(
            title="Stranded power",
            says="Budget that a limit above, or the partner that must stand in, does not let a "
            "branch have; the 20 largest.",
            queries=one("topk(20, branch:site_power_stranded_watts:best{@site} > 0)", "{{branch}}"),
            steps=colours.Steps("blue"),
            full=None,
            width=8,
            no_value="none",
            leads_to=("branch",),
        ),
        Lines(
            title="Ramps of the branches",
            says="Largest change of power within 1 s, 10 s, 60 s and 900 s over the last minute, "
            "of the branches that are chosen; the 12 highest at the end of the range.",
            queries=one(
                top(12, 'branch:site_power_ramp_watts:best{@site,branch=~"$branch"}'),
                "{{branch}} in {{span}}",
            ),
            width=8,
        ),
    ),
)

RACKS = Row(
    "Racks",
    (
        Bars(
            title="Racks against their limit",
            says="Power as a share of the rack's limit; the 24 highest of those chosen.",
            queries=one(f"topk(24, {_RACK_SHARE})", "{{rack}}"),
            unit=units.RATIO,
            steps=colours.FILL,
            width=6,
            height=12,
            leads_to=("rack",),
        ),
        Table(
            title="What the racks hold",
            says="GPU power, its coverage, the hottest GPU and the least margin; "
            "the 60 racks with most GPU power of those chosen.",
            rows=("hall", "row", "rack"),
            columns=(
                Column(
                    title="GPU power",
                    expr="topk(60, sum by (hall, row, rack) (rack:gpu_power_watts:sum{@rack}))",
                ),
                Column(
                    title="Node power",
                    expr="sum by (hall, row, rack) (rack:host_input_power_watts:sum{@rack})",
                ),
                Column(
                    title="GPUs reporting",
                    expr="min by (hall, row, rack) (rack:gpu_power_watts:coverage_ratio{@rack})",
                    steps=colours.COVERAGE,
                ),
                Column(
                    title="Hottest GPU",
                    expr="max by (hall, row, rack)"
                    ' (rack:gpu_temperature_celsius:max{@rack,sensor="gpu"})',
                ),
                Column(
                    title="Least margin",
                    expr="min by (hall, row, rack)"
                    " (rack:gpu_temperature_margin_celsius:min{@rack})",
                    steps=colours.MARGIN,
                ),
                Column(
                    title="Slowed by heat",
                    expr="sum by (hall, row, rack) (rack:gpus_thermal:count{@rack})",
                    steps=colours.ANY_IS_WARNING,
                ),
                Column(
                    title="Power brake",
                    expr="sum by (hall, row, rack) (rack:gpus_power_brake:count{@rack})",
                    steps=colours.ANY_IS_TROUBLE,
                ),
                Column(
                    title="GPUs lost",
                    expr="sum by (hall, row, rack) (rack:gpus_lost:sum{@rack})",
                    steps=colours.ANY_IS_WARNING,
                ),
            ),
            width=18,
            height=12,
        ),
    ),
)

RACK = Row(
    "The chosen racks: trays, GPUs, liquid",
    (
        Stat(
            title="Rack power",
            says="By the rack's own meter, or what feeds it.",
            queries=one(f"sum by (site) (branch:site_power_watts:best{_RACKS})", "{{site}}"),
        ),
        Stat(
            title="Rack headroom",
            says="How much more the tightest of the chosen racks may draw.",
            queries=one(
                f"min by (site) (branch:site_power_headroom_watts:best{_RACKS})", "{{site}}"
            ),
            steps=colours.HEADROOM,
            no_value="no limit set",
        ),
        Stat(
            title="Nodes reporting",
            says="Share of the nodes of the chosen racks.",
            queries=one(
                "sum by (site) (rack:nodes_up:sum{@rack})"
                " / sum by (site) (rack:nodes:count{@rack})",
                "{{site}}",
            ),
            unit=units.RATIO,
            steps=colours.COVERAGE,
        ),
        Stat(
            title="Rack GPUs reporting",
            says="Share of the GPUs of the chosen racks whose power is known.",
            queries=one(
                "sum by (site) (rack:gpus_reporting:sum{@rack})"
                " / sum by (site) (rack:gpus_expected:sum{@rack})",
                "{{site}}",
            ),
            unit=units.RATIO,
            steps=colours.COVERAGE,
        ),
        Stat(
            title="GPUs of the racks",
            says="GPUs that should be there.",
            queries=one("sum by (site) (rack:gpus_expected:sum{@rack})", "{{site}}"),
            unit=units.COUNT,
        ),
        Stat(
            title="Sampling of the racks",
            says="The worst-sampled GPU: share of the last window between samples close enough.",
            queries=one("min by (site) (rack:gpu_power_coverage_ratio:min{@rack})", "{{site}}"),
            unit=units.RATIO,
            steps=colours.COVERAGE,
        ),
        Lines(
            title="GPU power by tray",
            says="A node of an NVL72 rack is a compute tray: 18 trays of 4 GPUs. "
            "The 18 that draw most at the end of the range.",
            queries=one(top(18, "host_gpu_power_watts{@rack}"), "{{node}}"),
            leads_to=("node",),
        ),
        Lines(
            title="Rack power against its limit",
            says="The rack's power by its meter, of its nodes and of its GPUs: a part of each "
            "other, never added. The 4 racks that draw most at the end of the range.",
            queries=(
                Query(top(4, _RACK_POWER), "Rack {{rack}}"),
                Query(top(4, "rack:host_input_power_watts:sum{@rack}"), "Nodes {{rack}}"),
                Query(top(4, "rack:gpu_power_watts:sum{@rack}"), "GPUs {{rack}}"),
                Query(
                    f"""
                    min by (site) (
                      branch:site_power_limit_watts:best{_RACKS}
                      and on (site, branch) topk(4, {_RACK_POWER} @ end())
                    )
                    """,
                    "Limit {{site}}",
                ),
            ),
            dashed={"Limit": colours.LIMIT},
            tints={"^Rack": colours.OUTSIDE, "^Nodes": colours.NODES, "^GPUs": colours.GPUS},
        ),
        Matrix(
            title="GPU power of each tray",
            says=f"Mean power as a share of the GPU's limit in force. {_ONE_RACK}",
            queries=one(
                f"""
                max by (node, gpu) (
                  gpu_power_window_watts{{@rack,scope="gpu",stat="mean"}}
                  and on (site, hall, row, rack) {_FULLEST}
                )
                  / max by (node, gpu) (gpu_power_limit_watts{{@rack,limit="enforced"}})
                """
            ),
            row="node",
            column="gpu",
            unit=units.RATIO,
            decimals=0,
            steps=colours.BUSY_FILL,
            height=20,
        ),
        Matrix(
            title="Degrees left in each tray",
            says=f"Degrees before the GPU slows down. {_ONE_RACK}",
            queries=one(
                f"""
                max by (node, gpu) (
                  gpu_temperature_margin_celsius{{@rack}}
                  and on (site, hall, row, rack) {_FULLEST}
                )
                """
            ),
            row="node",
            column="gpu",
            decimals=0,
            steps=colours.MARGIN_FILL,
            height=20,
        ),
        Lines(
            title="Liquid supply and return",
            says="Of the meters whose id begins with the rack's, the 4 with the hottest return at "
            "the end of the range; all of them are in Thermals.",
            queries=one(
                f"{_COOLANT}\nand on (site, meter)\n"
                f"topk(4, max by (site, meter) ({_COOLANT} @ end()))",
                "{{meter}} {{side}}",
            ),
            from_zero=False,
            width=8,
        ),
        Lines(
            title="Traffic over NVLink",
            says="Bytes a second over all NVLinks of the racks.",
            queries=one(
                "sum by (site, direction) (rack:nvlink_bytes:rate5m{@rack})",
                "{{site}} {{direction}}",
            ),
            unit=units.BYTES_PER_SECOND,
            width=8,
        ),
        Table(
            title="Where each tray sits",
            says="As the GPUs tell it: chassis, slot and tray.",
            rows=("node", "chassis_serial", "slot", "tray"),
            columns=(
                Column(
                    title="GPUs",
                    expr="""
                topk(100,
                  count by (node, chassis_serial, slot, tray) (gpu_platform_info{@rack})
                )
                """,
                    width=60,
                ),
            ),
            no_value="not told",
            width=8,
        ),
        Table(
            title="Meters",
            says="What the site's meters say now; the 60 with most power, and the 60 least good.",
            rows=("meter", "role"),
            columns=(
                Column(
                    title="Power",
                    expr="topk(60, max by (meter, role)"
                    " (meter:site_meter_power_watts:best{@site}))",
                ),
                Column(
                    title="Power factor",
                    expr="max by (meter, role) (site_meter_power_factor_ratio{@site})",
                    unit=units.PLAIN,
                    decimals=3,
                ),
                Column(
                    title="Good",
                    expr="""
                    bottomk(60, max by (meter, role) (
                      meter:site_meter_good:max{@site}
                        * on (site, meter) group_left (role)
                      meter:site_meter_role:info{@site}
                    ))
                    """,
                    unit=units.PLAIN,
                    steps=colours.UP,
                    meanings=YES_NO,
                ),
            ),
        ),
    ),
)

BOARD = Board(
    uid="wk-tree",
    title="Electrical tree and racks",
    question="Which feed, busway or rack is near its limit, and what is in that rack?",
    variables=(*down_to("rack"), BRANCH),
    rows=(BRANCHES, RACKS, RACK),
)
