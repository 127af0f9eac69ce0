"""The ring of one-second means."""

from hypothesis import given
from hypothesis import strategies as st

from exporters.page.history import PowerHistory
from tests.page.made_up import SECOND_NS, START_NS

LENGTH = 12
NEXT_SECOND = st.sampled_from([SECOND_NS // 2, SECOND_NS, 2 * SECOND_NS, 5 * SECOND_NS])
FAR = st.sampled_from([LENGTH * SECOND_NS, 1_000 * SECOND_NS])


@given(
    st.lists(st.tuples(NEXT_SECOND | FAR, st.none() | st.integers(0, 1_500)), min_size=1),
    st.integers(1, LENGTH),
)
def test_it_is_the_end_of_all_that_was_recorded(
    steps: list[tuple[int, int | None]], asked: int
) -> None:
    history = PowerHistory(LENGTH)
    recorded: dict[int, int] = {}
    now_ns = START_NS
    for step_ns, watts in steps:
        now_ns += step_ns
        history.record(now_ns, {"a": watts})
        if watts is not None:
            recorded[now_ns // SECOND_NS - 1] = watts
    end = now_ns // SECOND_NS - 1
    assert history.end_second == end
    expected = [recorded.get(second) for second in range(end - asked + 1, end + 1)]
    assert history.tail("a", asked) == expected


@given(st.lists(st.integers(-300, 300), min_size=3, max_size=60))
def test_a_tick_that_jitters_leaves_no_gap(jitter_ms: list[int]) -> None:
    history = PowerHistory(100)
    start = START_NS // SECOND_NS * SECOND_NS  # at the edge of a second, where jitter matters most
    for tick, milliseconds in enumerate(jitter_ms):
        history.record(start + tick * SECOND_NS + milliseconds * 1_000_000, {"a": 100.0 + tick})
    newest = history.tail("a", 100)
    first = next(index for index, watts in enumerate(newest) if watts is not None)
    assert None not in newest[first:]


def test_a_missed_second_stays_a_gap() -> None:
    history = PowerHistory(5)
    history.record(START_NS, {"a": 1.0})
    history.record(START_NS + 2 * SECOND_NS, {"a": 3.0})
    assert history.tail("a", 5) == [None, None, 1.0, None, 3.0]


def test_a_bridge_needs_both_banks() -> None:
    history = PowerHistory(5)
    edge = START_NS - SECOND_NS // 2
    history.record(edge - 1, {"a": None})
    history.record(edge + SECOND_NS, {"a": 3.0})  # skips a slot, but there was nothing before
    assert history.tail("a", 3) == [None, None, 3.0]


def test_a_gpu_that_is_gone_is_forgotten_and_begins_anew() -> None:
    history = PowerHistory(5)
    history.record(START_NS, {"a": 1.0, "b": 2.0})
    history.record(START_NS + SECOND_NS, {"a": 1.0})
    history.record(START_NS + 2 * SECOND_NS, {"a": 1.0, "b": 2.0})
    assert history.tail("b", 3) == [None, None, 2.0]
    assert history.tail("never seen", 3) == [None, None, None]


def test_what_is_not_a_number_is_absent() -> None:
    history = PowerHistory(5)
    history.record(START_NS, {"a": float("nan"), "b": float("inf")})
    assert history.tail("a", 1) == history.tail("b", 1) == [None]


def test_its_memory_does_not_grow() -> None:
    history = PowerHistory(5)
    for second in range(1_000):
        history.record(START_NS + second * SECOND_NS, {"a": 1.0, f"replaced {second}": 1.0})
    assert len(history._rings) == 2
    assert {len(ring) for ring in history._rings.values()} == {5}
