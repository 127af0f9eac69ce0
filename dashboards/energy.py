"""Energy and cost: how much, where, when, and against last month.

Prometheus answers for hours to weeks, from its hourly sums; InfluxDB for months and years, from
every window ever closed. Bills and reports come from `wattkeeper report`, not from here.
"""

from dashboards.energy_days import DAYS
from dashboards.parts import colours, units
from dashboards.parts.board import Board, Row
from dashboards.parts.panel import Column, Lines, Stat, Table
from dashboards.parts.queries import one, top
from dashboards.parts.variables import INFLUXDB, Variable, down_to

PRICE = Variable(
    "price",
    "Price, won per kWh",
    "text",
    "150",
    "A mean price of your own. Bills come from `wattkeeper report`.",
)
CARBON = Variable(
    "carbon",
    "Carbon, kg per kWh",
    "text",
    "0.4173",
    "Korea, consumption end, for 2023, published 2025-12-17. Take what your report asks for.",
)
ZONE = Variable("zone", "Days begin in", "text", "Asia/Seoul", "The time zone of the bill.")

_HOURS = "[$__range:1h]"
_SITE_METERS = """
sum by (site) (
  max by (site, meter) (
    increase(site_meter_energy_joules_total{@site,role="utility"}[$__range])
  )
) / 3600
"""
_NODES = f"sum_over_time(site:host_input_energy_joules:increase1h{{@site}}{_HOURS}) / 3600"
_GPUS = f"sum_over_time(site:gpu_energy_joules:increase1h{{@site}}{_HOURS}) / 3600"

# Of a month that is remembered in part a sum would be of that part alone: its begin must be there.
_SITE_LAST_MONTH = f"""{_SITE_METERS.rstrip()}
and on (site)
increase(site_meter_energy_joules_total{{@site,role="utility"}}[2h] offset $__range)
"""
_NODES_LAST_MONTH = f"""
{_NODES}
and on (site)
last_over_time(site:host_input_energy_joules:increase1h{{@site}}[2h] offset $__range)
"""

TOTALS = Row(
    "In the chosen range",
    (
        Stat(
            title="Site",
            says="By the utility's meters.",
            queries=one(_SITE_METERS, "{{site}}"),
            unit=units.WATT_HOUR,
        ),
        Stat(
            title="Nodes",
            says="What the nodes drew from outside, in whole hours.",
            queries=one(_NODES, "{{site}}"),
            unit=units.WATT_HOUR,
        ),
        Stat(
            title="GPUs",
            says="The GPUs alone, in whole hours; a part of the nodes'.",
            queries=one(_GPUS, "{{site}}"),
            unit=units.WATT_HOUR,
        ),
        Stat(
            title="Cost",
            says="The site's energy at the price above: a rough figure, without base and band.",
            queries=one(f"{_SITE_METERS} / 1000 * $price", "{{site}}"),
            unit=units.WON,
        ),
        Stat(
            title="Carbon",
            says="The site's energy times the factor above, CO2 equivalent.",
            queries=one(f"{_SITE_METERS} / 1000 * $carbon / 1000", "{{site}}"),
            unit=units.TONNES,
        ),
        Stat(
            title="GPUs heard",
            says="Share of the GPUs that were heard, on average over the range. "
            "What was not heard is in no sum.",
            queries=one(
                f"avg_over_time(site:gpu_power_watts:coverage_ratio_avg1h{{@site}}{_HOURS})",
                "{{site}}",
            ),
            steps=colours.COVERAGE,
        ),
    ),
)

MONTHS = Row(
    "This month and last",
    (
        Stat(
            title="Site, this month",
            says="By the utility's meters, since the month began.",
            queries=one(_SITE_METERS, "{{site}}"),
            unit=units.WATT_HOUR,
            time_from="now/M",
        ),
        Stat(
            title="Site, last month by now",
            says="By the utility's meters, in the same part of last month; absent where "
            "Prometheus does not remember all of it.",
            queries=one(_SITE_LAST_MONTH, "{{site}}"),
            unit=units.WATT_HOUR,
            time_from="now/M",
            time_shift="1M",
            no_value="not remembered",
        ),
        Stat(
            title="Nodes, this month",
            says="In whole hours, since the month began.",
            queries=one(_NODES, "{{site}}"),
            unit=units.WATT_HOUR,
            time_from="now/M",
        ),
        Stat(
            title="Nodes, last month by now",
            says="In whole hours, in the same part of last month; absent where "
            "Prometheus does not remember all of it.",
            queries=one(_NODES_LAST_MONTH, "{{site}}"),
            unit=units.WATT_HOUR,
            time_from="now/M",
            time_shift="1M",
            no_value="not remembered",
        ),
        Stat(
            title="Load factor of 30 days",
            says="Mean over highest quarter-hour: 100 % is perfectly flat.",
            queries=one('site:load_factor_ratio:max{@site,window="30d"}', "{{site}}"),
            unit=units.RATIO,
        ),
        Stat(
            title="PUE of 30 days",
            says="Energy of the site over energy of its IT.",
            queries=one('site:pue_ratio:max{@site,window="30d"}', "{{site}}"),
            unit=units.PLAIN,
            decimals=3,
        ),
    ),
)

HOURS = Row(
    "Hours, by Prometheus",
    (
        Lines(
            title="Nodes, each hour by hall",
            says="What the nodes drew from outside within each hour.",
            queries=one("hall:host_input_energy_joules:increase1h{@hall} / 3600", "{{hall}}"),
            unit=units.WATT_HOUR,
            bars=True,
            stacked=True,
            step="1h",
            leads_to=("hall",),
        ),
        Lines(
            title="GPUs, each hour by hall",
            says="The GPUs alone, within each hour.",
            queries=one("hall:gpu_energy_joules:increase1h{@hall} / 3600", "{{hall}}"),
            unit=units.WATT_HOUR,
            bars=True,
            stacked=True,
            step="1h",
            leads_to=("hall",),
        ),
        Table(
            title="Racks, the last day",
            says="The 40 racks that used most; beside it how much of the day was heard.",
            rows=("hall", "row", "rack"),
            columns=(
                Column(
                    title="Nodes",
                    expr="""
                    topk(40, max by (hall, row, rack) (
                      rack:host_input_energy_joules:increase1d{@rack}
                    )) / 3600
                    """,
                    unit=units.WATT_HOUR,
                ),
                Column(
                    title="GPUs",
                    expr="max by (hall, row, rack) (rack:gpu_energy_joules:increase1d{@rack})"
                    " / 3600",
                    unit=units.WATT_HOUR,
                ),
                Column(
                    title="Heard",
                    expr="max by (hall, row, rack)"
                    " (rack:gpu_power_watts:coverage_ratio_avg1d{@rack})",
                    steps=colours.COVERAGE,
                ),
            ),
            width=12,
            height=10,
        ),
        Table(
            title="Nodes, the last day",
            says="The 40 nodes of the chosen racks that used most.",
            rows=("rack", "node"),
            columns=(
                Column(
                    title="Whole node",
                    expr="""
                    topk(40, max by (rack, node) (
                      node:host_input_energy_joules:increase1d{@node}
                    )) / 3600
                    """,
                    unit=units.WATT_HOUR,
                ),
                Column(
                    title="GPUs",
                    expr="""
                    topk(40, max by (rack, node) (
                      node:gpu_energy_joules:increase1d{@node}
                    )) / 3600
                    """,
                    unit=units.WATT_HOUR,
                ),
            ),
            width=12,
            height=10,
        ),
        Lines(
            title="Power by the energy counters",
            says="Mean over 5 minutes, of the 16 racks with most at the end of the range.",
            queries=one(top(16, "rack:gpu_energy_watts:rate5m{@rack}"), "{{rack}}"),
            width=8,
            leads_to=("rack",),
        ),
        Table(
            title="Energy counters that disagree",
            says="GPUs whose energy counter and integral of power differ by more than the setting "
            "allows: their energy is in doubt. 30 at most.",
            rows=("rack", "node", "gpu"),
            columns=(
                Column(
                    title="Difference",
                    expr="topk(30, max by (rack, node, gpu) (gpu:energy_mismatch:ratio{@gpu}))",
                    steps=colours.ANY_IS_WARNING,
                ),
            ),
            no_value="none",
            width=8,
        ),
        Lines(
            title="Load factor",
            says="Mean over highest quarter-hour, over each window.",
            queries=one("site:load_factor_ratio:max{@site}", "{{site}} {{window}}"),
            unit=units.RATIO,
            width=8,
        ),
    ),
)

BOARD = Board(
    uid="wk-energy",
    title="Energy and cost",
    question="How much energy, where and when, at what cost, and more than last month?",
    variables=(*down_to("gpu"), INFLUXDB, PRICE, CARBON, ZONE),
    rows=(TOTALS, MONTHS, HOURS, DAYS),
    time_from="now-7d",
    refresh="5m",
)
