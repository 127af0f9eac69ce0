"""The running quarter-hour, which utilities bill: the second row of the site's dashboard."""

from dashboards.parts import colours
from dashboards.parts.board import Row
from dashboards.parts.panel import Column, Lines, Stat, Table
from dashboards.parts.queries import Query, one


def _demand(kind: str) -> str:
    return f'max by (site) (branch:site_demand_watts:best{{@site,kind="{kind}"}})'


QUARTER_HOUR = Row(
    "The running quarter-hour",
    (
        Lines(
            title="Demand of the quarter-hour",
            says="Mean power since the quarter-hour began, what it will end at, and what may still "
            "be drawn until its end (only while that is below twice the target). Utilities bill "
            "the highest quarter-hour.",
            queries=(
                Query(_demand("so_far"), "So far {{site}}"),
                Query(_demand("forecast"), "Forecast {{site}}"),
                Query(_demand("forecast_low"), "At least {{site}}"),
                Query(_demand("forecast_high"), "At most {{site}}"),
                Query(
                    """
                    min by (site) (
                      branch:site_demand_watts:best{@site,kind="allowed"}
                        < on (site, branch) group_left ()
                      2 * branch:site_demand_target_watts:best{@site}
                    )
                    """,
                    "Allowed {{site}}",
                ),
                Query(
                    "max by (site) (branch:site_demand_target_watts:best{@site})", "Target {{site}}"
                ),
                Query(
                    "max by (site) (branch:site_contract_power_watts:best{@site})",
                    "Contract {{site}}",
                ),
            ),
            dashed={"Target": colours.GOAL, "Contract": colours.LIMIT},
            tints={
                "^So far": colours.OUTSIDE,
                "^Forecast": "yellow",
                "^At (least|most)": colours.SCALE,
                "^Allowed": "green",
            },
            time_from="2h",
            height=10,
        ),
        Stat(
            title="To be cut now",
            says="How far power must fall to keep the quarter-hour's target; 0 when it need not.",
            queries=one("max by (site) (branch:site_demand_cut_watts:best{@site})", "{{site}}"),
            steps=colours.ANY_IS_TROUBLE,
            width=3,
            height=10,
        ),
        Stat(
            title="Time left to cut",
            says="How long until power must have fallen; below zero it is too late. Nothing to "
            "cut, nothing shown.",
            queries=one(
                """
                min by (site) (
                  branch:site_demand_cut_deadline_timestamp_seconds:best{@site}
                ) - time()
                """,
                "{{site}}",
            ),
            steps=colours.DEADLINE,
            no_value="nothing to cut",
            width=3,
            height=10,
        ),
        Table(
            title="Highest quarter-hours",
            says="By tariff band, of this month and of 12 months.",
            rows=("site", "band", "period"),
            columns=(
                Column(
                    title="Peak",
                    expr="max by (site, band, period) (branch:site_demand_peak_watts:best{@site})",
                    width=80,
                ),
            ),
            width=6,
            height=10,
        ),
    ),
)
