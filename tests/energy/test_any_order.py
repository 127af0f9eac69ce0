"""Under any interleaving of samples, counter readings, faults and clock steps: exact books."""

from collections.abc import Callable, Mapping, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.energy.counter import SLACK_NS
from collector.energy.edges import SECOND_NS
from collector.energy.windows import Closed
from collector.model import Energy
from tests.energy.rig import CEILING_MW, MS, Rig, Wave, check_windows

Op = tuple[str, float, int]
Do = Callable[[Rig, float, int], None]


def step(rig: Rig, _: float, number: int) -> None:
    """Step the wall clock, by up to an hour or so."""
    rig.wall_offset_ns += number * 4


def slew(rig: Rig, _: float, number: int) -> None:
    """Slew it, by less than what counts as a step."""
    rig.wall_offset_ns += number % (80 * MS) - 40 * MS


def jump(rig: Rig, _: float, number: int) -> None:
    """Move the counter for good."""
    rig.counter.offset_mj = max(rig.counter.offset_mj + number, 0)


def spike(rig: Rig, _: float, number: int) -> None:
    """Power that cannot be, or may just be."""
    at_ns = rig.now_ns
    rig.meter.add_samples([(at_ns, number), (at_ns + 1, 0), (at_ns + 2, 1 << 62)])


OPS: Mapping[str, Do] = {
    "both": lambda rig, seconds, _: rig.run(seconds),
    "power": lambda rig, seconds, _: rig.run(seconds, counter=False),
    "counter": lambda rig, seconds, _: rig.run(seconds, power=False),
    "neither": lambda rig, seconds, _: rig.run(seconds, power=False, counter=False),
    "no ticks": lambda rig, seconds, _: rig.run(seconds, ticks=False),
    "step": step,
    "slew": slew,
    "reset": lambda rig, _s, _n: rig.counter.reset(rig.now_ns),
    "freeze": lambda rig, _s, _n: rig.counter.freeze(rig.now_ns),
    "go on": lambda rig, _s, _n: rig.counter.go_on(rig.now_ns, catch_up=False),
    "catch up": lambda rig, _s, _n: rig.counter.go_on(rig.now_ns, catch_up=True),
    "jump": jump,
    "glitch": lambda rig, _, number: rig.read_counter(rig.now_ns, abs(number)),
    "sentinel": lambda rig, _s, _n: rig.read_counter(rig.now_ns, (1 << 64) - 1),
    "spike": spike,
    "again": lambda rig, seconds, _: rig.meter.add_samples([(ago(rig, seconds), 300_000)] * 5),
    "late": lambda rig, seconds, _: rig.read_counter(ago(rig, seconds)),
}


def ago(rig: Rig, seconds: float) -> int:
    """An instant before now."""
    return rig.now_ns - round(seconds * SECOND_NS)


scripts = st.lists(
    st.tuples(
        st.sampled_from([*OPS, "both", "both"]),
        st.floats(0.05, 25).map(lambda value: round(value, 2)),
        st.integers(-(1 << 40), 1 << 40),
    ),
    min_size=1,
    max_size=14,
)
waves = st.builds(
    Wave,
    high_mw=st.integers(1, 700_000),
    low_mw=st.integers(1, 700_000),
    period_ns=st.integers(300 * MS, 3000 * MS),
    high_ns=st.integers(0, 300 * MS),
)


def play(rig: Rig, script: Sequence[Op]) -> None:
    """Carry out a script, looking at the books after every line."""
    for what, seconds, number in script:
        OPS[what](rig, seconds, number)
        check_windows(rig.closed, Energy())


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    script=scripts,
    wave=waves,
    has_counter=st.booleans(),
    power_hz=st.sampled_from([1, 4, 10]),
    window_s=st.sampled_from([1, 10, 60]),
)
def test_books_are_exact_whatever_happens(
    script: list[Op], wave: Wave, window_s: int, power_hz: int, *, has_counter: bool
) -> None:
    rig = Rig(wave=wave, power_hz=power_hz, window_s=window_s, has_counter=has_counter)
    began_ns = rig.now_ns
    play(rig, script)
    rig.finish()
    # Nothing that is not physically possible reaches a total: numbers here go up to 300 kWh.
    readings = 60 + (rig.now_ns - began_ns) // SECOND_NS
    possible_ns = rig.now_ns - began_ns + readings * SLACK_NS
    assert rig.energy.total_mj <= CEILING_MW * possible_ns // SECOND_NS
    if not has_counter:
        assert rig.energy.counter_mj == 0


@settings(max_examples=60, deadline=None)
@given(script=scripts, wave=waves)
def test_no_energy_while_nothing_happens(script: list[Op], wave: Wave) -> None:
    rig = Rig(wave=wave)
    play(rig, script)
    rig.run(60, power=False, counter=False)  # what was read before may still be accounted for
    settled = rig.meter.account.total
    rig.run(600, power=False, counter=False)
    assert rig.meter.account.total == settled


@settings(max_examples=40, deadline=None)
@given(
    wave=waves,
    cuts=st.lists(st.integers(1, 9), min_size=1, max_size=20),
    power_hz=st.sampled_from([10, 100]),
)
def test_how_samples_are_batched_changes_nothing(
    wave: Wave, cuts: list[int], power_hz: int
) -> None:
    def meter(batches: Sequence[int]) -> tuple[Energy, list[Closed]]:
        rig = Rig(wave=wave, power_hz=power_hz, window_s=1, has_counter=False)
        samples = [
            (at, wave.power_mw(at))
            for at in range(rig.now_ns, rig.now_ns + 3 * SECOND_NS, rig.period_ns)
        ]
        turn = 0
        rig.now_ns += 4 * SECOND_NS
        while samples:
            size = batches[turn % len(batches)]
            turn += 1
            rig.meter.add_samples(samples[:size])
            rig.tick()
            del samples[:size]
        rig.finish()
        return rig.energy, rig.closed

    total, closed = meter([10_000])
    for batches in (cuts, [len(cuts) + 1]):
        same_total, others = meter(batches)
        assert same_total == total
        for one, other in zip(closed, others, strict=True):
            assert (one.start_ns, one.end_ns) == (other.start_ns, other.end_ns)
            assert one.covered_ns == other.covered_ns
            # An edge inside a stretch is known to a millijoule, and a window has two.
            assert abs(one.energy.total_mj - other.energy.total_mj) <= 2


@settings(max_examples=40, deadline=None)
@given(script=scripts, wave=waves)
def test_totals_never_fall_and_the_counter_is_never_taken_off(script: list[Op], wave: Wave) -> None:
    rig = Rig(wave=wave)
    reached = 0
    for line in script:
        play(rig, [line])
        assert rig.meter.account.total.total_mj >= reached
        reached = rig.meter.account.total.total_mj


@settings(max_examples=25, deadline=None)
@given(wave=waves, seconds=st.integers(8, 40), window_s=st.sampled_from([1, 10]))
def test_with_a_sound_counter_the_total_is_the_counter(
    wave: Wave, seconds: int, window_s: int
) -> None:
    rig = Rig(wave=wave, window_s=window_s)
    rig.run(seconds)
    rig.finish()
    start_ns, end_ns = rig.closed[0].start_ns, rig.closed[-1].end_ns
    assert rig.energy == Energy(
        counter_mj=rig.counter.running(end_ns) - rig.counter.running(start_ns)
    )


@pytest.mark.parametrize("window_s", [1, 10, 60])
@pytest.mark.parametrize("has_counter", [True, False])
def test_windows_end_on_whole_periods(window_s: int, *, has_counter: bool) -> None:
    rig = Rig(window_s=window_s, has_counter=has_counter)
    rig.run(200)
    assert len(rig.closed) >= 200 // window_s - 2
    for window in rig.closed:
        assert window.wall_end_ns % (window_s * SECOND_NS) == 0
    for window in rig.closed[1:]:
        assert window.end_ns - window.start_ns == window_s * SECOND_NS
