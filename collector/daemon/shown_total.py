"""What `/metrics` shows as an account's total: no more than a restart right now would find again.

Prometheus takes a counter that falls for one that began anew, and adds all of it once more. So a
crash must never take back what was shown. What is on disk it does not, nor what the hardware's
counter says beyond that: the counter still holds it. What was integrated or estimated since then
is shown once it is on disk; and so is a total that began anew, for the run after a crash would
know nothing of it.
"""

from collections.abc import Mapping

from collector.daemon.accounts import ShownBase
from collector.energy.account import EnergyAccount
from collector.ledger import AccountState


class ShownTotal:
    """One account's.

    Args:
        on_disk: the account as it is on disk; None when it is not.
    """

    def __init__(self, on_disk: AccountState | None) -> None:
        self._on_disk = on_disk
        self._reached_mj = 0
        self._reached_estimated_mj = 0

    def landed(self, state: AccountState) -> None:
        """The account is on disk as of now."""
        self._on_disk = state

    def value(self, account: EnergyAccount, base: ShownBase) -> tuple[int, int] | None:
        """The total and its estimated part, in millijoules; None while nothing may be shown.

        Args:
            account: what was accounted for in this run, earlier ones included.
            base: what is taken off.
        """
        state = self._on_disk
        total_mj, estimated_mj = account.total.total_mj, account.total.estimated_mj
        if state is not None:
            if (state.shown_base_mj, state.shown_base_estimated_mj) != (
                base.total_mj,
                base.estimated_mj,
            ):
                return None
            if state.anchor_counter_mj is not None:  # without, a crash begins anew anyway
                counted_mj = 0
                if account.judge.anchor is not None:
                    counted_mj = account.judge.anchor.millijoules - state.anchor_counter_mj
                total_mj = min(total_mj, state.total.total_mj + max(counted_mj, 0))
                estimated_mj = min(estimated_mj, state.total.estimated_mj)
        self._reached_mj = max(self._reached_mj, total_mj - base.total_mj)
        self._reached_estimated_mj = max(
            self._reached_estimated_mj, estimated_mj - base.estimated_mj
        )
        return self._reached_mj, self._reached_estimated_mj


class ShownTotals:
    """Those of a GPU's scopes.

    Args:
        on_disk: its accounts as they are on disk, by scope.
    """

    def __init__(self, on_disk: Mapping[str, AccountState]) -> None:
        self._on_disk = on_disk
        self._scopes: dict[str, ShownTotal] = {}

    def of(self, scope: str) -> ShownTotal:
        """A scope's."""
        shown = self._scopes.get(scope)
        if shown is None:
            shown = self._scopes[scope] = ShownTotal(self._on_disk.get(scope))
        return shown
