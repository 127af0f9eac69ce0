"""What happened between two runs of the daemon: energy that nobody sampled.

Where the hardware counter ran on, its difference is added: nothing is lost. Where it started
anew, or there is none, the stretch is estimated, marked, and given with bounds. Never silently.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from collector.energy.counter import SENTINEL, SLACK_NS
from collector.energy.edges import QUARTER_HOUR_NS, SECOND_NS
from collector.model import CounterReading, Energy


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What the ledger remembers of an account, as of its anchor."""

    wall_ns: int
    monotonic_ns: int
    boot_id: str
    counter_mj: int | None
    power_mw: int
    idle_mw: int
    clean: bool

    def reading(self, boot_id: str) -> CounterReading | None:
        """Where the counter stood; None without one, or when it counted in another boot."""
        if self.counter_mj is None or self.boot_id != boot_id:
            return None
        return CounterReading(monotonic_ns=self.monotonic_ns, millijoules=self.counter_mj)


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """What the first readings of this run say."""

    wall_ns: int
    monotonic_ns: int
    boot_id: str
    counter_mj: int | None
    power_mw: int
    ceiling_mw: int
    window_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bridge:
    """The stretch between two runs.

    Attributes:
        energy: what it took.
        low_mj, high_mj: bounds, where a part is estimated.
        reason: for people and the ledger.
        continues: whether the shown counter goes on (else it restarts at zero).
    """

    energy: Energy
    low_mj: int | None
    high_mj: int | None
    reason: str
    continues: bool


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a bridge that touches one quarter-hour only."""

    start_ns: int
    end_ns: int
    energy: Energy
    low_mj: int | None
    high_mj: int | None


def first_believable(
    before: Before, readings: Sequence[CounterReading], *, boot_id: str, ceiling_mw: int
) -> CounterReading | None:
    """The first counter reading of this run that can be built upon.

    One that continues the earlier run is; any other must be confirmed by the next: a failed read
    (zero, say) would pass for a reset, and the energy between the runs would be lost.
    """
    known_mj = before.counter_mj
    same_boot = before.boot_id == boot_id
    for i, reading in enumerate(readings):
        since_ns = reading.monotonic_ns - (before.monotonic_ns if same_boot else 0)
        if same_boot and known_mj is not None:
            continues = 0 <= reading.millijoules - known_mj <= _most_mj(ceiling_mw, since_ns)
        else:
            continues = same_boot or 0 < reading.millijoules <= _most_mj(ceiling_mw, since_ns)
        if continues:
            return reading
        if i + 1 < len(readings):
            after = readings[i + 1]
            step_mj = after.millijoules - reading.millijoules
            step_ns = after.monotonic_ns - reading.monotonic_ns
            if 0 < step_mj <= _most_mj(ceiling_mw, step_ns):
                return reading
    return None


def _most_mj(ceiling_mw: int, elapsed_ns: int) -> int:
    return ceiling_mw * (max(elapsed_ns, 0) + SLACK_NS) // SECOND_NS


def bridge(before: Before, now: Now) -> Bridge:
    """Account for the stretch between two runs."""
    if before.boot_id == now.boot_id:
        return _same_boot(before, now)
    return _other_boot(before, now)


def _same_boot(before: Before, now: Now) -> Bridge:
    elapsed_ns = max(now.monotonic_ns - before.monotonic_ns, 0)
    most_mj = _most_mj(now.ceiling_mw, elapsed_ns)
    typical_mj = (before.power_mw + now.power_mw) * elapsed_ns // (2 * SECOND_NS)
    if before.counter_mj is not None and now.counter_mj is not None:
        delta_mj = now.counter_mj - before.counter_mj
        if now.counter_mj < SENTINEL and 0 <= delta_mj <= most_mj:
            return Bridge(
                energy=Energy(counter_mj=delta_mj),
                low_mj=None,
                high_mj=None,
                reason="restart",
                continues=True,
            )
        if delta_mj < 0 and now.counter_mj <= most_mj:
            lost_mj = max(typical_mj - now.counter_mj, 0)
            return Bridge(
                energy=Energy(counter_mj=now.counter_mj, estimated_mj=lost_mj),
                low_mj=now.counter_mj,
                high_mj=max(most_mj, now.counter_mj + lost_mj),
                reason="driver reload",
                continues=before.clean,
            )
    return Bridge(
        energy=Energy(estimated_mj=typical_mj),
        low_mj=min(before.idle_mw * elapsed_ns // SECOND_NS, typical_mj),
        high_mj=max(most_mj, typical_mj),
        reason="restart without counter",
        continues=before.clean,
    )


def _other_boot(before: Before, now: Now) -> Bridge:
    """The machine was down for a while; CLOCK_MONOTONIC is the time since it came up."""
    up_ns = now.monotonic_ns
    dark_ns = max(now.wall_ns - up_ns - before.wall_ns, 0)
    # A daemon that commits every window dies on average half a window after its last commit.
    lost_ns = min(dark_ns, now.window_ns // 2)
    lost_mj = before.power_mw * lost_ns // SECOND_NS
    high_mj = now.ceiling_mw * dark_ns // SECOND_NS
    most_mj = _most_mj(now.ceiling_mw, up_ns)
    if now.counter_mj is not None and now.counter_mj <= most_mj:
        counted_mj = now.counter_mj
        return Bridge(
            energy=Energy(counter_mj=counted_mj, estimated_mj=lost_mj),
            low_mj=counted_mj,
            high_mj=counted_mj + max(high_mj, lost_mj),
            reason="reboot",
            continues=before.clean,
        )
    since_boot_mj = now.power_mw * min(up_ns, max(now.wall_ns - before.wall_ns, 0)) // SECOND_NS
    return Bridge(
        energy=Energy(estimated_mj=lost_mj + since_boot_mj),
        low_mj=0,
        high_mj=max(high_mj + most_mj, lost_mj + since_boot_mj),
        reason="reboot without counter",
        continues=before.clean,
    )


def pieces(start_ns: int, end_ns: int, found: Bridge) -> list[Piece]:
    """Cut a bridge at the UTC quarter-hours it touches, its energy spread evenly over time.

    Args:
        start_ns: wall time of its begin.
        end_ns: wall time of its end; an earlier one (clock stepped back) gives a 1 ns piece.
        found: the bridge.
    """
    end_ns = max(end_ns, start_ns + 1)
    first = (start_ns // QUARTER_HOUR_NS + 1) * QUARTER_HOUR_NS
    cuts = [start_ns, *range(first, end_ns, QUARTER_HOUR_NS), end_ns]
    span_ns = end_ns - start_ns

    def share(whole: int, upto_ns: int) -> int:
        return whole * (upto_ns - start_ns) // span_ns

    def part(whole: int, left: int, right: int) -> int:
        return share(whole, right) - share(whole, left)

    def bound(whole: int | None, left: int, right: int) -> int | None:
        return None if whole is None else part(whole, left, right)

    energy = found.energy
    return [
        Piece(
            left,
            right,
            Energy(
                part(energy.counter_mj, left, right),
                part(energy.integrated_mj, left, right),
                part(energy.estimated_mj, left, right),
            ),
            bound(found.low_mj, left, right),
            bound(found.high_mj, left, right),
        )
        for left, right in pairwise(cuts)
    ]
