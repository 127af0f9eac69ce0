"""The ledger: the embedded store of every account's energy. It owns every table."""

from collector.ledger.ledger import Ledger
from collector.ledger.model import (
    AccountKey,
    AccountState,
    Commit,
    Gap,
    LedgerError,
    LedgerStatus,
    Register,
    Resolution,
    account_of,
)
from collector.ledger.reader import LedgerReader

__all__ = [
    "AccountKey",
    "AccountState",
    "Commit",
    "Gap",
    "Ledger",
    "LedgerError",
    "LedgerReader",
    "LedgerStatus",
    "Register",
    "Resolution",
    "account_of",
]
