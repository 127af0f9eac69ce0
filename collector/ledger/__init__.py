"""The ledger: the embedded store of every account's energy, and of what is still to be delivered.

It owns every table.
"""

from collector.ledger.ledger import Ledger
from collector.ledger.model import (
    AccountKey,
    AccountState,
    Commit,
    Gap,
    LaneStatus,
    LedgerError,
    LedgerStatus,
    OutboxItem,
    OutboxRow,
    Register,
    Resolution,
    account_of,
)
from collector.ledger.outbox import Outbox
from collector.ledger.reader import LedgerReader

__all__ = [
    "AccountKey",
    "AccountState",
    "Commit",
    "Gap",
    "LaneStatus",
    "Ledger",
    "LedgerError",
    "LedgerReader",
    "LedgerStatus",
    "Outbox",
    "OutboxItem",
    "OutboxRow",
    "Register",
    "Resolution",
    "account_of",
]
