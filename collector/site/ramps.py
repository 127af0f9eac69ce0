"""The largest change of power within a span of time."""

from collections import deque
from collections.abc import Iterable, Mapping

from collector.site.quarters import MINUTE_NS, SECOND_NS

SPANS = (1, 10, 60, 900)
"""Seconds."""
_SHOWN_NS = MINUTE_NS
"""A change is shown for so long, that no scrape misses it."""

_Sample = tuple[int, float]


class _Span:
    """Highest and lowest of the samples of the last span, and the largest change seen."""

    def __init__(self, span_ns: int) -> None:
        self._span_ns = span_ns
        self._high: deque[_Sample] = deque()
        self._low: deque[_Sample] = deque()
        self._changes: deque[_Sample] = deque()
        self._last_ns: int | None = None

    def add(self, at_ns: int, watts: float) -> None:
        since_ns = at_ns - self._span_ns
        for extreme in (self._high, self._low):
            while extreme and extreme[0][0] < since_ns:
                extreme.popleft()
        while self._high and self._high[-1][1] <= watts:
            self._high.pop()
        self._high.append((at_ns, watts))
        while self._low and self._low[-1][1] >= watts:
            self._low.pop()
        self._low.append((at_ns, watts))
        compared = self._last_ns is not None and self._last_ns >= since_ns
        self._last_ns = at_ns
        if compared:
            change = self._high[0][1] - self._low[0][1]
            while self._changes and self._changes[-1][1] <= change:
                self._changes.pop()
            self._changes.append((at_ns, change))

    def largest(self, now_ns: int) -> float | None:
        while self._changes and self._changes[0][0] < now_ns - _SHOWN_NS:
            self._changes.popleft()
        return self._changes[0][1] if self._changes else None


class Ramps:
    """Follows the ramps of one meter.

    Args:
        spans: in seconds. One that is shorter than the readings are apart gives nothing.
        stale_ns: how long a held value is good for.
    """

    def __init__(self, spans: Iterable[int], stale_ns: int) -> None:
        self._spans = {span: _Span(span * SECOND_NS) for span in spans}
        self._stale_ns = stale_ns
        self._last: _Sample | None = None

    def add(self, at_ns: int, watts: float, *, held: bool) -> None:
        """Add a good reading; one that is not newer than the last is left out."""
        last = self._last
        if last is not None and at_ns <= last[0]:
            return
        if held and last is not None and last[0] + 1 < at_ns <= last[0] + self._stale_ns:
            for span in self._spans.values():  # it held until now: the change is sudden
                span.add(at_ns - 1, last[1])
        for span in self._spans.values():
            span.add(at_ns, watts)
        self._last = (at_ns, watts)

    def forget(self) -> None:
        """The clock was set: begin anew."""
        self._spans = {span: _Span(span * SECOND_NS) for span in self._spans}
        self._last = None

    def largest(self, now_ns: int) -> Mapping[int, float]:
        """The largest change within each span, in watts, over the last minute."""
        found = {span: one.largest(now_ns) for span, one in self._spans.items()}
        return {span: watts for span, watts in found.items() if watts is not None}
