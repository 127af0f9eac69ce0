"""Two origins tell of the same events; however they interleave, each event is counted once."""

from hypothesis import given
from hypothesis import strategies as st

from collector.events.matcher import HOLD_NS, WINDOW_NS, Matcher, Unmatched

MS = 1_000_000
NVML, KERNEL = "nvml", "kernel_log"


@st.composite
def interleaved(draw: st.DrawFn, *, both: bool) -> tuple[int, list[tuple[str, str, int]]]:
    """Events as told: how many there were, then origin, subject and time in order of arrival.

    Each origin tells in order and up to half a window late. With `both`, of every event; else each
    event by one of the two only.
    """
    times = sorted(draw(st.lists(st.integers(0, 20 * WINDOW_NS), max_size=12)))
    told: dict[str, list[tuple[str, str, int]]] = {NVML: [], KERNEL: []}
    apart = 0
    for time_ns in times:
        subject = draw(st.sampled_from(["79", "31"]))
        origins = [NVML, KERNEL]
        if not both:
            apart += 3 * WINDOW_NS  # far apart: two halves of one are not to be told from two
            origins = [draw(st.sampled_from(origins))]
        for origin in origins:
            late_ns = draw(st.integers(0, WINDOW_NS // 2))
            told[origin].append((origin, subject, time_ns + apart + late_ns))
    for events in told.values():
        stamps = sorted(event[2] for event in events)
        events[:] = [(*event[:2], at) for event, at in zip(events, stamps, strict=True)]
    arrivals: list[tuple[str, str, int]] = []
    while told[NVML] or told[KERNEL]:
        first = draw(st.booleans())
        queue = told[NVML] if (first and told[NVML]) or not told[KERNEL] else told[KERNEL]
        arrivals.append(queue.pop(0))
    return len(times), arrivals


def count(arrivals: list[tuple[str, str, int]]) -> int:
    matcher: Matcher[str] = Matcher()
    return sum(matcher.is_new(subject, origin, at) for origin, subject, at in arrivals)


@given(interleaved(both=True))
def test_told_by_both_each_is_counted_once(told: tuple[int, list[tuple[str, str, int]]]) -> None:
    happened, arrivals = told
    assert count(arrivals) == happened


@given(interleaved(both=False))
def test_told_by_one_each_is_counted_once(told: tuple[int, list[tuple[str, str, int]]]) -> None:
    happened, arrivals = told
    assert count(arrivals) == happened


@given(st.lists(st.tuples(st.sampled_from([NVML, KERNEL]), st.integers(0, 10**12)), max_size=30))
def test_never_less_than_either_told_nor_more_than_both(events: list[tuple[str, int]]) -> None:
    events.sort(key=lambda event: event[1])
    counted = count([(origin, "79", at) for origin, at in events])
    by_nvml = sum(origin == NVML for origin, _ in events)
    assert max(by_nvml, len(events) - by_nvml) <= counted <= len(events)


def test_two_within_a_millisecond_are_two() -> None:
    assert count([(NVML, "31", 0), (NVML, "31", MS)]) == 2
    assert count([(NVML, "31", 0), (NVML, "31", MS), (KERNEL, "31", 2), (KERNEL, "31", MS)]) == 2
    assert count([(NVML, "31", 0), (KERNEL, "31", 2), (NVML, "31", MS), (KERNEL, "31", MS)]) == 2
    assert count([(KERNEL, "31", 0), (KERNEL, "31", MS), (NVML, "31", MS)]) == 2


def test_other_codes_and_times_are_others() -> None:
    assert count([(NVML, "31", 0), (KERNEL, "79", 0)]) == 2
    assert count([(NVML, "31", 0), (KERNEL, "31", WINDOW_NS)]) == 1
    assert count([(NVML, "31", 0), (KERNEL, "31", WINDOW_NS + 1)]) == 2
    assert count([(NVML, "31", WINDOW_NS + 1), (KERNEL, "31", 0)]) == 2


def test_the_second_word_may_come_late() -> None:
    matcher: Matcher[str] = Matcher()
    assert matcher.is_new("79", NVML, 5 * MS)
    matcher.expire(5 * MS + HOLD_NS)
    assert not matcher.is_new("79", KERNEL, 6 * MS)


def test_what_is_old_is_not_waited_for() -> None:
    matcher: Matcher[str] = Matcher()
    for at_ns in range(100):
        matcher.is_new("79", NVML, at_ns)
    assert len(list(matcher)) == 100
    matcher.expire(HOLD_NS + 101)
    assert list(matcher) == []
    assert matcher.is_new("79", KERNEL, 50)


def test_a_storm_costs_bounded_memory() -> None:
    matcher: Matcher[str] = Matcher()
    for at_ns in range(25_000):
        assert matcher.is_new("31", KERNEL, at_ns)
    assert len(list(matcher)) == 10_000


def test_a_subject_that_is_better_known_keeps_its_halves() -> None:
    matcher = Matcher([Unmatched("somewhere", KERNEL, 5), Unmatched("GPU-1", KERNEL, 7)])
    matcher.rename("somewhere", "GPU-1")
    matcher.rename("nothing", "GPU-1")
    assert [one.monotonic_ns for one in matcher] == [5, 7]
    assert not matcher.is_new("GPU-1", NVML, 6)
    assert not matcher.is_new("GPU-1", NVML, 6)
    assert matcher.is_new("GPU-1", NVML, 6)
