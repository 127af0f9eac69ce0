"""The ledger: the embedded store of every account's energy, and of what is still to be delivered.

It owns every table.
"""

from collector.ledger.ledger import Ledger
from collector.ledger.model import (
    AccountKey,
    AccountState,
    Commit,
    EventCount,
    EventKey,
    EventState,
    Gap,
    LaneStatus,
    LedgerError,
    LedgerStatus,
    LogCursor,
    OutboxItem,
    OutboxRow,
    Register,
    Resolution,
    UnmatchedEvent,
    account_of,
)
from collector.ledger.outbox import Outbox
from collector.ledger.reader import LedgerReader

__all__ = [
    "AccountKey",
    "AccountState",
    "Commit",
    "EventCount",
    "EventKey",
    "EventState",
    "Gap",
    "LaneStatus",
    "Ledger",
    "LedgerError",
    "LedgerReader",
    "LedgerStatus",
    "LogCursor",
    "Outbox",
    "OutboxItem",
    "OutboxRow",
    "Register",
    "Resolution",
    "UnmatchedEvent",
    "account_of",
]
