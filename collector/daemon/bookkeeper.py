"""Hands closed windows to the ledger: one commit for the windows of all GPUs."""

from collections.abc import Callable, Mapping, Sequence

from collector.daemon.faults import FaultBoard
from collector.daemon.push import Push
from collector.energy.edges import SECOND_NS
from collector.ledger import AccountKey, AccountState, Commit, EventState, Ledger, LedgerStatus
from collector.model import Point, Window

GATHER_NS = 3 * SECOND_NS // 2
"""GPUs' windows close with their own counter readings, up to a second apart."""


class Bookkeeper:
    """Collects windows and commits them together.

    Args:
        ledger: where they go.
        faults: told when the ledger does not take writes.
        push: the exporters whose rows go with the windows.
    """

    def __init__(self, ledger: Ledger, faults: FaultBoard, push: Push) -> None:
        self.windows = 0
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
        states: Callable[[], Mapping[AccountKey, AccountState]],
        *,
        force: bool = False,
    ) -> None:
        """Hand over what has gathered, if it is time, and look after the ledger's health."""
        if self._open and (force or now_ns - self._since_ns >= GATHER_NS):
            windows = tuple(self._open)
            self._open = []
            self._ledger.submit(
                Commit(
                    windows=windows,
                    states=states(),
                    wall_ns=wall_ns,
                    outbox=self._push.encode(windows),
                )
            )
            self._push.wake()
        self._look_at_ledger()

    def note_events(self, state: EventState, points: Sequence[Point], wall_ns: int) -> None:
        """Hand over at once what happened: an error may be the last thing a machine tells."""
        self._ledger.submit(
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
        self._ledger.submit(Commit(windows=(), states={}, wall_ns=wall_ns, numbers=numbers))

    def _look_at_ledger(self) -> None:
        status = self._ledger.status
        if status.up:
            self._faults.clear("ledger")
        else:
            self._faults.report("ledger", status.problem, status.action)
