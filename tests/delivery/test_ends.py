"""Window ends as a key: none twice, over steps of the clock and restarts in between."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from collector.ledger import AccountKey, AccountState
from collector.model import Energy
from exporters.ends import EndBook, UsedEnds, earlier_ends

MS = 1_000_000
SECOND = 1000 * MS
START = 1_790_000_000 * SECOND
GPU = ("gpu", "GPU-1", "gpu")
METER = ("meter", "hall 2", "active")


def state(end_ns: int) -> AccountState:
    """An account after a window."""
    return AccountState(
        total=Energy(),
        shown_base_mj=0,
        shown_base_estimated_mj=0,
        anchor_wall_ns=end_ns,
        anchor_monotonic_ns=0,
        boot_id="",
        anchor_counter_mj=None,
        last_power_mw=None,
        idle_power_mw=None,
        limit_mw=None,
        clean=False,
    )


@dataclass
class Daemon:
    """What hands out ends, and a ledger that keeps what each commit brings."""

    kept: bool = True
    accounts: dict[AccountKey, AccountState] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    used: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        self.book = EndBook(earlier_ends(self.accounts, self.numbers))

    def close(self, end_ns: int, key: tuple[str, str, str] = GPU) -> int:
        """Hand out a window's end and commit it; the shift in ms."""
        at_ns = self.book.unused(key, end_ns)
        self.used.append(at_ns)
        self.accounts[AccountKey(*key)] = state(end_ns)
        self.numbers |= self.book.to_remember()
        return (at_ns - end_ns) // MS


def test_nothing_is_shifted_while_the_clock_goes_on() -> None:
    daemon = Daemon()
    for second in range(5):
        daemon.restart()
        assert daemon.close(START + second * SECOND) == 0
    assert daemon.numbers == {}


def test_a_restart_does_not_forget_the_ends_that_a_step_back_will_reach_again() -> None:
    daemon = Daemon()
    for second in range(100):
        daemon.close(START + second * SECOND)
    assert [daemon.close(START + second * SECOND) for second in range(50, 60)] == [1] * 10
    daemon.restart()
    assert [daemon.close(START + second * SECOND) for second in range(60, 70)] == [1] * 10
    assert daemon.close(START + 55 * SECOND) == 2
    daemon.restart()
    daemon.restart()
    assert [daemon.close(START + second * SECOND) for second in (56, 99, 100)] == [2, 2, 0]
    assert len(set(daemon.used)) == len(daemon.used)


def test_a_clock_that_was_stepped_back_while_the_daemon_was_down() -> None:
    daemon = Daemon()
    for second in range(100):
        daemon.close(START + second * SECOND)
    daemon.restart()
    assert [daemon.close(START + second * SECOND) for second in (90, 91)] == [1, 1]
    assert len(set(daemon.used)) == len(daemon.used)


def test_ends_in_the_same_millisecond_are_the_same_for_some_servers() -> None:
    """The stretch between two runs, when the clock was stepped back, is a window of 1 ns."""
    ends = UsedEnds()
    assert ends.unused(START) == START
    assert ends.unused(START + 1) // MS == START // MS + 1


def test_each_series_has_its_own() -> None:
    daemon = Daemon()
    daemon.close(START + 9 * SECOND)
    daemon.close(START + 8 * SECOND)
    assert daemon.close(START + 5 * SECOND, METER) == 0
    assert daemon.close(START + 4 * SECOND, METER) == 1
    daemon.restart()
    assert daemon.close(START + 4 * SECOND + SECOND, METER) == 1
    assert daemon.close(START + 10 * SECOND) == 0


@given(
    st.lists(
        st.one_of(st.integers(-40, 60).map(lambda step: ("step", step)), st.just(("restart", 0))),
        max_size=60,
    )
)
def test_no_end_is_used_twice(events: list[tuple[str, int]]) -> None:
    daemon, second = Daemon(), 1000
    for what, step in events:
        if what == "restart":
            daemon.restart()
        second += step
        for _ in range(3):
            second += 1
            daemon.close(START + second * SECOND)
    seen = [at_ns // MS for at_ns in daemon.used]
    assert len(set(seen)) == len(seen)
