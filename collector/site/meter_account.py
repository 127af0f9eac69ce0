"""Energy of one meter: its register where there is one, the integral of power where not.

The rules, in order:
1. Where there is a register, energy advances at its readings; power gives the shape in between.
   No joule of a register's difference is lost or counted twice, whatever came before it.
2. A register that was silent or still for `PATIENCE_NS` while power was seen is stood in for by
   the integral; when it goes on, what the integral gave is taken off its difference.
3. A register that fell without a rollover, or jumped further than the branch can carry, and goes
   on from there, is another one. What lies between the last old and the first new reading is
   integrated where there is power, and missing where there is none.
4. Without a register the measured part is `integrated`, gaps up to 2 h are bridged and
   `estimated`, longer ones are missing.
"""

from bisect import insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from collector.ledger.model import AccountState
from collector.model import Energy, Meter, Window
from collector.site import told, usable
from collector.site.booking import Booking, Piece
from collector.site.live import Known, Quarters, at_rate, provisional
from collector.site.quarters import MINUTE_NS, QUARTER_NS, SECOND_NS
from collector.site.register import RegisterJudge, RegisterReading, Verdict
from collector.site.source_clock import TOLERANCE_NS, SourceClock
from collector.site.tiles import Mark, Tiles
from collector.site.track import BRIDGE_NS, MILLIJOULE, MeterTrack, Point, Sum
from collector.sources.meters.reading import MeterReading, Quantity, Shape

PATIENCE_NS = BRIDGE_NS
_KEEP_NS = 20 * MINUTE_NS
"""Power is remembered for so long after it is booked: a first register may come that late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterPlan:
    """How a meter is accounted for.

    Attributes:
        stale_ns: how long a reading is good for.
        window_ns: length of a window; divides a quarter-hour.
        ceiling_mw: the most power that its branch can carry; None when not known.
        rollover_mj: at what energy its register starts again at zero; None when never.
    """

    stale_ns: int
    window_ns: int
    ceiling_mw: int | None = None
    rollover_mj: int | None = None


class MeterAccount:
    """Books a meter's energy, each instant of its own time once.

    Args:
        meter: who it is.
        plan: how.
        before: what an earlier run left; None when there was none.
    """

    def __init__(self, meter: Meter, plan: MeterPlan, before: AccountState | None = None) -> None:
        self.meter = meter
        self.plan = plan
        self.clock = SourceClock()
        self.track = MeterTrack(plan.stale_ns)
        self.judge = RegisterJudge(plan.ceiling_mw, plan.rollover_mj)
        self.quarters = Quarters()
        self.total = Energy() if before is None else before.total
        self.booked_ns: int | None = None
        """Everything before is in `total`; None before the first reading."""
        self.began_ns: int | None = None
        """Since when this run knows of the meter, or where an earlier run left off."""
        self.refused: dict[str, int] = {}
        self.rate_mw: int | None = None
        """The register's pace between its last two steps."""
        self._booking = Booking(self.track, plan.window_ns, plan.ceiling_mw)
        self._tiles = Tiles(meter, self.track, plan.window_ns, self.total)
        self._pending: list[MeterReading] = []
        self._done_ns: dict[Quantity, int] = {}
        self._owed_mj = 0  # what the register counted beyond what is booked; below 0: less
        self._news_ns = 0
        self._news_covered_ns = 0
        self._read_ns: int | None = None
        self._seen = True
        self._added_mj = 0
        self._restored: Point | None = None
        if before is not None:
            self._restore(before)

    @property
    def counts(self) -> bool:
        """Whether a register is followed."""
        return self.judge.anchor is not None

    @property
    def waits(self) -> bool:
        """Whether readings wait for their turn."""
        return bool(self._pending)

    @property
    def not_booked(self) -> Mapping[str, int]:
        """Readings that came and were not used, by reason."""
        registers = {"register": self.judge.refused} if self.judge.refused else {}
        return {**self.clock.refused, **self.refused, **registers}

    @property
    def mark(self) -> Mark | None:
        """Where the books stand at the end of the newest window; None before the first."""
        return self._tiles.mark

    def add(self, reading: MeterReading, wall_ns: int | None = None) -> list[Window]:
        """Take a reading of power or energy, in the order of arrival.

        Args:
            reading: the reading.
            wall_ns: our own clock when it arrived, UTC; None when not known.

        Returns:
            Windows that closed because the meter's clock was set; else nothing.
        """
        if reading.quantity not in (Quantity.POWER, Quantity.ENERGY):
            return []
        if reading.notice:
            reading = self.clock.dated(reading)
        placed = self.clock.place(reading, self._done_ns.get(reading.quantity), wall_ns)
        closed = self._shift(placed.shift_ns) if placed.shift_ns else []
        for one in placed.readings:
            insort(self._pending, one, key=usable.order)
        return closed

    def state(self, *, boot_id: str, monotonic_ns: int, clean: bool) -> AccountState | None:
        """What is to be kept with the newest window; None when none closed in this run.

        Args:
            boot_id: the boot that `monotonic_ns` belongs to.
            monotonic_ns: now.
            clean: whether this is the end of a run, in good order.
        """
        mark = self._tiles.mark
        if mark is None:
            return None
        return AccountState(
            total=mark.total,
            shown_base_mj=0,
            shown_base_estimated_mj=0,
            anchor_wall_ns=mark.end_ns,
            anchor_monotonic_ns=monotonic_ns,
            boot_id=boot_id,
            anchor_counter_mj=mark.register_mj,
            last_power_mw=mark.power_mw,
            idle_power_mw=None,
            limit_mw=self.plan.ceiling_mw,
            clean=clean,
        )

    def settle(self, monotonic_ns: int) -> list[Window]:
        """Book what can be booked by now; return the windows that closed."""
        newest_ns = self.clock.newest_ns or 0
        ripe = 0
        for reading in self._pending:
            behind = newest_ns - reading.source_ns >= TOLERANCE_NS
            if not behind and monotonic_ns - reading.received_ns < TOLERANCE_NS:
                break
            ripe += 1
        # All readings of one instant are taken together, in an order of their own.
        while 0 < ripe < len(self._pending) and (
            self._pending[ripe].source_ns == self._pending[ripe - 1].source_ns
        ):
            ripe += 1
        return self._take(ripe) if ripe else []

    def finish(self) -> list[Window]:
        """Book everything there is: the end of a run."""
        return self._take(len(self._pending)) + self._tiles.finish()

    def known(self, start_ns: int, end_ns: int) -> Known:
        """Energy of a span that begins with a quarter-hour and is no longer, booked or not yet."""
        found, from_ns = Known(), start_ns
        if self.booked_ns is not None and self.booked_ns > start_ns:
            found, from_ns = self.quarters.get(start_ns), self.booked_ns
        return found + self._not_yet(from_ns, end_ns) if from_ns < end_ns else found

    def booked(self, start_ns: int) -> Known:
        """What is booked in the quarter-hour of UTC that begins at an instant."""
        return self.quarters.get(start_ns)

    def _not_yet(self, start_ns: int, end_ns: int) -> Known:
        points = usable.points(self._pending, self.plan.ceiling_mw)
        if not points and self.track.silent_since is None and self.rate_mw is not None:
            seen_ns = (self._read_ns or start_ns) + self.plan.stale_ns
            return at_rate(self.rate_mw, seen_ns, start_ns, end_ns)
        return provisional(self.track, points, start_ns, end_ns)

    def _take(self, count: int) -> list[Window]:
        ready, self._pending = self._pending[:count], self._pending[count:]
        closed: list[Window] = []
        for at_ns, group in groupby(ready, key=lambda reading: reading.source_ns):
            closed += self._instant(at_ns, list(group))
        if self.booked_ns is not None:
            self.track.trim(min(self._tiles.start_ns or self.booked_ns, self.booked_ns - _KEEP_NS))
        return closed

    def _instant(self, at_ns: int, readings: Sequence[MeterReading]) -> list[Window]:
        """Take what was read at one instant; of several values the highest counts."""
        self._tiles.sample(at_ns)
        for one in readings:
            self._done_ns[one.quantity] = at_ns
        closed: list[Window] = []
        powers = [one for one in readings if one.quantity is Quantity.POWER]
        if powers:
            good = [
                (mw, one)
                for one in powers
                if (mw := usable.power_mw(one, self.plan.ceiling_mw)) is not None
            ]
            self._note_impossible(powers)
            if good:
                power_mw, best = max(good, key=lambda pair: (pair[0], pair[1].shape))
                held = best.shape is Shape.HELD
                self._begin(at_ns, held=held)
                self.track.add(at_ns, power_mw, held=held)
            else:
                self.track.end(at_ns)
            closed += self._integrate()
        registers = [one for one in readings if one.quantity is Quantity.ENERGY]
        values = [mj for one in registers if (mj := usable.milli(one)) is not None]
        if values:
            closed += self._register(RegisterReading(at_ns, max(values)))
        return closed

    def _begin(self, at_ns: int, *, held: bool) -> None:
        """Let the first power of this run follow the last one of the run before."""
        if self.booked_ns is None:
            self.booked_ns = self.began_ns = at_ns
        if self._restored is not None:
            self.track.add(self._restored.at_ns, self._restored.milliwatts, held=held)
            self._restored = None

    def _integrate(self) -> list[Window]:
        last_ns = self.track.last_ns
        if last_ns is None or self.booked_ns is None or last_ns <= self.booked_ns:
            return []
        if not self.counts:
            return self._by_power(last_ns)
        if self.track.covered_ns - self._news_covered_ns <= PATIENCE_NS:
            return []
        return self._by_power(last_ns, stands_in=True)

    def _by_power(self, end_ns: int, *, stands_in: bool = False) -> list[Window]:
        """Book up to an instant by power; `stands_in`: for energy that a register counts."""
        if self.booked_ns is None or end_ns <= self.booked_ns:
            return []
        pieces = self._booking.integrated(self.booked_ns, end_ns)
        if stands_in:
            self._owed_mj -= sum(piece.energy.total_mj for piece in pieces)
        return self._book(end_ns, pieces, self._position() if stands_in else None)

    def _register(self, reading: RegisterReading) -> list[Window]:
        at_ns, closed = reading.at_ns, list[Window]()
        if self._read_ns is not None and at_ns - self._read_ns > self.plan.stale_ns:
            self._seen = False
        anchor = self.judge.anchor
        found = self.judge.judge(reading)
        if found.verdict is Verdict.SUSPECT:
            return []
        self._read_ns = at_ns
        if found.verdict is Verdict.STILL:
            return self._still(at_ns)
        if found.verdict is Verdict.FIRST:
            closed = self._begin_register(at_ns)
        elif found.verdict is Verdict.REPLACED and found.first is not None:
            if anchor is not None:
                last_mj, first_mj = anchor.millijoules, found.first.millijoules
                told.register_replaced(self.meter.id, last_mj, first_mj, self.judge.replaced)
            closed = self._begin_register(found.first.at_ns)
        elif anchor is not None:
            self._added_mj = max(found.added_mj, 0)
            self.rate_mw = self._added_mj * SECOND_NS // (at_ns - anchor.at_ns)
        self._news_ns = at_ns
        self._news_covered_ns = self.track.at(at_ns).covered_ns
        self._owed_mj += found.added_mj
        return closed + self._by_register(at_ns)

    def _still(self, at_ns: int) -> list[Window]:
        """A register that did not move for long: what it owes is all there was."""
        if self.rate_mw is not None and at_ns > self._news_ns:  # its next step is due by now
            since_ns = at_ns - self._news_ns
            self.rate_mw = min(self.rate_mw, self._added_mj * SECOND_NS // since_ns)
        if at_ns - max(self._news_ns, self.booked_ns or 0) <= PATIENCE_NS:
            return []
        return self._by_register(at_ns)

    def _begin_register(self, at_ns: int) -> list[Window]:
        """A register begins to count; what lies before its first reading, power alone knows."""
        self.rate_mw, self._seen = None, True
        if self.booked_ns is None:
            self.booked_ns = self.began_ns = at_ns
        # What the integral has given beyond that reading, the register will count as well.
        given = self.track.at(max(self.booked_ns, at_ns)), self.track.at(at_ns)
        given_mj = sum(
            one // MILLIJOULE - other // MILLIJOULE
            for one, other in zip(_areas(given[0]), _areas(given[1]), strict=True)
        )
        self._owed_mj = max(self._owed_mj, 0) - given_mj
        return self._by_power(at_ns)

    def _by_register(self, end_ns: int) -> list[Window]:
        if self.booked_ns is None or end_ns <= self.booked_ns:
            return []
        most_mj = self.judge.most_mj(end_ns - self.booked_ns)
        paid_mj = max(self._owed_mj if most_mj is None else min(self._owed_mj, most_mj), 0)
        self._owed_mj -= paid_mj
        pieces = self._booking.counted(self.booked_ns, end_ns, paid_mj, seen=self._seen)
        self._seen = True
        return self._book(end_ns, pieces, self._position())

    def _book(self, end_ns: int, pieces: list[Piece], register_mj: int | None) -> list[Window]:
        for piece in pieces:
            self.total += piece.energy
        self.quarters.add(pieces)
        self.booked_ns = end_ns
        return self._tiles.add(pieces, register_mj)

    def _position(self) -> int | None:
        """How far of the register's energy is booked."""
        anchor, rollover_mj = self.judge.anchor, self.plan.rollover_mj
        if anchor is None:
            return None
        booked_mj = anchor.millijoules - self._owed_mj
        return booked_mj % rollover_mj if rollover_mj else booked_mj

    def _note_impossible(self, powers: Sequence[MeterReading]) -> None:
        for one in powers:
            milliwatts = usable.milli(one)
            if milliwatts is None or usable.power_mw(one, self.plan.ceiling_mw) is not None:
                continue
            count = self.refused["impossible"] = self.refused.get("impossible", 0) + 1
            told.impossible(self.meter.id, milliwatts, count)

    def _shift(self, by_ns: int) -> list[Window]:
        """The meter's clock was set: what came before moves along, and nothing is lost."""
        told.clock_set(self.meter.id, by_ns / SECOND_NS, self.clock.steps)
        closed = self.finish()
        self.track.shift(by_ns)
        self.judge.shift(by_ns)
        self._tiles.shift(by_ns)
        self._news_ns += by_ns
        for quantity in self._done_ns:
            self._done_ns[quantity] += by_ns
        if self._read_ns is not None:
            self._read_ns += by_ns
        if self._restored is not None:
            restored = self._restored
            self._restored = Point(restored.at_ns + by_ns, restored.milliwatts, restored.held)
        if self.booked_ns is not None:
            self.booked_ns += by_ns
            self.quarters.clear_after(self.booked_ns)
        return closed

    def _restore(self, before: AccountState) -> None:
        at_ns = before.anchor_wall_ns
        self.booked_ns = self.began_ns = self._news_ns = at_ns
        self._done_ns = dict.fromkeys((Quantity.POWER, Quantity.ENERGY), at_ns)
        if before.anchor_counter_mj is not None:
            self.judge.anchor = RegisterReading(at_ns, before.anchor_counter_mj)
            self.judge.slack_mj = self.judge.most_mj(QUARTER_NS) or 0
            self._read_ns = at_ns
        if before.last_power_mw is not None:
            self._restored = Point(at_ns, before.last_power_mw, held=False)


def _areas(total: Sum) -> tuple[int, int]:
    return total.measured, total.bridged
