"""Puts a window's energy into the minutes that it touches, to the millijoule."""

from collections.abc import Iterator
from dataclasses import dataclass

from collector.model import Window

MINUTE_SECONDS = 60
QUARTER_HOUR_SECONDS = 900
SECOND_NS = 1_000_000_000
_MINUTE_NS = MINUTE_SECONDS * SECOND_NS
_MOST_MINUTES = 16  # a quarter-hour, and one more for a shifted end


@dataclass(slots=True)
class Delta:
    """What is to be added to one register. The only mutable value here: it is summed in place."""

    counter_mj: int
    integrated_mj: int
    estimated_mj: int
    covered_ns: int
    elapsed_ns: int
    peak_mw: int | None
    windows: int
    """Windows that begin in it."""

    def add(self, other: "Delta") -> None:
        """Add `other` to this one."""
        self.counter_mj += other.counter_mj
        self.integrated_mj += other.integrated_mj
        self.estimated_mj += other.estimated_mj
        self.covered_ns += other.covered_ns
        self.elapsed_ns += other.elapsed_ns
        self.windows += other.windows
        if other.peak_mw is not None and (self.peak_mw is None or other.peak_mw > self.peak_mw):
            self.peak_mw = other.peak_mw

    def copy(self) -> "Delta":
        """A second one with the same values."""
        return Delta(
            self.counter_mj,
            self.integrated_mj,
            self.estimated_mj,
            self.covered_ns,
            self.elapsed_ns,
            self.peak_mw,
            self.windows,
        )


def spread(window: Window) -> Iterator[tuple[int, Delta]]:
    """The minutes that a window touches: their start in UTC seconds, and what to add to each.

    A window within one minute yields one delta. Otherwise everything is spread evenly over the
    wall time: each minute gets the rounded share up to its end less the rounded share up to its
    start, so that the shares add up exactly, whatever the figures. A window over more wall time
    than a gap window may have (the wall clock was set forward) goes whole into its last minute.
    """
    peak_mw = None if window.power is None else round(window.power.maximum * 1000)
    first = window.start_ns // _MINUTE_NS
    last = (window.end_ns - 1) // _MINUTE_NS
    energy = window.energy
    if last <= first or last - first >= _MOST_MINUTES:
        yield (
            max(first, last) * MINUTE_SECONDS,
            Delta(
                energy.counter_mj,
                energy.integrated_mj,
                energy.estimated_mj,
                window.covered_ns,
                window.duration_ns,
                peak_mw,
                1,
            ),
        )
        return
    span_ns = window.end_ns - window.start_ns
    before_ns = 0
    for minute in range(first, last + 1):
        after_ns = min(span_ns, (minute + 1) * _MINUTE_NS - window.start_ns)
        yield (
            minute * MINUTE_SECONDS,
            Delta(
                _share(energy.counter_mj, before_ns, after_ns, span_ns),
                _share(energy.integrated_mj, before_ns, after_ns, span_ns),
                _share(energy.estimated_mj, before_ns, after_ns, span_ns),
                _share(window.covered_ns, before_ns, after_ns, span_ns),
                _share(window.duration_ns, before_ns, after_ns, span_ns),
                peak_mw,
                1 if minute == first else 0,
            ),
        )
        before_ns = after_ns


def _share(amount: int, before_ns: int, after_ns: int, span_ns: int) -> int:
    return amount * after_ns // span_ns - amount * before_ns // span_ns
