"""Readings of made-up meters, and what must hold of any windows."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from collector.model import Energy, Meter, Window
from collector.site.meter_account import MeterAccount, MeterPlan
from collector.site.quarters import MINUTE_NS, QUARTER_NS, SECOND_NS
from collector.sources.meters.reading import MeterReading, Quality, Quantity, Shape

T0 = 1_800_000_000 * SECOND_NS
"""A quarter-hour's edge, in January 2027."""
BOOT = T0 - 5_000 * SECOND_NS
"""When the machine booted: our CLOCK_MONOTONIC is UTC less this."""
STALE_NS = 200 * SECOND_NS
KILOWATT = 1000.0


def at(seconds: float) -> int:
    """An instant, seconds after `T0`."""
    return T0 + round(seconds * SECOND_NS)


def mono(seconds: float) -> int:
    """The same instant by our CLOCK_MONOTONIC."""
    return at(seconds) - BOOT


def power(
    seconds: float,
    watts: float | None,
    *,
    shape: Shape = Shape.SAMPLED,
    meter: str = "m",
    came: float | None = None,
) -> MeterReading:
    """A reading of power; None is a bad one. `came`: when it arrived, if not at once."""
    return MeterReading(
        meter=meter,
        quantity=Quantity.POWER,
        value=watts,
        source_ns=at(seconds),
        received_ns=mono(seconds if came is None else came),
        quality=Quality.BAD if watts is None else Quality.GOOD,
        shape=shape,
    )


def register(
    seconds: float, joules: float | None, *, meter: str = "m", came: float | None = None
) -> MeterReading:
    """A reading of a register."""
    return MeterReading(
        meter=meter,
        quantity=Quantity.ENERGY,
        value=joules,
        source_ns=at(seconds),
        received_ns=mono(seconds if came is None else came),
        quality=Quality.BAD if joules is None else Quality.GOOD,
    )


def plan(
    *,
    ceiling_watts: float | None = 1e6,
    rollover_joules: float | None = None,
    window_ns: int = MINUTE_NS,
) -> MeterPlan:
    """How a made-up meter is accounted for."""
    return MeterPlan(
        stale_ns=STALE_NS,
        window_ns=window_ns,
        ceiling_mw=None if ceiling_watts is None else round(ceiling_watts * 1000),
        rollover_mj=None if rollover_joules is None else round(rollover_joules * 1000),
    )


def meter_account(how: MeterPlan | None = None) -> MeterAccount:
    """A new account."""
    return MeterAccount(Meter(id="m", role="it", branch="b"), how or plan())


def feed(account: MeterAccount, readings: Iterable[MeterReading]) -> list[Window]:
    """Readings as they arrive, settled after each; the windows that closed."""
    closed: list[Window] = []
    for reading in readings:
        wall_ns = reading.received_ns + BOOT
        closed += account.add(reading, wall_ns)
        closed += account.settle(reading.received_ns)
    return closed


def run(
    readings: Iterable[MeterReading], how: MeterPlan | None = None
) -> tuple[MeterAccount, list[Window]]:
    """A meter's whole life."""
    account = meter_account(how)
    closed = feed(account, readings) + account.finish()
    check_windows(closed)
    assert sum_of(closed) == account.total
    return account, closed


def sum_of(windows: Iterable[Window]) -> Energy:
    """The energy of windows."""
    total = Energy()
    for window in windows:
        total += window.energy
    return total


def check_windows(
    windows: Sequence[Window], before: Energy | None = None, *, tiled: bool = True
) -> None:
    """What holds of any account's windows, whatever happened."""
    total_mj = 0 if before is None else before.total_mj
    for window in windows:
        assert window.start_ns < window.end_ns
        assert 0 <= window.covered_ns <= window.duration_ns <= window.end_ns - window.start_ns
        energy = window.energy
        assert min(energy.counter_mj, energy.integrated_mj, energy.estimated_mj) >= 0
        total_mj += energy.total_mj
        assert window.total_mj == total_mj
        assert window.start_ns // QUARTER_NS == (window.end_ns - 1) // QUARTER_NS
        if window.low_mj is not None and window.high_mj is not None:
            assert window.low_mj <= energy.total_mj <= window.high_mj
        if window.gap:
            assert window.covered_ns == 0
            assert window.power is None
        if window.power is not None:
            power = window.power
            assert power.minimum - 1e-3 <= power.mean <= power.maximum + 1e-3
    if tiled:
        assert all(left.end_ns == right.start_ns for left, right in pairwise(windows))


def joules(windows: Iterable[Window], start: float, end: float) -> float:
    """Energy of the windows that lie in a span given in seconds after `T0`."""
    inside = (w for w in windows if at(start) <= w.start_ns and w.end_ns <= at(end))
    return sum_of(inside).total_mj / 1000
