"""The share of late reads of the last minutes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.summary import LateTicks

SECOND_NS = 1_000_000_000


def own(due: float, late: float) -> dict[str, dict[tuple[str, ...], float]]:
    return {
        "wattkeeper_ticks_total": {("power",): due, ("slow",): due / 100},
        "wattkeeper_late_ticks_total": {("power",): late, ("slow",): 0.0},
    }


def share(told: dict[str, dict[tuple[str, ...], float]]) -> float | None:
    return told.get("wattkeeper_recent_late_ticks_ratio", {}).get(())


def test_before_anything_was_due_nothing_is_told() -> None:
    late = LateTicks()
    assert late.values({}, 0) == {}
    assert late.values(own(0, 0), SECOND_NS) == {}


def test_it_is_over_all_threads_and_forgets() -> None:
    late = LateTicks()
    late.values(own(0, 0), 0)
    told = [
        share(late.values(own(10 * second, min(second, 100)), second * SECOND_NS))
        for second in range(10, 500, 10)
    ]
    assert told[0] == told[9] == pytest.approx(1 / 10.1)
    assert told[-1] == 0


@given(
    st.lists(st.tuples(st.floats(0, 60), st.integers(0, 6000), st.integers(0, 6000)), min_size=1)
)
def test_it_is_a_share_also_when_a_gpu_goes(steps: list[tuple[float, int, int]]) -> None:
    late, now_ns = LateTicks(), 0
    for seconds, due, missed in steps:
        now_ns += round(seconds * SECOND_NS)
        told = share(late.values(own(due, missed), now_ns))
        assert told is None or 0 <= told <= 1
