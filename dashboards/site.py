"""Site power: are we inside the budget, and by how much?"""

from collector.catalogue import Subject
from dashboards import energy, tree
from dashboards.parts import colours, units
from dashboards.parts.board import Board, Row
from dashboards.parts.panel import Bars, Column, Lines, Panel, Stat, Table
from dashboards.parts.queries import Query, one, top
from dashboards.parts.shared import rest
from dashboards.parts.variables import DATASOURCE, HALL, SITE
from dashboards.quarter_hour import QUARTER_HOUR

_FEEDS = 'sum by (site) (branch:site_power_watts:best{@site,level="feed"})'
_BUDGET = 'sum by (site) (branch:site_power_budget_watts:best{@site,level="feed"})'
_LIMIT = 'sum by (site) (branch:site_power_limit_watts:best{@site,level="feed"})'
_SHARE = """
branch:site_power_watts:best{@site} / branch:site_power_limit_watts:best{@site}
"""

SAFE = Row(
    "Are we safe?",
    (
        Stat(
            title="Site power",
            says="What the site draws now at its feeds, by the meters there.",
            queries=one(_FEEDS, "{{site}}"),
        ),
        Stat(
            title="Budget used",
            says="Site power as a share of its budget. Red from 100 %, orange from 95 %.",
            queries=one(f"{_FEEDS} / {_BUDGET}", "{{site}}"),
            unit=units.RATIO,
            steps=colours.SHARE_OF_LIMIT,
            no_value="no budget set",
        ),
        Stat(
            title="Headroom",
            says="How much more the feeds may draw: the least along the path up. "
            "Below zero too much is drawn.",
            queries=one(
                'min by (site) (branch:site_power_headroom_watts:best{@site,level="feed"})',
                "{{site}}",
            ),
            steps=colours.HEADROOM,
            no_value="no limit set",
        ),
        Stat(
            title="15-minute forecast",
            says="Mean power that this quarter-hour will end at, as a share of its target.",
            queries=one(
                """
                max by (site) (
                  branch:site_demand_watts:best{@site,kind="forecast"}
                    / on (site, branch) branch:site_demand_target_watts:best{@site}
                )
                """,
                "{{site}}",
            ),
            unit=units.RATIO,
            steps=colours.SHARE_OF_LIMIT,
        ),
        Stat(
            title="Contract power used",
            says="The month's highest quarter-hour so far, as a share of the contract's power.",
            queries=one(
                """
                max by (site) (
                  max by (site, branch) (
                    branch:site_demand_peak_watts:best{@site,period="month"}
                  )
                    / on (site, branch) branch:site_contract_power_watts:best{@site}
                )
                """,
                "{{site}}",
            ),
            unit=units.RATIO,
            steps=colours.SHARE_OF_LIMIT,
        ),
        Stat(
            title="PUE of the last day",
            says="Energy of the site over energy of its IT, over 24 hours.",
            queries=one('site:pue_ratio:max{@site,window="1d"}', "{{site}}"),
            unit=units.PLAIN,
            decimals=3,
        ),
        Stat(
            title="Nodes reporting",
            says="Share of the nodes that there should be that answer. Totals are worth as much.",
            queries=one("site:nodes_up:sum{@site} / site:nodes:count{@site}", "{{site}}"),
            unit=units.RATIO,
            steps=colours.COVERAGE,
        ),
        Stat(
            title="GPUs reporting",
            says="Share of the GPUs that there should be whose power is known.",
            queries=one("site:gpu_power_watts:coverage_ratio{@site}", "{{site}}"),
            steps=colours.COVERAGE,
        ),
        Stat(
            title="Feeds known",
            says="Share of what lies below the feeds whose power is known. "
            "Below 100 % site power is the least that it can be.",
            queries=one(
                'min by (site) (branch:site_power_coverage_ratio:max{@site,level="feed"})',
                "{{site}}",
            ),
            unit=units.RATIO,
            steps=colours.COVERAGE,
        ),
        Stat(
            title="Oldest meter reading",
            says="How old the oldest of the newest readings of the site's meters is.",
            queries=one("max by (site) (meter:site_meter_age_seconds:min{@site})", "{{site}}"),
            unit=units.SECONDS,
        ),
        Stat(
            title="GPUs slowed by heat",
            says="GPUs that heat slowed for longer than the setting allows, in the last 5 minutes.",
            queries=one("site:gpus_thermal:sum{@site}", "{{site}}"),
            steps=colours.ANY_IS_WARNING,
        ),
        Stat(
            title="Alerts that page",
            says="Alerts of severity page that fire now.",
            queries=one(
                """
                sum(
                  count by (site) (ALERTS{@site,alertstate="firing",severity="page"})
                  or
                  0 * site:nodes:count{@site}
                )
                """,
                "firing",
            ),
            unit=units.COUNT,
            steps=colours.ANY_IS_TROUBLE,
        ),
    ),
)

POWER = Row(
    "Power",
    (
        Lines(
            title="Site power against its limits",
            says="The feeds, the nodes and the GPUs; a part of each other, never added.",
            queries=(
                Query(_FEEDS, "Site {{site}}"),
                Query("site:it_power_watts:sum{@site}", "Nodes {{site}}"),
                Query("site:gpu_power_watts:sum{@site}", "GPUs {{site}}"),
                Query(_BUDGET, "Budget {{site}}"),
                Query(_LIMIT, "Limit {{site}}"),
            ),
            dashed={"Budget": colours.GOAL, "Limit": colours.LIMIT},
            tints={"^Site": colours.OUTSIDE, "^Nodes": colours.NODES, "^GPUs": colours.GPUS},
            calcs=("lastNotNull", "min", "mean", "max"),
            legend_right=True,
            width=24,
            height=10,
        ),
        Lines(
            title="Node power by hall",
            says="What the nodes draw from outside, each by its best source.",
            queries=one("hall:host_input_power_watts:sum{@hall}", "{{hall}}"),
            stacked=True,
            width=8,
            leads_to=("hall",),
        ),
        Lines(
            title="GPU power by hall",
            says="GPUs alone; the halls' shares of nodes reporting stand beside it.",
            queries=one("hall:gpu_power_watts:sum{@hall}", "{{hall}}"),
            stacked=True,
            width=8,
            leads_to=("hall",),
        ),
        Lines(
            title="GPU power by row",
            says="The 20 rows that draw most at the end of the range.",
            queries=one(top(20, "row:gpu_power_watts:sum{@hall}"), "{{hall}} {{row}}"),
            width=8,
            leads_to=("hall", "row"),
        ),
        Bars(
            title="GPUs reporting by hall",
            says="Share of the GPUs whose power is known: how much of a total is there.",
            queries=one("hall:gpu_power_watts:coverage_ratio{@hall}", "{{hall}}"),
            steps=colours.COVERAGE_FILL,
            width=6,
            height=10,
            leads_to=("hall",),
        ),
        Bars(
            title="Branches nearest to their limit",
            says="Power as a share of what the branch may carry for long; the 12 highest.",
            queries=one(f"topk(12, {_SHARE.strip()})", "{{branch}}"),
            unit=units.RATIO,
            steps=colours.FILL,
            width=8,
            height=10,
            leads_to=("branch",),
        ),
        Table(
            title="Racks nearest to their limit",
            says="The 50 racks with the largest share of their limit.",
            rows=("rack",),
            columns=(
                Column(
                    title="Share of limit",
                    expr="""
                    topk(50, max by (rack) (
                      branch:site_power_watts:best{@site,level="rack"}
                        / branch:site_power_limit_watts:best{@site,level="rack"}
                    ))
                    """,
                    unit=units.RATIO,
                    steps=colours.FILL,
                    gauge=True,
                ),
                Column(
                    title="Power",
                    expr="""
                    max by (rack) (branch:site_power_watts:best{@site,level="rack"})
                    and on (rack)
                    topk(50, max by (rack) (
                      branch:site_power_watts:best{@site,level="rack"}
                        / branch:site_power_limit_watts:best{@site,level="rack"}
                    ))
                    """,
                ),
                Column(
                    title="Headroom",
                    expr="""
                    min by (rack) (branch:site_power_headroom_watts:best{@site,level="rack"})
                    and on (rack)
                    topk(50, max by (rack) (
                      branch:site_power_watts:best{@site,level="rack"}
                        / branch:site_power_limit_watts:best{@site,level="rack"}
                    ))
                    """,
                    steps=colours.HEADROOM,
                ),
            ),
            width=10,
            height=10,
        ),
    ),
)

CHANGES = Row(
    "Changes, the month, and what throttles",
    (
        Bars(
            title="Ramps against their limits",
            says="Largest change of power within a span over the last minute, as a share of what "
            "is allowed; the 12 highest.",
            queries=one(
                """
                topk(12,
                  branch:site_power_ramp_watts:best{@site}
                    / branch:site_power_ramp_limit_watts:best{@site}
                )
                """,
                "{{branch}} in {{span}}",
            ),
            unit=units.RATIO,
            steps=colours.FILL,
            width=8,
            leads_to=("branch",),
        ),
        Lines(
            title="Ramps of the feeds",
            says="Largest change of the feeds' power within each span, over the last minute.",
            queries=one(
                """
                max by (site, span) (
                  branch:site_power_ramp_watts:best{@site}
                  and on (site, branch)
                  branch:site_power_watts:best{@site,level="feed"}
                )
                """,
                "{{site}} in {{span}}",
            ),
            width=8,
        ),
        Lines(
            title="PUE",
            says="Energy of the site over energy of its IT, over each window; "
            "absent where too little is known.",
            queries=one("site:pue_ratio:max{@site}", "{{site}} {{window}}"),
            unit=units.PLAIN,
            from_zero=False,
            decimals=3,
            width=8,
        ),
        Lines(
            title="GPUs slowed, by reason",
            says="GPUs whose clocks a reason holds down at this moment. A power cap is everyday; "
            "heat and a power brake are not.",
            queries=one("site:gpus_slowed:sum{@site}", "{{site}} {{reason}}"),
            tints=colours.REASONS,
        ),
        Bars(
            title="Racks with most GPUs slowed",
            says="GPUs whose clocks heat or a power brake holds down now; the 15 highest.",
            queries=one(
                """
                topk(15,
                  sum by (hall, row, rack) (
                    rack:gpus_slowed:sum{@hall,reason=~".*thermal|power_brake"}
                  ) > 0
                )
                """,
                "{{hall}} {{row}} {{rack}}",
            ),
            unit=units.COUNT,
            steps=colours.Steps(colours.WARNING),
            full=None,
            no_value="none",
            leads_to=("hall", "row", "rack"),
        ),
    ),
)

_DRAWN: tuple[Panel, ...] = tuple(
    panel for row in (SAFE, QUARTER_HOUR, POWER, CHANGES) for panel in row.panels
)

REST = Row(
    "Everything else that is known of the site",
    rest(Subject.SITE, "site", _DRAWN + tree.BOARD.panels + energy.BOARD.panels, most=12),
    folded=True,
)

BOARD = Board(
    uid="wk-site",
    title="Site power",
    question="Are we inside the budget, the contract and every limit, and what is in the way?",
    variables=(DATASOURCE, SITE, HALL),
    rows=(SAFE, QUARTER_HOUR, POWER, CHANGES, REST),
)
