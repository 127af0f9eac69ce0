"""Selectors of a PromQL expression: what of a Prometheus' series it reads."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_TEXT = r'"(?:[^"\\]|\\.)*"'
_MATCHERS = rf'\{{(?:{_TEXT}|[^}}"])*\}}'
_MATCHER = re.compile(rf"(\w+)\s*(=~|!~|!=|=)\s*({_TEXT})")
_LABELS = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
_BY = re.compile(r"\bby\s*\(([^)]*)\)")
_PART = re.compile(
    rf"{_TEXT}"
    r"|\[[^\]]*\]"  # a range
    r"|(?<![\w.:])\d[\w.]*"  # a number or a duration
    rf"|(?<![\w.:])(?P<name>[a-zA-Z_:][\w:]*)(?!\w|\s*\()\s*(?P<matchers>{_MATCHERS})?"
)
_WORDS = frozenset({"and", "or", "unless", "bool", "offset", "inf", "nan"})


@dataclass(frozen=True, slots=True)
class Selector:
    """One selector.

    Attributes:
        name: of the metric.
        matchers: label, operator and value of each.
    """

    name: str
    matchers: tuple[tuple[str, str, str], ...] = ()

    def takes(self, labels: Mapping[str, str]) -> bool:
        """Whether a series of that name is one of those that it selects."""
        return all(_holds(labels.get(label, ""), how, value) for label, how, value in self.matchers)


def selectors(expression: str) -> Iterator[Selector]:
    """All selectors of an expression, as often as they stand there.

    Args:
        expression: in PromQL, as our rules are written: metrics by their names.
    """
    for part in _PART.finditer(_LABELS.sub(" ", expression)):
        name = part["name"]
        if name and name.lower() not in _WORDS:
            found = _MATCHER.findall(part["matchers"] or "")
            yield Selector(name, tuple((label, how, value[1:-1]) for label, how, value in found))


def grouping(expression: str) -> tuple[str, ...] | None:
    """The labels that an expression's first aggregation keeps; None where there is none."""
    found = _BY.search(expression)
    return None if found is None else tuple(one.strip() for one in found[1].split(","))


def _holds(have: str, how: str, value: str) -> bool:
    same = re.fullmatch(value, have) is not None if how.endswith("~") else have == value
    return same is not how.startswith("!")
