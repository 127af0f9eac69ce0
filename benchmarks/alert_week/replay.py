"""When alerts fire: `for` and `keep_firing_for`, over expressions known minute by minute.

What holds at a step is taken to hold until the next one, so that an alert that waits for less than
a step fires: this errs towards firing.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0, "w": 604_800.0}


@dataclass(frozen=True, slots=True)
class Firing:
    """An alert that fired.

    Attributes:
        labels: with `alertname` and those of its rule.
        begin_s, end_s: from when to when, UTC seconds since 1970.
    """

    labels: Mapping[str, str]
    begin_s: float
    end_s: float

    @property
    def name(self) -> str:
        """Of the alert."""
        return self.labels["alertname"]

    def during(self, at_s: float) -> bool:
        """Whether it fires at an instant."""
        return self.begin_s <= at_s < self.end_s


def seconds(text: str) -> float:
    """A duration as Prometheus writes it; 0 for none."""
    return sum(float(n) * _UNITS[unit] for n, unit in re.findall(r"(\d+)(ms|[smhdw])", text))


def spans(times_s: Iterable[float], step_s: float) -> Iterator[tuple[float, float]]:
    """Stretches without a gap, of steps at which something holds, in order."""
    begin_s: float | None = None
    last_s = 0.0
    for at_s in times_s:
        if begin_s is not None and at_s - last_s > step_s * 1.5:
            yield begin_s, last_s + step_s
            begin_s = None
        if begin_s is None:
            begin_s = at_s
        last_s = at_s
    if begin_s is not None:
        yield begin_s, last_s + step_s


def fired(
    times_s: Iterable[float], step_s: float, *, wait_s: float, keep_s: float
) -> list[tuple[float, float]]:
    """From when to when an alert fires.

    Args:
        times_s: steps at which its expression has the series, in order.
        step_s: between steps.
        wait_s: its `for`.
        keep_s: its `keep_firing_for`.
    """
    found: list[tuple[float, float]] = []
    for begin_s, end_s in spans(times_s, step_s):
        if found and begin_s < found[-1][1]:  # it is being kept: it goes on without waiting anew
            found[-1] = (found[-1][0], max(found[-1][1], end_s + keep_s))
        elif end_s - begin_s > wait_s:
            found.append((begin_s + wait_s, end_s + keep_s))
    return found
