"""Quarter-hours, ledgers and sites to test with."""

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from collector.ledger.migrate import migrations
from exporters.utility.intervals.arrays import Codes, Ints
from exporters.utility.intervals.grid import Grid
from exporters.utility.intervals.quality import MJ_PER_WH, SLOT_MS, SLOT_SECONDS, Quality
from exporters.utility.intervals.series import Raw, Series

SEOUL = ZoneInfo("Asia/Seoul")
BERLIN = ZoneInfo("Europe/Berlin")
SLOT_NS = SLOT_SECONDS * 1_000_000_000

SITE = """
[site]
name = "north"
zone = "Asia/Seoul"
tariff = "kepco-industrial-eul-hv-b-2"

[[branch]]
id = "grid"
level = "feed"
contract_watts = "40 MW"

[[branch]]
id = "hall"
level = "substation"
parent = "grid"
rating_watts = "40 MW"

[[meter]]
id = "border"
branch = "grid"
role = "utility"
register = true
"""


def days(first: str, count: int, zone: ZoneInfo = SEOUL) -> Grid:
    start = date.fromisoformat(first)
    return Grid.of(start, date.fromordinal(start.toordinal() + count), zone)


def wavy(grid: Grid, watts: int = 36_000_000) -> Ints:
    """A load that is never twice the same, in millijoules: by the clock and the day."""
    clock, number = grid.clock, grid.days
    shape = watts + watts // 10 * np.sin(clock / 96 * 2 * np.pi) + 7 * number + 1009 * clock
    found: Ints = np.rint(shape * SLOT_MS).astype(np.int64)
    return found


def raw(grid: Grid, energy: Ints | None = None, meter: str = "border") -> Raw:
    values = wavy(grid) if energy is None else energy
    return Raw.whole(meter, values, np.ones(len(grid), dtype=np.bool_))


def series(grid: Grid, energy: Ints | None = None, meter: str = "border") -> Series:
    values = wavy(grid) if energy is None else energy
    quality: Codes = np.full(len(grid), Quality.VALIDATED, dtype=np.int8)
    return Series(meter, grid, values, quality, np.zeros(len(grid), dtype=np.int64))


def without(found: Series, *spans: tuple[int, int]) -> Series:
    quality = found.quality.copy()
    for low, high in spans:
        quality[low:high] = Quality.MISSING
    return Series(found.meter, found.grid, found.energy_mj, quality, found.known_mj)


def watt_hours(*values: int) -> Ints:
    return np.array(values, dtype=np.int64) * MJ_PER_WH


def make_ledger(
    path: Path, grid: Grid, meters: Mapping[str, Ints], without: Sequence[int] = ()
) -> Path:
    """A ledger's file with whole registers, all but some."""
    connection = sqlite3.connect(path)
    for script in migrations():
        connection.executescript(script)
    connection.execute(f"PRAGMA user_version = {len(migrations())}")
    for number, (meter, energy) in enumerate(meters.items(), 1):
        connection.execute("INSERT INTO account VALUES (?, 'meter', ?, 'active')", (number, meter))
        connection.executemany(
            "INSERT INTO register_quarter_hour VALUES (?, ?, ?, 0, 0, ?, ?, NULL)",
            (
                (grid.at_s(n), number, value, SLOT_NS, SLOT_NS)
                for n, value in enumerate(energy.tolist())
                if n not in without
            ),
        )
    connection.commit()
    connection.close()
    return path
