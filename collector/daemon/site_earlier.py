"""What the site's ledger knows from before: accounts, and the quarter-hours that figures need."""

import logging
from collections.abc import Mapping
from pathlib import Path

from collector.ledger import AccountKey, AccountState, LedgerError, LedgerReader, Register
from collector.site.state import METER, Earlier, account_key
from collector.sitefile.model import Role, Site
from collector.sources.meters.inbox import Key
from collector.sources.meters.reading import Quantity

log = logging.getLogger(__name__)

_YEAR_NS = 366 * 86_400 * 1_000_000_000
_FIGURED = (Role.UTILITY, Role.GENERATION, Role.IT)
_MOST_METERS = 64
"""A year of quarter-hours each; figures use the topmost meters, which are few."""


def earlier(
    path: Path, accounts: Mapping[AccountKey, AccountState], site: Site, wall_ns: int
) -> Earlier:
    """Read what is needed of the last year.

    Args:
        path: the ledger's file.
        accounts: its accounts.
        site: the site.
        wall_ns: now, UTC.
    """
    wanted = [spec.id for spec in site.meters.values() if spec.register and spec.role in _FIGURED]
    wanted = [meter for meter in wanted if account_key(meter) in accounts][:_MOST_METERS]
    registers: dict[str, tuple[Register, ...]] = {}
    try:
        with LedgerReader(path) as reader:
            for meter in wanted:
                registers[meter] = reader.registers(
                    "quarter_hour", account_key(meter), wall_ns - _YEAR_NS, wall_ns
                )
    except LedgerError as error:
        log.warning("peaks and key figures begin anew: %s", error)
    return Earlier(accounts=accounts, quarter_hours=registers)


def last_readings(accounts: Mapping[AccountKey, AccountState]) -> dict[Key, int]:
    """Up to when each meter is booked: what a broker sends again from before is no news."""
    return {
        (key.device, quantity, ""): state.anchor_wall_ns
        for key, state in accounts.items()
        if key.kind == METER
        for quantity in (Quantity.POWER, Quantity.ENERGY)
    }
