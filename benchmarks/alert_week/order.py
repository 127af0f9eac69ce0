"""Which recordings the alerts stand on, in the order in which they can be evaluated."""

from collections.abc import Iterable, Mapping, Sequence

from alerts.reading import Rule
from tests.alerts.promql import names


def needed(alerts: Iterable[Rule], recordings: Iterable[Rule]) -> list[Rule]:
    """Recordings that alerts read, directly or through others."""
    known = {rule.name: rule for rule in recordings}
    found: dict[str, Rule] = {}
    todo = [name for alert in alerts for name in names(alert.expression)]
    while todo:
        name = todo.pop()
        if name in known and name not in found:
            found[name] = known[name]
            todo += names(known[name].expression)
    return list(found.values())


def layers(rules: Iterable[Rule]) -> Sequence[Sequence[Rule]]:
    """Recordings in layers: each reads only raw series and those of layers before.

    A recording that reads itself stands where it would without.

    Raises:
        ValueError: some read each other.
    """
    left: Mapping[str, Rule] = {rule.name: rule for rule in rules}
    made: list[list[Rule]] = []
    while left:
        ready = [
            rule
            for rule in left.values()
            if not (set(names(rule.expression)) - {rule.name}) & left.keys()
        ]
        if not ready:
            raise ValueError(f"these read each other: {', '.join(left)}")
        made.append(ready)
        left = {name: rule for name, rule in left.items() if rule not in ready}
    return made
