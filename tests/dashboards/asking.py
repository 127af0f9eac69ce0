"""Asks a server what Grafana would ask it, and says what came."""

import json
import math
import urllib.parse
from dataclasses import dataclass
from typing import Any

from tests.dashboards.queries import Asked
from tests.servers.process import fetched

_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Answer:
    """What a query brought.

    Attributes:
        series: how many series have a value that is a number.
        first_s: when the first value is, UTC seconds since 1970; infinite without any.
    """

    series: int
    first_s: float


def answer(url: str, one: Asked, now_s: float, *, on_the_hour: bool = False) -> Answer:
    """Send a query to Prometheus, or to what answers like it.

    Args:
        url: the server's.
        one: the query.
        now_s: the end of the dashboard's range.
        on_the_hour: whether ranges begin and end at whole multiples of their step, as Grafana has
            it; else they end now.
    """
    end_s = now_s - one.shift_seconds
    fields: dict[str, float | str] = {"query": one.text, "nocache": 1}
    if one.instant:
        path, fields["time"] = "query", end_s
    else:
        path, step = "query_range", one.step_seconds
        if on_the_hour:
            end_s = end_s // step * step
        begin_s = end_s - one.range_seconds // step * step
        fields |= {"start": begin_s, "end": end_s, "step": step}
    body = urllib.parse.urlencode(fields).encode()
    found = json.loads(fetched(f"{url}/api/v1/{path}", body, seconds=_SECONDS))["data"]["result"]
    firsts = [first for series in found if (first := _first(series)) < math.inf]
    return Answer(len(firsts), min(firsts, default=math.inf))


def _first(series: dict[str, Any]) -> float:
    """When a series' first number is."""
    values = series.get("values") or [series["value"]]
    return min(
        (float(at_s) for at_s, value in values if not math.isnan(float(value))), default=math.inf
    )
