"""What the site's ledger knows from before: accounts, and the quarter-hours that figures need.

The file keeps quarter-hours by time, so the meters are read together. The newest are read before
the daemon starts; the rest of the year comes in the background, the newest day first: at a site of
thousands of meters it takes minutes.
"""

import asyncio
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from collector.ledger import AccountKey, AccountState, LedgerError, LedgerReader, Register
from collector.model import Energy
from collector.site.kpi import Kpis
from collector.site.kpi_meters import kpi_meters
from collector.site.quarters import DAY_NS, QUARTER_NS, SECOND_NS
from collector.site.state import METER, Earlier, SiteState, account_key
from collector.sitefile.model import Role, Site
from collector.sources.meters.inbox import Key
from collector.sources.meters.reading import Quantity

log = logging.getLogger(__name__)

_DAYS = 366
_FIRST_DAYS = 2
_PAUSE_SECONDS = 0.05
"""Between two days: the meters come first."""
_FAILED = "peaks and key figures of earlier than %d days ago are not known: %s"


def earlier(
    path: Path, accounts: Mapping[AccountKey, AccountState], site: Site, wall_ns: int
) -> Earlier:
    """Read what is needed at once: the last two days.

    Args:
        path: the ledger's file.
        accounts: its accounts.
        site: the site.
        wall_ns: now, UTC.
    """
    registers: Mapping[str, list[Register]] = {}
    try:
        with LedgerReader(path) as reader:
            registers = _read(reader, _wanted(site, accounts), _first_ns(wall_ns), wall_ns)
    except LedgerError as error:
        log.warning("peaks and key figures begin anew: %s", error)
    return Earlier(accounts=accounts, quarter_hours=registers)


class Past:
    """The year before that, read day by day while the daemon runs.

    Args:
        path: the ledger's file.
        accounts: its accounts as they were at the start.
        site: the site.
        wall_ns: when the start was, UTC.
    """

    def __init__(
        self, path: Path, accounts: Mapping[AccountKey, AccountState], site: Site, wall_ns: int
    ) -> None:
        self._path = path
        self._site = site
        self._wanted = _wanted(site, accounts)
        self._booked_ns = {
            meter: accounts[account_key(meter)].anchor_wall_ns for meter in self._wanted
        }
        self._end_ns = _first_ns(wall_ns)
        self._start_ns = wall_ns - _DAYS * DAY_NS

    async def recall(self, state: SiteState) -> None:
        """Read all of it, and let the site know."""
        if not self._wanted:
            return
        for start_ns, end_ns in self._days():
            try:
                day = await asyncio.to_thread(self.read, start_ns, end_ns)
            except LedgerError as error:
                log.warning(_FAILED, _FIRST_DAYS, error)
                return
            state.recall(day.figures, day.quarter_hours)
            await asyncio.sleep(_PAUSE_SECONDS)

    def read(self, start_ns: int, end_ns: int) -> "PastDay":
        """Read a stretch. Blocks.

        Raises:
            LedgerError: it cannot be read.
        """
        figures = Kpis(kpi_meters(self._site), self._site.zone)
        peaks: dict[str, list[Register]] = {
            meter: [] for meter in self._wanted if self._site.meters[meter].role is Role.UTILITY
        }
        with LedgerReader(self._path) as reader:
            for meter, row in _rows(reader, self._wanted, start_ns, end_ns):
                begin_ns = row[0] * SECOND_NS
                # What this run books is known already; it may be on disk by now.
                if begin_ns + QUARTER_NS > self._booked_ns[meter]:
                    continue
                figures.add(meter, begin_ns, row[2] + row[3] + row[4], row[6])
                if meter in peaks:
                    peaks[meter].append(_register(row))
        return PastDay(figures, peaks)

    def _days(self) -> Iterator[tuple[int, int]]:
        for end_ns in range(self._end_ns, self._start_ns, -DAY_NS):
            yield max(end_ns - DAY_NS, self._start_ns), end_ns


@dataclass(frozen=True, slots=True)
class PastDay:
    """What was in the ledger of a day.

    Attributes:
        figures: its key figures' energy.
        quarter_hours: by meter of the utility, its registers, in no order.
    """

    figures: Kpis
    quarter_hours: Mapping[str, list[Register]]


def last_readings(accounts: Mapping[AccountKey, AccountState]) -> dict[Key, int]:
    """Up to when each meter is booked: what a broker sends again from before is no news."""
    return {
        (key.device, quantity, ""): state.anchor_wall_ns
        for key, state in accounts.items()
        if key.kind == METER
        for quantity in (Quantity.POWER, Quantity.ENERGY)
    }


def _first_ns(wall_ns: int) -> int:
    return (wall_ns - _FIRST_DAYS * DAY_NS) // QUARTER_NS * QUARTER_NS


def _wanted(site: Site, accounts: Mapping[AccountKey, AccountState]) -> list[str]:
    """The meters whose quarter-hours are kept, and needed for peaks or key figures."""
    meters = kpi_meters(site)
    figured = {*meters.utility, *meters.generation, *meters.it}
    return [
        spec.id
        for spec in site.meters.values()
        if spec.register
        and (spec.id in figured or spec.role is Role.UTILITY)
        and account_key(spec.id) in accounts
    ]


def _rows(
    reader: LedgerReader, wanted: list[str], start_ns: int, end_ns: int
) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Meters and their quarter-hours, as `LedgerReader.quarter_hours` has them."""
    numbers = reader.numbers()
    meters = {numbers[key]: meter for meter in wanted if (key := account_key(meter)) in numbers}
    seconds = -(-start_ns // SECOND_NS), -(-end_ns // SECOND_NS)
    for day in reader.quarter_hours(meters, *seconds):
        for row in day:
            yield meters[row[1]], row


def _read(
    reader: LedgerReader, wanted: list[str], start_ns: int, end_ns: int
) -> dict[str, list[Register]]:
    """By meter, its quarter-hours, oldest first."""
    found: dict[str, list[Register]] = {}
    for meter, row in _rows(reader, wanted, start_ns, end_ns):
        found.setdefault(meter, []).append(_register(row))
    for registers in found.values():
        registers.sort(key=lambda one: one.start_ns)
    return found


def _register(row: tuple[int, ...]) -> Register:
    return Register(
        start_ns=row[0] * SECOND_NS,
        energy=Energy(*row[2:5]),
        covered_ns=row[5],
        elapsed_ns=row[6],
        peak_mw=None,
    )
