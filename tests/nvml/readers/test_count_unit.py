"""The unit of counts of time: whatever a driver does, the clock tells."""

from hypothesis import given
from hypothesis import strategies as st

from collector.sources.nvml.readers.count_unit import MICROSECONDS, NANOSECONDS, CountUnit

_SECOND_NS = 1_000_000_000
_steps = st.lists(
    st.tuples(st.floats(0.5, 60), st.floats(0.0, 1.0), st.booleans()), min_size=1, max_size=30
)


@given(steps=_steps, start_seconds=st.integers(100, 10**7))
def test_nanoseconds_are_never_taken_for_more(
    steps: list[tuple[float, float, bool]], start_seconds: int
) -> None:
    """Held for any share of the time; seen at both ends only where it held for most of it."""
    unit = CountUnit()
    now_ns, count = start_seconds * _SECOND_NS, 0.0
    for seconds, share, seen in steps:
        now_ns += int(seconds * _SECOND_NS)
        count += share * seconds * _SECOND_NS
        unit.note(now_ns, {"power_cap": count}, {"power_cap"} if seen and share > 0.01 else ())
    assert unit.seconds == NANOSECONDS


@given(steps=st.lists(st.floats(0.5, 60), min_size=4, max_size=20))
def test_microseconds_are_found_where_a_reason_holds(steps: list[float]) -> None:
    unit = CountUnit()
    now_ns, count = 1_000 * _SECOND_NS, 0.0
    for seconds in steps:
        now_ns += int(seconds * _SECOND_NS)
        count += seconds * 1e6
        unit.note(now_ns, {"idle": count}, {"idle"})
    assert unit.seconds == MICROSECONDS
    assert unit.is_settled


def test_more_than_the_time_since_boot_is_proof_at_once() -> None:
    unit = CountUnit()
    unit.note(100 * _SECOND_NS, {"thermal": 5.0 * _SECOND_NS}, ())
    assert unit.is_settled
    assert unit.seconds == NANOSECONDS


def test_a_count_that_starts_anew_proves_nothing() -> None:
    unit = CountUnit()
    unit.note(100 * _SECOND_NS, {"idle": 1e6}, {"idle"})
    unit.note(110 * _SECOND_NS, {"idle": 0.0}, {"idle"})
    assert not unit.is_settled
