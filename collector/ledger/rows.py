"""The ledger's columns, and values made from its rows."""

import sqlite3
from typing import Any

from collector.ledger.copies import MARK
from collector.ledger.damage import required
from collector.ledger.model import AccountKey, AccountState
from collector.model import Energy

STATE_COLUMNS = (
    "counter_mj",
    "integrated_mj",
    "estimated_mj",
    "shown_base_mj",
    "shown_base_estimated_mj",
    "anchor_wall_ns",
    "anchor_monotonic_ns",
    "boot_id",
    "anchor_counter_mj",
    "last_power_mw",
    "idle_power_mw",
    "limit_mw",
    "clean",
)
SUM_COLUMNS = ("counter_mj", "integrated_mj", "estimated_mj", "covered_ns", "elapsed_ns")

_ACCOUNTS = f"""
SELECT kind, device, scope, {", ".join(STATE_COLUMNS)}
FROM account JOIN account_state ON account_state.account = account.id
"""  # noqa: S608 - our own column names
Column = int | str | bytes | None
"""What a column holds. An integer of SQLite has 63 bits: 2.56 TWh in millijoules, which a feed of
1 GW draws in four months."""
_MOST = 2**63 - 1
_LARGE_BYTES = 16
_STATE_KINDS = "ttt" + "iii" + "ii" + "ii" + "t" + "nnnn" + "i"
"""Of `_ACCOUNTS`, see `required`: the account, its total, bases, anchors, boot, what may lack."""

_IDS = "SELECT kind, device, scope, id FROM account"
_ENERGY_SINCE = """
SELECT kind, device, scope, sum(counter_mj), sum(integrated_mj), sum(estimated_mj)
FROM register_quarter_hour JOIN account ON account.id = account
WHERE start_s >= ? GROUP BY account
"""


def load_accounts(connection: sqlite3.Connection) -> dict[AccountKey, AccountState]:
    """Every account's state.

    Raises:
        sqlite3.Error: it cannot be read.
    """
    return {
        AccountKey(*row[:3]): AccountState(
            total=Energy(*row[3:6]),
            clean=bool(row[-1]),
            **dict(zip(STATE_COLUMNS[3:-1], row[6:-1], strict=True)),
        )
        for row in required(map(_unpacked, connection.execute(_ACCOUNTS)), _STATE_KINDS)
    }


def state_row(account: int, state: AccountState) -> tuple[Column, ...]:
    """An account's row: its number, then `STATE_COLUMNS`."""
    return _packed(
        account,
        state.total.counter_mj,
        state.total.integrated_mj,
        state.total.estimated_mj,
        state.shown_base_mj,
        state.shown_base_estimated_mj,
        state.anchor_wall_ns,
        state.anchor_monotonic_ns,
        state.boot_id,
        state.anchor_counter_mj,
        state.last_power_mw,
        state.idle_power_mw,
        state.limit_mw,
        int(state.clean),
    )


def _packed(*values: int | str | None) -> tuple[Column, ...]:
    """Values as SQLite takes them; what is too large for its integers goes as bytes."""
    return tuple(
        value.to_bytes(_LARGE_BYTES, "big") if isinstance(value, int) and value > _MOST else value
        for value in values
    )


def _unpacked(row: tuple[Column, ...]) -> Any:
    """A row with its integers, however large."""
    return [int.from_bytes(one, "big") if isinstance(one, bytes) else one for one in row]


def load_ids(connection: sqlite3.Connection) -> dict[AccountKey, int]:
    """The numbers of the accounts in this file.

    Raises:
        sqlite3.Error: it cannot be read.
    """
    return {AccountKey(*row[:3]): row[3] for row in required(connection.execute(_IDS), "tttc")}


def load_numbers(connection: sqlite3.Connection) -> dict[str, int]:
    """Single numbers that are remembered, by name.

    Raises:
        sqlite3.Error: it cannot be read.
    """
    found = dict(required(connection.execute("SELECT name, value FROM number"), "ti"))
    found.pop(MARK, None)  # it speaks of the file, not of what was measured
    return found


def load_energy_since(connection: sqlite3.Connection, start_s: int) -> dict[AccountKey, Energy]:
    """Energy in the quarter-hours that begin at `start_s` (UTC seconds) or later.

    Raises:
        sqlite3.Error: it cannot be read.
    """
    return {
        AccountKey(*row[:3]): Energy(*row[3:])
        for row in required(connection.execute(_ENERGY_SINCE, (start_s,)), "tttiii")
    }
