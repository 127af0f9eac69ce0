"""Every query of every panel, as Grafana would send it: what is run against real servers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from collector.catalogue import Subject
from dashboards.parts.queries import names
from dashboards.parts.words import metric_in
from tests.dashboards.panels import dashboards, is_promql, panels

EVERYTHING: Mapping[str, str] = {
    **dict.fromkeys(("site", "hall", "row", "rack", "node", "gpu", "branch"), ".*"),
    "price": "150",
    "carbon": "0.4173",
    "zone": "Asia/Seoul",
}
"""Values of the variables with which nothing is left out."""

HOUR = 3600
_NAME = re.compile(r"\$\{(\w+)(?::\w+)?\}|\$(\w+)")
_LATE = {
    r":increase1d|avg1d": "needs a sample on the hour",
    r"\[\d+s:1h\]": "needs a sample on the hour",
    r"_avg3d|burn:ratio3d": "needs half an hour",
    r"kind=\"allowed\"": "is not drawn while it is far above the target",
}
"""Queries that need time or a certain state, by a pattern, and what they need."""
_RANGES = {"": None, "now/d": 6 * HOUR, "now/M": 24 * HOUR}


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
        no_value: what the panel shows when there is nothing.
    """

    uid: str
    title: str
    ref_id: str
    language: str
    text: str
    instant: bool
    no_value: str

    def __str__(self) -> str:
        return f"{self.uid}: {self.title}: {self.ref_id}"


def filled(text: str, values: Mapping[str, str]) -> str:
    """A query with its variables put in.

    Raises:
        KeyError: it has one that has no value.
    """
    return _NAME.sub(lambda found: values[found.group(1) or found.group(2)], text)


def every_query(
    values: Mapping[str, str] = EVERYTHING, *, range_seconds: int = HOUR
) -> list[Asked]:
    """Every query of every panel; those of folded rows too.

    Args:
        values: of the dashboards' variables, by name.
        range_seconds: how long the dashboard's time range is; it ends now.
    """
    asked = []
    for uid, dashboard in dashboards().items():
        for panel in panels(dashboard):
            span = _RANGES[panel.get("timeFrom", "")] or range_seconds
            own = {
                "__rate_interval": "1m",
                "__interval": "15s",
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
                        no_value=panel["fieldConfig"]["defaults"]["noValue"],
                    )
                )
    return asked


def why_empty(one: Asked) -> str:
    """Why a query may bring nothing at a site that is simulated and well; empty if it may not."""
    if one.no_value != "n/a":
        return f"the panel says why: {one.no_value}"
    for pattern, reason in _LATE.items():
        if re.search(pattern, one.text):
            return reason
    if one.language == "influxql":
        return "a tariff has only some of the bands" if "band" in one.text else ""
    for metric in filter(None, map(metric_in, names(one.text))):
        if not metric.default_on:
            return f"{metric.name} is read only when it is asked for"
        if metric.subject is Subject.GPU and metric.reads and "simulated" not in metric.reads:
            return f"{metric.name} is not simulated"
    return ""


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
