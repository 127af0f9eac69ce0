"""Counts, what is kept of them, and what a restart makes of it."""

from hypothesis import given
from hypothesis import strategies as st

from collector.events import EventBook
from collector.ledger import EventCount, EventKey, EventState, LogCursor

NVML, KERNEL, BOOT = "nvml", "kernel_log", "boot-1"
SECOND_NS = 1_000_000_000
CURSOR = LogCursor(BOOT, 7)


def key(code: int, device: str = "GPU-1") -> EventKey:
    return EventKey("xid", device, str(code))


def book(before: EventState = EventState(), boot_id: str = BOOT) -> EventBook:  # noqa: B008 - frozen
    return EventBook(before, boot_id=boot_id, log_origin=KERNEL)


def add(
    into: EventBook, origin: str, code: int = 79, *, at: float = 1, device: str = "GPU-1"
) -> bool:
    at_ns = round(at * SECOND_NS)
    return into.add(key(code, device), origin, monotonic_ns=at_ns, wall_ns=1000 + at_ns)


def test_it_counts_and_knows_the_newest() -> None:
    one = book()
    assert add(one, NVML, at=1)
    assert add(one, NVML, at=30)
    assert add(one, NVML, 31, at=2)
    assert not add(one, KERNEL, at=1)
    assert one.changed
    assert one.of("GPU-1") == {
        key(79): EventCount(2, 1000 + 30 * SECOND_NS),
        key(31): EventCount(1, 1000 + 2 * SECOND_NS),
    }
    assert one.of("GPU-2") == {}


def test_after_a_restart_the_log_does_not_count_again_what_was_counted() -> None:
    one = book()
    add(one, NVML, at=1)
    add(one, NVML, at=2)
    add(one, KERNEL, at=1)
    two = book(one.state(CURSOR))
    assert not one.changed
    assert not add(two, KERNEL, at=2.1)
    assert add(two, KERNEL, at=2.2)
    assert two.of("GPU-1")[key(79)].count == 3


def test_what_the_log_told_of_needs_not_be_kept_for_the_log_is_not_read_again() -> None:
    one = book()
    add(one, KERNEL)
    assert one.state(CURSOR).unmatched == ()


def test_times_of_another_boot_mean_nothing() -> None:
    one = book()
    add(one, NVML, at=1)
    for boot_id in ("boot-2", ""):
        two = book(one.state(CURSOR), boot_id)
        assert add(two, KERNEL, at=1), "another event, though at the same time since its boot"
        assert two.of("GPU-1")[key(79)].count == 2


def test_without_a_log_nothing_waits_for_it() -> None:
    one = book()
    add(one, NVML)
    state = one.state(None)
    assert (state.unmatched, state.cursor) == ((), None)


def test_a_gpu_that_is_known_at_last_takes_over_what_was_counted_for_its_place() -> None:
    one = book(EventState(counts={key(79): EventCount(5, 10)}))
    add(one, KERNEL, at=3, device="boot-1/0000:c1:00")
    add(one, KERNEL, 31, at=4, device="boot-1/0000:c1:00")
    one.state(CURSOR)
    one.adopt("boot-1/0000:c1:00", "GPU-1")
    assert one.changed
    assert one.of("boot-1/0000:c1:00") == {}
    assert one.of("GPU-1")[key(79)] == EventCount(6, 1000 + 3 * SECOND_NS)
    assert one.of("GPU-1")[key(31)].count == 1
    assert not add(one, NVML, at=3), "its other half finds it"
    one.state(CURSOR)
    one.adopt("boot-1/0000:d1:00", "GPU-1")
    assert not one.changed


@given(
    st.lists(st.tuples(st.sampled_from([31, 79]), st.integers(0, 40)), max_size=12),
    st.data(),
)
def test_killed_anywhere_between_commits_each_is_counted_once(
    happened: list[tuple[int, int]], data: st.DataObject
) -> None:
    """NVML tells of each at once, while the daemon runs; the log of each, from its cursor on."""
    happened.sort(key=lambda one: one[1])
    state = EventState(cursor=LogCursor(BOOT, -1))
    one = book(state)
    for number, (code, at) in enumerate(happened):
        if data.draw(st.booleans(), label="killed before it"):
            one = book(state)  # what was not committed is gone ...
            assert state.cursor is not None
            for missed in range(state.cursor.sequence + 1, number):
                add(one, KERNEL, happened[missed][0], at=happened[missed][1] + 0.01)
            state = one.state(LogCursor(BOOT, number - 1))  # ... and the log tells of it again
        add(one, NVML, code, at=at)
        if data.draw(st.booleans(), label="committed between the two"):
            assert state.cursor is not None
            state = one.state(LogCursor(BOOT, number - 1))
        add(one, KERNEL, code, at=at + 0.01)
        if data.draw(st.booleans(), label="committed after both"):
            state = one.state(LogCursor(BOOT, number))
        assert sum(count.count for count in one.of("GPU-1").values()) == number + 1
