"""The last minutes of every GPU's power, one slot a second, in fixed memory."""

from array import array
from collections.abc import Mapping
from math import isfinite, nan

_NS = 1_000_000_000
_JITTER_NS = 1_600_000_000
"""Two updates this close together miss no whole second, even when their slots do."""


class PowerHistory:
    """A ring of one-second means for each GPU. Seconds without a value stay absent.

    Seconds are those of the monotonic clock, so a step of the wall clock moves nothing.

    Args:
        seconds: how far back it reaches.
    """

    def __init__(self, seconds: int) -> None:
        self._seconds = seconds
        self._rings: dict[str, array[float]] = {}
        self._end: int | None = None
        self._updated_ns = 0

    @property
    def seconds(self) -> int:
        """How far back it reaches."""
        return self._seconds

    @property
    def end_second(self) -> int | None:
        """The newest second, counted on the monotonic clock; None before the first record."""
        return self._end

    def record(self, monotonic_ns: int, watts: Mapping[str, float | None]) -> None:
        """Take the mean power of the last whole second.

        A GPU that is not named any more is forgotten; one without a value leaves a gap.

        Args:
            monotonic_ns: when the values were made.
            watts: UUID to mean power in watts, None where there was none.
        """
        end = monotonic_ns // _NS - 1
        skipped = self._advance(end)
        # A tick that drifts over the edge of a second skips a slot although no time was missed.
        bridge = skipped == 1 and monotonic_ns - self._updated_ns <= _JITTER_NS
        self._updated_ns = monotonic_ns
        for uuid in self._rings.keys() - watts.keys():
            del self._rings[uuid]
        slot = end % self._seconds
        for uuid, value in watts.items():
            ring = self._rings.get(uuid)
            if ring is None:
                ring = self._rings[uuid] = array("f", [nan]) * self._seconds
            if value is not None and isfinite(value):
                ring[slot] = value
                if bridge and isfinite(ring[slot - 2]):  # indices below 0 wrap, as they should
                    ring[slot - 1] = value

    def tail(self, uuid: str, seconds: int) -> list[float | None]:
        """The newest seconds of one GPU, oldest first.

        Args:
            uuid: the GPU; an unknown one has no values.
            seconds: how many; at most the history's length is given.

        Returns:
            Watts to 0.1 W, None for seconds without a value.
        """
        count = min(seconds, self._seconds)
        ring = self._rings.get(uuid)
        if ring is None or self._end is None:
            return [None] * count
        split = (self._end + 1) % self._seconds
        newest = (ring[split:] + ring[:split])[-count:]
        return [round(value, 1) if value == value else None for value in newest]  # noqa: PLR0124 - NaN is the one value that differs from itself, and this is the fast way to ask

    def _advance(self, end: int) -> int:
        """Empty the slots up to `end`; return how many whole seconds were skipped."""
        previous = end - self._seconds if self._end is None else self._end
        step = end - previous if end >= previous else self._seconds
        first = end - min(step, self._seconds) + 1
        for second in range(first, end + 1):
            for ring in self._rings.values():
                ring[second % self._seconds] = nan
        self._end = end
        return step - 1
