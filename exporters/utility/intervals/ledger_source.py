"""A site's meters as its ledger has them: all of them in one pass over the file."""

from collections.abc import Sequence
from itertools import chain

import numpy as np

from collector.ledger import AccountKey, LedgerReader
from exporters.utility.intervals.arrays import Ints
from exporters.utility.intervals.errors import IntervalError
from exporters.utility.intervals.grid import Grid
from exporters.utility.intervals.quality import SLOT_SECONDS
from exporters.utility.intervals.series import Raw

_KIND, _SCOPE = "meter", "active"
"""What the site's daemon books the active energy of a meter as."""
_NS_PER_MS = 1_000_000
_COLUMNS = 7


def read_registers(reader: LedgerReader, meters: Sequence[str], grid: Grid) -> dict[str, Raw]:
    """Read meters' registers of 15 minutes.

    Args:
        reader: of the site's ledger.
        meters: their ids.
        grid: which quarter-hours.

    Returns:
        Each meter's, in the order asked for.

    Raises:
        IntervalError: the ledger knows nothing of a meter.
        LedgerError: it cannot be read.
    """
    numbers = reader.numbers()
    wanted = [numbers.get(AccountKey(_KIND, meter, _SCOPE)) for meter in meters]
    lost = [meter for meter, number in zip(meters, wanted, strict=True) if number is None]
    if lost:
        raise IntervalError(
            f"the ledger knows nothing of meter {', '.join(lost[:10])}: its [[meter]] in the site "
            "file needs `register = true`, and the site's daemon must have had readings of it"
        )
    known = [number for number in wanted if number is not None]
    rows = np.full(max(known, default=0) + 1, -1, dtype=np.int64)
    rows[known] = np.arange(len(known))
    shape = (len(known), len(grid))
    energy, elapsed, covered = (np.zeros(shape, dtype=kind) for kind in ("i8", "i4", "i4"))
    integrated, estimated = (np.zeros(shape, dtype=np.bool_) for _ in range(2))
    for chunk in reader.quarter_hours(known, grid.start_s, grid.end_s):
        table = _table(chunk)
        place = (rows[table[:, 1]], (table[:, 0] - grid.start_s) // SLOT_SECONDS)
        energy[place] = table[:, 2:5].sum(axis=1)
        integrated[place] = table[:, 3] != 0
        estimated[place] = table[:, 4] != 0
        covered[place] = table[:, 5] // _NS_PER_MS
        elapsed[place] = table[:, 6] // _NS_PER_MS
    return {
        meter: Raw(meter, energy[n], elapsed[n], covered[n], integrated[n], estimated[n])
        for n, meter in enumerate(meters)
    }


def known_meters(reader: LedgerReader) -> frozenset[str]:
    """The ids of the meters that a ledger has registers of.

    Raises:
        LedgerError: it cannot be read.
    """
    return frozenset(
        key.device for key in reader.numbers() if (key.kind, key.scope) == (_KIND, _SCOPE)
    )


def _table(rows: list[tuple[int, ...]]) -> Ints:
    flat = np.fromiter(chain.from_iterable(rows), dtype=np.int64, count=len(rows) * _COLUMNS)
    return flat.reshape(len(rows), _COLUMNS)
