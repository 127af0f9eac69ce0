"""A meter's own clock: readings out of order, and the clock being set."""

from dataclasses import dataclass, field, replace

from collector.site.quarters import SECOND_NS
from collector.sources.meters.reading import MeterReading

TOLERANCE_NS = 5 * SECOND_NS
"""So late a reading may come, behind newer ones, and is still put in its place."""
_AHEAD_NS = 10 * SECOND_NS
_CHAIN = 3
_CHAIN_NS = 10 * SECOND_NS


@dataclass(frozen=True, slots=True)
class Placed:
    """What is to be done with a reading.

    Attributes:
        readings: those to put into place, this one or some that were held back.
        shift_ns: by how much the meter's clock was set: everything before moves along first.
    """

    readings: tuple[MeterReading, ...] = ()
    shift_ns: int = 0


@dataclass(slots=True)
class SourceClock:
    """Tells a late reading from a clock that was set.

    One that was set back gives readings that are all late, yet as far apart as they arrive. One
    that was set forward leaps ahead of readings that came as they should, or of our own clock.
    Three in a row, over 10 s, and the clock was set. A burst of old messages arrives faster than
    its times say: it is refused where it is late, and no leap where it is not.

    Attributes:
        refused: by reason, readings not used so far.
        steps: how often the clock was set.
    """

    refused: dict[str, int] = field(default_factory=dict)
    steps: int = 0
    _newest: MeterReading | None = None
    _steady_since: MeterReading | None = None
    _late: list[MeterReading] = field(default_factory=list)
    _ahead: list[MeterReading] = field(default_factory=list)

    @property
    def newest_ns(self) -> int | None:
        """Source time of the newest reading."""
        return None if self._newest is None else self._newest.source_ns

    def now_ns(self, monotonic_ns: int) -> int | None:
        """What the meter's clock shows at an instant of ours; None before its first reading."""
        newest = self._newest
        if newest is None:
            return None
        return newest.source_ns + max(monotonic_ns - newest.received_ns, 0)

    def dated(self, notice: MeterReading) -> MeterReading:
        """A notice of silence, by the meter's clock instead of ours."""
        at_ns = self.now_ns(notice.received_ns)
        return notice if at_ns is None else replace(notice, source_ns=at_ns)

    def place(self, reading: MeterReading, done_ns: int | None, wall_ns: int | None) -> Placed:
        """Decide on a reading, in the order of arrival.

        Args:
            reading: the reading.
            done_ns: up to where, in source time, the books are closed for readings.
            wall_ns: our own clock when it arrived, UTC; None when not known.
        """
        if done_ns is not None and reading.source_ns <= done_ns:
            if reading.source_ns == done_ns:
                self._refuse("repeated", 1)
                return Placed()
            return self._chain(self._late, reading, "late", done_ns)
        if self._is_ahead(reading, done_ns, wall_ns):
            return self._chain(self._ahead, reading, "ahead", done_ns)
        self._break()
        newer = self._newest is None or reading.source_ns > self._newest.source_ns
        if newer and not reading.notice:
            self._follow(reading)
        return Placed((reading,))

    def _is_ahead(self, reading: MeterReading, done_ns: int | None, wall_ns: int | None) -> bool:
        future = wall_ns is not None and reading.source_ns - wall_ns > _AHEAD_NS
        newest = self._newest
        if newest is None:  # after a restart; a meter that is new may say what it likes
            return future and done_ns is not None
        leaps = _apart(newest, reading) > _AHEAD_NS
        since = self._steady_since
        steady = since is not None and newest.source_ns - since.source_ns >= _CHAIN_NS
        return leaps and (future or steady)

    def _follow(self, reading: MeterReading) -> None:
        """Take a reading as the newest."""
        if self._steady_since is None or not _agree(self._steady_since, reading):
            self._steady_since = reading
        self._newest = reading

    def _chain(
        self, chain: list[MeterReading], reading: MeterReading, reason: str, done_ns: int | None
    ) -> Placed:
        if chain and not (_agree(chain[-1], reading) and _agree(chain[0], reading)):
            self._refuse(reason, len(chain))
            chain.clear()
        chain.append(reading)
        first = chain[0]
        if len(chain) < _CHAIN or reading.source_ns - first.source_ns < _CHAIN_NS:
            return Placed()
        found = tuple(chain)
        chain.clear()
        self._break()
        if self._newest is not None:
            shift_ns = _apart(self._newest, first)
        elif chain is self._late and done_ns is not None:
            shift_ns = first.source_ns - done_ns  # after a restart nobody knows how long it was
        else:
            shift_ns = 0
        self._steady_since = first
        self._newest = reading
        self.steps += 1
        return Placed(found, shift_ns)

    def _break(self) -> None:
        self._refuse("late", len(self._late))
        self._refuse("ahead", len(self._ahead))
        self._late.clear()
        self._ahead.clear()

    def _refuse(self, reason: str, readings: int) -> None:
        if readings:
            self.refused[reason] = self.refused.get(reason, 0) + readings


def _apart(before: MeterReading, after: MeterReading) -> int:
    """By how much more the source's clock went on than ours."""
    return (after.source_ns - before.source_ns) - (after.received_ns - before.received_ns)


def _agree(before: MeterReading, after: MeterReading) -> bool:
    return after.source_ns >= before.source_ns and abs(_apart(before, after)) <= TOLERANCE_NS
