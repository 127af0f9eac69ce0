"""Queries: PromQL with the dashboard's variables, and InfluxQL.

In a PromQL selector `@node` stands for the matchers of every variable down to `node`:
`gpu_up{@hall}` becomes `gpu_up{site=~"$site",hall=~"$hall"}`.
"""

import re
from dataclasses import dataclass
from textwrap import dedent

PLACES = ("site", "hall", "row", "rack", "node", "gpu")
"""The variables that narrow a dashboard, widest first; also labels, and tags in InfluxDB."""

_PLACE = re.compile(r"@(" + "|".join(PLACES) + r")\b")
_NAME = re.compile(r"(?<![\w:$\"@/.])[a-zA-Z_][\w:]*(?=\s*[{\[(]|\s|$|\)|,)")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_LABEL_LIST = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)")
_BRACES = re.compile(r"\{[^}]*\}")
_RANGE = re.compile(r"\[[^\]]*\]")
_WORDS = {
    *("and", "or", "unless", "by", "without", "on", "ignoring", "group_left", "group_right"),
    *("bool", "offset", "sum", "min", "max", "avg", "count", "group", "topk", "bottomk"),
    *("count_values", "quantile", "stddev", "stdvar", "Inf", "NaN"),
}


def matchers(level: str) -> str:
    """The PromQL matchers of every variable down to a level.

    Args:
        level: one of `PLACES`.
    """
    places = PLACES[: PLACES.index(level) + 1]
    return ",".join(f'{place}=~"${place}"' for place in places)


def expanded(expr: str) -> str:
    """An expression as Grafana gets it: `@node` written out, without the source's indentation."""
    return _PLACE.sub(lambda found: matchers(found.group(1)), dedent(expr).strip())


def names(expr: str) -> tuple[str, ...]:
    """The metrics and recording rules that an expression reads, in its order, each once.

    Functions, keywords, label names and what stands in strings are no metrics.
    """
    bare = _BRACES.sub("{}", _LABEL_LIST.sub(" ", _STRING.sub('""', expr)))
    bare = _RANGE.sub("[]", bare)
    found: dict[str, None] = {}
    for match in _NAME.finditer(bare):
        is_function = bare[match.end() :].lstrip().startswith("(")
        if not is_function and match.group() not in _WORDS:
            found[match.group()] = None
    return tuple(found)


def top(count: int, selector: str) -> str:
    """The series that are highest at the end of the range, over all of it.

    A bare `topk` picks anew at every instant, and so may draw any number of lines.

    Args:
        count: how many.
        selector: a metric or rule with its matchers.
    """
    return f"{selector}\nand\ntopk({count}, {selector} @ end())"


@dataclass(frozen=True, slots=True)
class Query:
    """One query of a panel to Prometheus.

    Attributes:
        expr: PromQL, with `@place` for matchers.
        legend: name of its series, with `{{label}}`; for a table, the column's title.
        step: the shortest step in time, as Grafana writes durations; empty for the dashboard's.
    """

    expr: str
    legend: str = ""
    step: str = ""

    @property
    def text(self) -> str:
        """The PromQL as Grafana gets it."""
        return expanded(self.expr)


def one(expr: str, legend: str = "") -> tuple[Query]:
    """The queries of a panel that has one.

    Args:
        expr: PromQL, with `@place` for matchers.
        legend: name of its series, with `{{label}}`.
    """
    return (Query(expr, legend),)


@dataclass(frozen=True, slots=True)
class InfluxQuery:
    """One query of a panel to InfluxDB, in InfluxQL, which InfluxDB 1, 2 and 3 answer.

    Attributes:
        select: what stands between SELECT and FROM.
        measurement: `gpu_window`, `host_window`, `meter_window` or `demand`.
        legend: name of its series, with `$tag_rack`.
        where: conditions besides time and place; may be empty.
        places: the variables that narrow it; tags of the same names.
        every: length of an interval in time, as InfluxQL writes it; empty for one value over all.
        group: tags to group by.
        highest: a tag: only the 40 of its values with the highest are listed, as a table.
    """

    select: str
    measurement: str
    legend: str
    where: str = ""
    places: tuple[str, ...] = ("site",)
    every: str = ""
    group: tuple[str, ...] = ()
    highest: str = ""

    @property
    def text(self) -> str:
        """The InfluxQL as Grafana gets it; days begin at midnight in the time zone `zone`."""
        places = [f'"{place}" =~ /^${{{place}:regex}}$/' for place in self.places]
        conditions = " AND ".join(filter(None, ("$timeFilter", self.where, *places)))
        name = ' AS "value"' if self.highest else ""
        source = f'FROM "{self.measurement}" WHERE {conditions}'
        text = f"SELECT {self.select}{name} {source}"
        groups = [f"time({self.every})"] if self.every else []
        groups += [f'"{tag}"' for tag in filter(None, (*self.group, self.highest))]
        if groups:
            text += " GROUP BY " + ", ".join(groups)
        if self.highest:
            best = f'top("value", "{self.highest}", 40) AS "value"'
            return f"SELECT {best} FROM ({text})"  # noqa: S608 - no text of a user's in it
        return text + (" fill(none) tz('$zone')" if self.every else "")


AnyQuery = Query | InfluxQuery
