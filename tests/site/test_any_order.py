"""Whatever a meter says, in whatever order: books that add up and make nothing up."""

import random
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.model import Window
from collector.site.meter_account import MeterAccount
from collector.site.quarters import QUARTER_NS, SECOND_NS
from collector.sources.meters.reading import MeterReading, Shape
from tests.site.rig import (
    T0,
    check_windows,
    feed,
    meter_account,
    mono,
    plan,
    power,
    register,
    sum_of,
)

CEILING_WATTS = 1e6

words = st.sampled_from(
    ["power", "power", "held", "register", "register", "bad", "bad register", "zero", "replace"]
)
gaps = st.sampled_from([0.0, 1.0, 2.0, 10.0, 60.0, 190.0, 210.0, 900.0, 4_000.0, 9_000.0])
scripts = st.lists(
    st.tuples(words, gaps, st.floats(0, 1.0), st.floats(-20, 3)), min_size=2, max_size=60
)


def readings_of(script: list[tuple[str, float, float, float]]) -> list[MeterReading]:
    """A meter's words in the order that they arrive; some late, a few too late."""
    seconds, energy, watts, offset = 0.0, 0.0, 0.0, 5e9
    found = []
    for word, gap, share, late in script:
        seconds += gap
        energy += gap * watts
        came = seconds + max(late, 0)
        match word:
            case "power" | "held":
                watts = share * CEILING_WATTS
                shape = Shape.HELD if word == "held" else Shape.SAMPLED
                found.append(power(seconds, watts, shape=shape, came=came))
            case "register":
                found.append(register(seconds, offset + energy, came=came))
            case "bad":
                found.append(power(seconds, None, shape=Shape.HELD, came=came))
            case "bad register":
                found.append(register(seconds, None, came=came))
            case "zero":
                found.append(register(seconds, 0.0, came=came))
            case _:
                offset = -energy + share * 1e9
                found.append(register(seconds, offset + energy, came=came))
    return sorted(found, key=lambda one: one.received_ns)


def most_mj(readings: list[MeterReading]) -> int:
    """The most energy that fits into the time, and the slack of each register's reading."""
    span_ns = max(one.source_ns for one in readings) - min(one.source_ns for one in readings)
    slack_ns = 5 * SECOND_NS * len(readings)
    return round(CEILING_WATTS * 1000) * (span_ns + slack_ns) // SECOND_NS


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(script=scripts)
def test_windows_add_up_to_the_total_and_no_gap_makes_energy(
    script: list[tuple[str, float, float, float]],
) -> None:
    readings = readings_of(script)
    account = meter_account(plan(ceiling_watts=CEILING_WATTS))
    closed = feed(account, readings) + account.finish()
    check_windows(closed)
    assert sum_of(closed) == account.total
    assert account.total.total_mj <= most_mj(readings)
    by_quarter: dict[int, int] = {}
    for window in closed:
        start_ns = window.start_ns // QUARTER_NS * QUARTER_NS
        by_quarter[start_ns] = by_quarter.get(start_ns, 0) + window.energy.total_mj
    assert by_quarter == {start: account.booked(start).energy_mj for start in by_quarter}
    for window in closed:
        span_ns = window.end_ns - window.start_ns + 5 * SECOND_NS
        limit_mj = round(CEILING_WATTS * 1000) * span_ns // SECOND_NS
        # A scaled shape may put up to twice as much into a part of a stretch as can be; never more.
        assert window.energy.total_mj <= 2 * limit_mj
        if window.gap == "missing":
            assert window.energy.total_mj == 0


@settings(max_examples=100, deadline=None)
@given(script=scripts, cut=st.integers(1, 59), clean=st.booleans())
def test_a_restart_anywhere_keeps_the_books_exact(
    script: list[tuple[str, float, float, float]], cut: int, *, clean: bool
) -> None:
    readings = readings_of(script)
    account = meter_account(plan(ceiling_watts=CEILING_WATTS))
    closed = feed(account, readings[:cut])
    if clean:
        closed += account.finish()
    state = account.state(boot_id="b", monotonic_ns=mono(0), clean=clean)
    kept: list[Window] = []
    if state is not None:
        kept = [window for window in closed if window.end_ns <= state.anchor_wall_ns]
        assert sum_of(kept) == state.total
    account = MeterAccount(account.meter, account.plan, state)
    kept += feed(account, readings[cut:]) + account.finish()
    check_windows(kept)
    assert sum_of(kept) == account.total
    assert account.total.total_mj <= most_mj(readings)


@settings(max_examples=100, deadline=None)
@given(script=scripts, seed=st.integers(0, 1000))
def test_readings_of_one_instant_may_come_in_any_order(
    script: list[tuple[str, float, float, float]], seed: int
) -> None:
    ordered = sorted((power_of(one) for one in readings_of(script)), key=lambda one: one.source_ns)
    mixed = ordered.copy()
    random.Random(seed).shuffle(mixed)  # noqa: S311 - a test
    mixed.sort(key=lambda one: one.source_ns)  # stable: only equal times stay shuffled
    books = []
    for readings in (ordered, mixed):
        account = meter_account(plan(ceiling_watts=CEILING_WATTS))
        books.append((feed(account, readings) + account.finish(), account.total))
    assert books[0] == books[1]


def power_of(reading: MeterReading) -> MeterReading:
    """The same, arriving at the very time that it was taken."""
    return MeterReading(
        meter=reading.meter,
        quantity=reading.quantity,
        value=reading.value,
        source_ns=reading.source_ns,
        received_ns=reading.source_ns - T0 + mono(0),
        quality=reading.quality,
        shape=reading.shape,
    )


@settings(max_examples=60, deadline=None)
@given(
    script=st.lists(
        st.tuples(st.sampled_from([1.0, 30.0, 60.0, 300.0, 7_000.0]), st.floats(0, 1e6)),
        min_size=3,
        max_size=60,
    )
)
def test_with_a_sound_register_the_total_is_the_registers_whatever_power_says(
    script: list[tuple[float, float]],
) -> None:
    seconds, energy, readings = 0.0, 7e9, [register(0, 7e9)]
    for gap, watts in script:
        seconds += gap
        energy += gap * watts / 2
        readings += [power(seconds, watts), register(seconds, round(energy, 3))]
    account = meter_account(plan(ceiling_watts=CEILING_WATTS))
    closed = feed(account, readings) + account.finish()
    values = [one.value for one in readings if one.value is not None and one.value >= 7e9]
    owed_mj = account._owed_mj
    assert sum_of(closed).total_mj + owed_mj == round(values[-1] * 1000) - 7_000_000_000_000
    # Only what does not fit into the last stretch is still owed.
    assert abs(owed_mj) <= max(b - a for a, b in pairwise(values)) * 1000 + 1
