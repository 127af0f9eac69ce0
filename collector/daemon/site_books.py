"""A site's books: its meters' windows go to the ledger; then a broker may forget their messages."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from collector.daemon.faults import FaultBoard
from collector.daemon.push import Push
from collector.ledger import AccountKey, AccountState, Commit, Ledger
from collector.model import Point, Window
from collector.sources.meters.reading import MeterReading, Quality, Quantity

_BOOKED = (Quantity.POWER, Quantity.ENERGY)
_PATIENCE_WINDOWS = 3
"""A meter that fell silent closes no window; what it said last is not held back for ever."""
_MOST_COMMITS = 8
"""A disk that takes nothing for days must not cost memory: those behind it are taken together."""
_MOST_READINGS = 100_000
"""Likewise of readings that are not safe: beyond that the oldest are let go, as if they were."""


@dataclass(frozen=True, slots=True)
class _Batch:
    """Readings that were taken together."""

    taken_ns: int
    latest: Mapping[str, int]
    """By meter, the source's time of its newest reading that is to be booked."""
    done: Callable[[], None]


@dataclass(frozen=True, slots=True)
class _Pending:
    """A commit under way.

    Attributes:
        wall_ns: names it.
        made_ns: when it was made; monotonic.
        booked: by meter, up to when it holds its energy, by the source's clock.
        states: the accounts in it.
    """

    wall_ns: int
    made_ns: int
    booked: Mapping[str, int]
    states: Mapping[AccountKey, AccountState]


class SiteBooks:
    """Commits what has closed once a window, and tells which readings are safe then.

    The registers of those meters are kept that the site file says so of; of the others only the
    totals are, and all are pushed.

    Args:
        ledger: where it goes.
        push: the exporters whose rows go with it.
        faults: told when the ledger does not take writes.
        kept: ids of the meters whose registers are kept.
        window_ns: length of a window.
        on_disk: told the accounts that are.
    """

    def __init__(
        self,
        ledger: Ledger,
        push: Push,
        faults: FaultBoard,
        kept: frozenset[str],
        window_ns: int,
        on_disk: Callable[[Mapping[AccountKey, AccountState]], None],
    ) -> None:
        self.windows = 0
        self._ledger = ledger
        self._push = push
        self._faults = faults
        self._kept = kept
        self._window_ns = window_ns
        self._on_disk = on_disk
        self._gathered: list[Window] = []
        self._points: list[Point] = []
        self._committed_ns = 0
        self._booked: dict[str, int] = {}
        self._commits: deque[_Pending] = deque()
        self._unsafe: deque[_Batch] = deque()
        self._unsafe_readings = 0

    @property
    def waiting(self) -> int:
        """Batches of readings that are not safe yet."""
        return len(self._unsafe)

    def took(
        self, readings: Iterable[MeterReading], taken_ns: int, done: Callable[[], None]
    ) -> None:
        """Readings were taken; `done` is called when what they say is on disk.

        Args:
            readings: the readings.
            taken_ns: when, monotonic.
            done: called once, from the event loop.
        """
        latest = {
            reading.meter: reading.source_ns
            for reading in readings
            if reading.quality is Quality.GOOD and reading.quantity in _BOOKED
        }
        self._unsafe.append(_Batch(taken_ns, latest, done))
        self._unsafe_readings += 1 + len(latest)
        while self._unsafe_readings > _MOST_READINGS:
            self._let_go()

    def add(self, windows: Sequence[Window], points: Sequence[Point]) -> None:
        """Take what closed."""
        self._gathered += windows
        self._points += points
        self.windows += len(windows)
        for window in windows:
            self._booked[window.device.key] = window.end_ns

    def commit(
        self,
        now_ns: int,
        wall_ns: int,
        states: Callable[[], Mapping[AccountKey, AccountState]],
        points: Callable[[], Sequence[Point]],
        *,
        force: bool = False,
    ) -> None:
        """Hand over what has gathered, if it is time, and see what has become safe.

        Args:
            now_ns: now, monotonic.
            wall_ns: now, UTC.
            states: the accounts as of the windows that closed.
            points: what is told with each commit.
            force: whether it is time in any case.
        """
        if force or self._points or now_ns - self._committed_ns >= self._window_ns:
            self._committed_ns = now_ns
            windows, self._gathered = self._gathered, []
            told, self._points = [*self._points, *points()], []
            kept = tuple(window for window in windows if window.device.key in self._kept)
            accounts = states()
            outbox = self._push.encode(windows, told)
            self._ledger.submit(
                Commit(
                    windows=kept,
                    states=accounts,
                    wall_ns=wall_ns,
                    outbox=outbox,
                    numbers=self._push.to_remember(),
                )
            )
            self._note(_Pending(wall_ns, now_ns, dict(self._booked), accounts))
            self._push.wake()
        self._look_at_ledger()

    def _note(self, commit: _Pending) -> None:
        """Remember a commit; where too many wait, the newest stands for the one before it too."""
        if len(self._commits) >= _MOST_COMMITS:
            before = self._commits.pop()
            commit = _Pending(
                commit.wall_ns, commit.made_ns, commit.booked, {**before.states, **commit.states}
            )
        self._commits.append(commit)

    def _let_go(self) -> None:
        """The oldest readings need not come again."""
        batch = self._unsafe.popleft()
        self._unsafe_readings -= 1 + len(batch.latest)
        batch.done()

    def _look_at_ledger(self) -> None:
        status = self._ledger.status
        if not status.up:
            self._faults.report("ledger", status.problem, status.action, quietly=status.logged)
            return
        self._faults.clear("ledger")
        on_disk = None
        if any(commit.wall_ns == status.last_commit_wall_ns for commit in self._commits):
            while on_disk is None or on_disk.wall_ns != status.last_commit_wall_ns:
                on_disk = self._commits.popleft()
                self._on_disk(on_disk.states)
        while on_disk is not None and self._unsafe and self._is_safe(self._unsafe[0], on_disk):
            self._let_go()

    def _is_safe(self, batch: _Batch, commit: _Pending) -> bool:
        if commit.made_ns - batch.taken_ns > _PATIENCE_WINDOWS * self._window_ns:
            return True
        return batch.taken_ns < commit.made_ns and all(
            commit.booked.get(meter, 0) >= source_ns for meter, source_ns in batch.latest.items()
        )
