"""What a demand interval will end at, and how sure that is.

D = (E + P (T - t)) / T: what was used so far, and the power level held to the end. The level is
the mean of power since it last changed, up to five minutes back, so that it has its share of the
dips that training makes all the time. That it changed is seen by medians of a minute, which a
checkpoint's dip of up to 30 s does not move; a rise is believed after some seconds, for dips only
go down. What is steady is known to some ten-thousandths; what a job that starts or ends may change
grows with the time that is left (docs/measurements/FORECAST.md has the figures behind it).
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from collector.site.quarters import SECOND_NS

_BLOCK_NS = 60 * SECOND_NS
LEVEL_NS = 5 * _BLOCK_NS
"""How far back the level looks."""
_SAME_RATIO = 0.03
_RISE_NS = 10 * SECOND_NS
_RISE_RATIO = 1.01
_STEADY_RATIO = 0.0003
_STEADY_SECONDS = 300.0
_GROWTH_PER_SECOND = 0.00025
_SETTLING_SECONDS = 180.0
"""So early in an interval nothing that is still to come is held for certain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """Demand at the end of the interval, in watts, and its band."""

    watts: float
    low_watts: float
    high_watts: float


class Level:
    """The power level of now, from recent readings."""

    def __init__(self) -> None:
        self._times: list[int] = []
        self._watts: list[float] = []

    def add(self, at_ns: int, watts: float) -> None:
        """Add a good reading; one that is not newer than the last is not needed here."""
        if self._times and at_ns <= self._times[-1]:
            return
        self._times.append(at_ns)
        self._watts.append(watts)
        old = bisect_right(self._times, at_ns - LEVEL_NS) - 1
        if old > len(self._times) // 2:
            del self._times[:old], self._watts[:old]

    def forget(self) -> None:
        """The clock was set: begin anew."""
        self._times.clear()
        self._watts.clear()

    def watts(self, now_ns: int) -> float | None:
        """The level; None before the first reading."""
        return level_watts(self._times, self._watts, now_ns)


def level_watts(times: Sequence[int], watts: Sequence[float], now_ns: int) -> float | None:
    """The level from readings in order, each of which holds until the next.

    Args:
        times: when, nanoseconds.
        watts: power.
        now_ns: until when the newest holds.
    """
    if not times:
        return None
    usual = _median(times, watts, now_ns - _BLOCK_NS, now_ns)
    newest = _median(times, watts, now_ns - _RISE_NS, now_ns)
    if newest > usual * _RISE_RATIO:
        return newest
    since_ns = now_ns - _BLOCK_NS
    while since_ns - _BLOCK_NS >= max(now_ns - LEVEL_NS, times[0]):
        before = _median(times, watts, since_ns - _BLOCK_NS, since_ns)
        if abs(before - usual) > _SAME_RATIO * usual:
            break
        since_ns -= _BLOCK_NS
    if since_ns == now_ns - _BLOCK_NS:
        return usual  # it changed a moment ago: a dip would weigh too much in so short a mean
    held = _held(times, watts, since_ns, now_ns)
    return sum(power * span for power, span in held) / sum(span for _, span in held)


def _held(
    times: Sequence[int], watts: Sequence[float], start_ns: int, end_ns: int
) -> list[tuple[float, int]]:
    """The powers of a span, each with how long it held in it."""
    first = max(bisect_right(times, start_ns) - 1, 0)
    last = max(bisect_right(times, end_ns), first + 1)
    ends = [*times[first + 1 : last], max(end_ns, times[last - 1] + 1)]
    begins = [max(times[first], start_ns), *times[first + 1 : last]]
    return [
        (power, max(end - begin, 1))
        for power, begin, end in zip(watts[first:last], begins, ends, strict=True)
    ]


def _median(times: Sequence[int], watts: Sequence[float], start_ns: int, end_ns: int) -> float:
    """Median of power over a span, weighted by time."""
    held = sorted(_held(times, watts, start_ns, end_ns))
    half = sum(span for _, span in held) / 2
    for power, span in held:
        half -= span
        if half <= 0:
            return power
    return held[-1][0]


def forecast(
    used_joules: float, elapsed_seconds: float, level: float, interval_seconds: float = 900.0
) -> Forecast:
    """Forecast an interval.

    Args:
        used_joules: energy since the interval began.
        elapsed_seconds: time since then.
        level: the power level, watts.
        interval_seconds: length of the interval.
    """
    left_seconds = max(interval_seconds - elapsed_seconds, 0.0)
    spread = _STEADY_RATIO + _GROWTH_PER_SECOND * max(left_seconds - _STEADY_SECONDS, 0.0)
    to_come = level * left_seconds
    low = 0.0 if elapsed_seconds < _SETTLING_SECONDS else to_come * (1 - spread)
    return Forecast(
        watts=(used_joules + to_come) / interval_seconds,
        low_watts=(used_joules + low) / interval_seconds,
        high_watts=(used_joules + to_come * (1 + spread)) / interval_seconds,
    )
