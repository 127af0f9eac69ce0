"""Hands closed windows to the ledger: one commit for the windows of all GPUs."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from collector.daemon.faults import FaultBoard
from collector.daemon.push import Push
from collector.energy.edges import SECOND_NS
from collector.ledger import AccountKey, AccountState, Commit, EventState, Ledger, LedgerStatus
from collector.model import Point, Window

GATHER_NS = 3 * SECOND_NS // 2
"""GPUs' windows close with their own counter readings, up to a second apart."""
_MOST_COMMITS = 1000
"""Commits that are remembered until they are on disk; of older ones it is not told."""

States = Mapping[AccountKey, AccountState]


class Bookkeeper:
    """Collects windows and commits them together.

    Args:
        ledger: where they go.
        faults: told when the ledger does not take writes.
        push: the exporters whose rows go with the windows.
        landed: told the accounts that are on disk.
    """

    def __init__(
        self,
        ledger: Ledger,
        faults: FaultBoard,
        push: Push,
        landed: Callable[[States], None] | None = None,
    ) -> None:
        self.windows = 0
        self._landed = landed
        self._submitted: deque[tuple[int, States]] = deque(maxlen=_MOST_COMMITS)
        self._push = push
        self._ledger = ledger
        self._faults = faults
        self._open: list[Window] = []
        self._since_ns = 0

    @property
    def status(self) -> LedgerStatus:
        """The ledger's own."""
        return self._ledger.status

    def add(self, windows: list[Window], now_ns: int) -> None:
        """Take windows that closed."""
        if windows and not self._open:
            self._since_ns = now_ns
        self._open += windows
        self.windows += len(windows)

    def commit(
        self,
        now_ns: int,
        wall_ns: int,
        states: Callable[[], States],
        *,
        force: bool = False,
    ) -> None:
        """Hand over what has gathered, if it is time, and look after the ledger's health."""
        if self._open and (force or now_ns - self._since_ns >= GATHER_NS):
            windows = tuple(self._open)
            self._open = []
            outbox = self._push.encode(windows)
            self._submit(
                Commit(
                    windows=windows,
                    states=states(),
                    wall_ns=wall_ns,
                    outbox=outbox,
                    numbers=self._push.to_remember(),
                )
            )
            self._push.wake()
        self._look_at_ledger()

    def note_events(self, state: EventState, points: Sequence[Point], wall_ns: int) -> None:
        """Hand over at once what happened: an error may be the last thing a machine tells."""
        self._submit(
            Commit(
                windows=(),
                states={},
                wall_ns=wall_ns,
                outbox=self._push.encode((), points),
                events=state,
            )
        )
        self._push.wake()

    def remember(self, numbers: Mapping[str, int], wall_ns: int) -> None:
        """Hand over single numbers that outlive this run."""
        self._submit(Commit(windows=(), states={}, wall_ns=wall_ns, numbers=numbers))

    def _submit(self, commit: Commit) -> None:
        """Hand over a commit under a time of its own: by that it is known when it is on disk."""
        used = {used_ns for used_ns, _ in self._submitted}
        wall_ns = commit.wall_ns
        while wall_ns in used or wall_ns == self._ledger.status.last_commit_wall_ns:
            wall_ns += 1
        self._submitted.append((wall_ns, commit.states))
        self._ledger.submit(replace(commit, wall_ns=wall_ns))

    def _look_for_landed(self, wall_ns: int | None) -> None:
        """Tell which accounts the newest commit on disk, and those before it, brought there."""
        if not any(wall_ns == used_ns for used_ns, _ in self._submitted):
            return
        landed: dict[AccountKey, AccountState] = {}
        while True:
            used_ns, states = self._submitted.popleft()
            landed |= states
            if used_ns == wall_ns:
                break
        if self._landed is not None:
            self._landed(landed)

    def _look_at_ledger(self) -> None:
        status = self._ledger.status
        self._look_for_landed(status.last_commit_wall_ns)
        if status.up:
            self._faults.clear("ledger")
        else:
            self._faults.report("ledger", status.problem, status.action, quietly=status.logged)
