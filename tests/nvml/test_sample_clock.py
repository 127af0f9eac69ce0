"""Stamps of the driver's samples become times of the monotonic clock, whatever their clock does."""

import time

import hypothesis.strategies as st
from hypothesis import given

from collector.sources.nvml.sample_clock import CLOCKS, SampleClock, clock_of

MS = 1_000_000
PERIOD_NS = 20 * MS
WALL_NS = 1_767_225_600_000_000_000

steps = st.one_of(
    st.integers(-3_600_000, 3_600_000).filter(lambda ms: abs(ms) > 15), st.just(0)
).map(lambda ms: ms * MS)


@given(
    step_ns=steps,
    at=st.integers(3, 200),
    follows=st.sampled_from(("at once", "never")),
    every=st.integers(1, 30),
    slew=st.integers(-500, 500),
)
def test_no_sample_jumps(step_ns: int, at: int, follows: str, every: int, slew: int) -> None:
    """A step of the wall clock in the middle, followed by the stamps or not; reads in bulk."""

    def offset_ns(index: int, *, stepped: bool) -> int:
        # Slewed by up to 500 ppm, as NTP does at most.
        return WALL_NS + index * PERIOD_NS * slew // 1_000_000 + step_ns * stepped

    clock = SampleClock(offset_ns(0, stepped=False))
    expected_ns = 0
    for index in range(0, 250, every):
        batch = range(index, index + every)
        now_ns = batch[-1] * PERIOD_NS + 7 * MS
        clock.note(offset_ns(batch[-1], stepped=batch[-1] >= at))
        for position in batch:
            true_ns = position * PERIOD_NS
            stamp_ns = true_ns + offset_ns(
                position, stepped=follows == "at once" and position >= at
            )
            found_ns = clock.monotonic_ns(stamp_ns // 1000, expected_ns, now_ns)
            assert found_ns is not None
            assert abs(found_ns - true_ns) <= PERIOD_NS // 2
            expected_ns = found_ns + PERIOD_NS


def test_a_sample_of_the_future_is_none() -> None:
    clock = SampleClock(WALL_NS)
    assert clock.monotonic_ns((WALL_NS + 1000 * MS) // 1000, 490 * MS, 500 * MS) is None
    assert clock.monotonic_ns((WALL_NS + 501 * MS) // 1000, 490 * MS, 500 * MS) == 500 * MS


def test_the_clock_is_told_by_the_newest_stamp() -> None:
    real, boot, _ = CLOCKS
    assert clock_of(time.time_ns() // 1000 - 20_000) is real
    assert clock_of(time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000 - 20_000) is boot
    assert clock_of(time.time_ns() // 1000 - 5_000_000) is None
    assert clock_of(0, (lambda: 10**18,)) is None
