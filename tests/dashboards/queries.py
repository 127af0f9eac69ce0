"""Every query of every panel, as Grafana would send it: what is run against real servers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from tests.dashboards.panels import dashboards, is_promql, panels

EVERYTHING: Mapping[str, str] = {
    **dict.fromkeys(("site", "hall", "row", "rack", "node", "gpu", "branch"), ".*"),
    "price": "150",
    "carbon": "0.4173",
    "zone": "Asia/Seoul",
}
"""Values of the variables with which nothing is left out."""

HOUR = 3600
MONTH_SECONDS = 30 * 24 * HOUR
_NAME = re.compile(r"\$\{([a-z_]\w*)(?::\w+)?\}|\$([a-z_]\w*)")
POINTS = 240
"""How many steps a range has, about; a panel as wide as a large screen has more."""
_LEAST_STEP_SECONDS = 15
_SHIFTS = {"": 0, "1M": MONTH_SECONDS}
_INTERVALS = {"": 0, "1h": HOUR}
_RANGES = {"": None, "2h": 2 * HOUR, "now/d": 6 * HOUR, "now/M": 24 * HOUR}


@dataclass(frozen=True, slots=True)
class Asked:
    """One query.

    Attributes:
        uid: of its dashboard.
        title: of its panel.
        ref_id: of its target.
        language: `promql` or `influxql`.
        text: with every variable put in.
        instant: whether only the newest value is asked for.
        range_seconds: the length of its range.
        step_seconds: from one value to the next.
        shift_seconds: how long before the dashboard's range its own ends.
    """

    uid: str
    title: str
    ref_id: str
    language: str
    text: str
    instant: bool
    range_seconds: int
    step_seconds: int
    shift_seconds: int

    def __str__(self) -> str:
        return f"{self.uid}: {self.title}: {self.ref_id}"


def filled(text: str, values: Mapping[str, str]) -> str:
    """A query with its variables put in.

    Raises:
        KeyError: it has one that has no value.
    """
    return _NAME.sub(lambda found: values[found.group(1) or found.group(2)], text)


def every_query(
    values: Mapping[str, str] = EVERYTHING, *, range_seconds: int = HOUR, points: int = POINTS
) -> list[Asked]:
    """Every query of every panel; those of folded rows too.

    Args:
        values: of the dashboards' variables, by name.
        range_seconds: how long the dashboard's time range is; it ends now.
        points: how many steps it has, about.
    """
    asked = []
    for uid, dashboard in dashboards().items():
        for panel in panels(dashboard):
            span = _RANGES[panel.get("timeFrom", "")] or range_seconds
            step = max(_LEAST_STEP_SECONDS, span // points, _INTERVALS[panel.get("interval", "")])
            own = {
                "__rate_interval": f"{max(4 * _LEAST_STEP_SECONDS, step + _LEAST_STEP_SECONDS)}s",
                "__interval": f"{step}s",
                "__range": f"{span}s",
                "timeFilter": f"time >= now() - {span}s AND time <= now()",
            }
            for target in panel["targets"]:
                promql = is_promql(target)
                asked.append(
                    Asked(
                        uid,
                        panel["title"],
                        target["refId"],
                        "promql" if promql else "influxql",
                        filled(target["expr" if promql else "query"], {**values, **own}),
                        instant=target.get("instant", not promql),
                        range_seconds=span,
                        step_seconds=step,
                        shift_seconds=_SHIFTS[panel.get("timeShift", "")],
                    )
                )
    return asked


def variable_queries(values: Mapping[str, str] = EVERYTHING) -> list[tuple[str, str, str]]:
    """What the variables list: dashboard, variable, and the PromQL selector behind it."""
    found = []
    for uid, dashboard in dashboards().items():
        for variable in dashboard["templating"]["list"]:
            if variable["type"] == "query":
                selector = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["definition"])
                assert selector is not None, variable["definition"]
                found.append((uid, variable["name"], filled(selector.group(1), values)))
    return found


def annotation_queries(values: Mapping[str, str] = EVERYTHING) -> list[tuple[str, str]]:
    """What the annotations ask: dashboard and PromQL."""
    return [
        (uid, filled(one["expr"], values))
        for uid, dashboard in dashboards().items()
        for one in dashboard["annotations"]["list"]
    ]
