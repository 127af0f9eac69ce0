"""Who is told what: Alertmanager's routes, groups, inhibitions and silences, gone through in time.

What is counted is what opens: PagerDuty takes all messages of a group as one incident until it is
resolved, and so does a queue of tickets that goes by `groupKey`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.alert_week.replay import Firing, seconds

_MATCHER = re.compile(r'\s*(\w+)\s*(=~|!~|!=|=)\s*"?((?:[^"\\]|\\.)*)"?\s*')
_INHERITED = ("receiver", "group_by", "group_wait", "group_interval")
Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Matcher:
    """A label and what it must be. A label that is not there is empty."""

    label: str
    operator: str
    value: str

    def holds(self, labels: Labels) -> bool:
        """Whether labels are so."""
        found = labels.get(self.label, "")
        if "~" in self.operator:
            same = re.fullmatch(self.value, found) is not None
        else:
            same = found == self.value
        return same is not self.operator.startswith("!")


def matchers(texts: Iterable[str]) -> tuple[Matcher, ...]:
    """Matchers as Alertmanager's configuration writes them.

    Raises:
        ValueError: one is no matcher.
    """
    found = []
    for text in texts:
        match = _MATCHER.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is no matcher")
        found.append(Matcher(match[1], match[2], match[3]))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Silence:
    """What is not told for a while: `amtool silence add`."""

    matchers: tuple[Matcher, ...]
    begin_s: float
    end_s: float


@dataclass(slots=True)
class Incident:
    """A group that was told of.

    Attributes:
        receiver: who was told.
        at_s: when, UTC seconds since 1970.
        alerts: all that it came to hold, in the order in which they were told.
    """

    receiver: str
    at_s: float
    alerts: list[Firing] = field(default_factory=list)

    @property
    def names(self) -> tuple[str, ...]:
        """Of its alerts, each once."""
        return tuple(dict.fromkeys(alert.name for alert in self.alerts))


@dataclass(frozen=True, slots=True)
class _Route:
    receiver: str
    group_by: tuple[str, ...]
    wait_s: float
    interval_s: float


class Manager:
    """An Alertmanager that goes through the past.

    Args:
        configuration: its file, read.
        silences: what people silence.
    """

    def __init__(self, configuration: Mapping[str, Any], silences: Sequence[Silence] = ()) -> None:
        self._root: Mapping[str, Any] = configuration["route"]
        self._silences = silences
        self._inhibitions = [
            (
                matchers(rule["source_matchers"]),
                matchers(rule["target_matchers"]),
                tuple(rule.get("equal", ())),
            )
            for rule in configuration.get("inhibit_rules", ())
        ]

    def incidents(self, alerts: Sequence[Firing]) -> list[Incident]:
        """All that was told, in order."""
        groups: dict[tuple[_Route, tuple[str, ...]], list[Firing]] = {}
        for alert in alerts:
            for route in _routes(self._root, {}, alert.labels):
                values = tuple(alert.labels.get(label, "") for label in route.group_by)
                groups.setdefault((route, values), []).append(alert)
        found = [
            incident
            for (route, _), members in groups.items()
            for incident in self._flushes(route, members, alerts)
        ]
        return sorted(found, key=lambda incident: incident.at_s)

    def _flushes(
        self, route: _Route, members: Sequence[Firing], everyone: Sequence[Firing]
    ) -> Iterator[Incident]:
        """Go through a group's flushes; one incident from each opening."""
        left = sorted(members, key=lambda alert: alert.begin_s)
        while left:
            at_s = left[0].begin_s + route.wait_s
            opened: Incident | None = None
            while True:
                now = [one for one in left if one.during(at_s)]
                told = [one for one in now if not self._muted(one, at_s, everyone)]
                if told and opened is None:
                    opened = Incident(route.receiver, at_s)
                if opened is not None:
                    opened.alerts += [one for one in told if one not in opened.alerts]
                if not now:
                    break
                at_s += route.interval_s
            if opened is not None:
                yield opened
            left = [one for one in left if one.end_s > at_s]

    def _muted(self, alert: Firing, at_s: float, everyone: Iterable[Firing]) -> bool:
        """Whether an alert is silenced or inhibited at an instant."""
        if any(
            one.begin_s <= at_s < one.end_s and _all(one.matchers, alert.labels)
            for one in self._silences
        ):
            return True
        for source, target, equal in self._inhibitions:
            if not _all(target, alert.labels):
                continue
            both = _all(source, alert.labels)
            for other in everyone:
                if (
                    other.during(at_s)
                    and _all(source, other.labels)
                    and not (both and _all(target, other.labels))
                    and all(alert.labels.get(k, "") == other.labels.get(k, "") for k in equal)
                ):
                    return True
        return False


def _all(wanted: Iterable[Matcher], labels: Labels) -> bool:
    return all(matcher.holds(labels) for matcher in wanted)


def _routes(node: Mapping[str, Any], above: Mapping[str, Any], labels: Labels) -> list[_Route]:
    """The routes that an alert takes below a node that it matches."""
    here = {**above, **{key: node[key] for key in _INHERITED if key in node}}
    found: list[_Route] = []
    for child in node.get("routes", ()):
        if _all(matchers(child.get("matchers", ())), labels):
            found += _routes(child, here, labels)
            if not child.get("continue", False):
                break
    if found:
        return found
    return [
        _Route(
            here["receiver"],
            tuple(here.get("group_by", ())),
            seconds(here.get("group_wait", "30s")),
            seconds(here.get("group_interval", "5m")),
        )
    ]
