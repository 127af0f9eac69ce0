"""A meter's quarter-hours: as they were found, and as they are handed on."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from exporters.utility.intervals.arrays import Codes, Ints, Mask, exact_sum, runs
from exporters.utility.intervals.grid import Grid
from exporters.utility.intervals.quality import MJ_PER_WH, SLOT_MS, Quality


@dataclass(frozen=True, slots=True, eq=False)
class Raw:
    """A meter's registers of 15 minutes, as the ledger or a file has them.

    Attributes:
        meter: its id.
        energy_mj: in each quarter-hour of the grid; 0 where nothing was accounted for.
        elapsed_ms: for how much of it something was accounted for.
        covered_ms: for how much of it somebody looked.
        integrated: where a part was integrated from power.
        estimated: where a part was bridged by the daemon.
    """

    meter: str
    energy_mj: Ints
    elapsed_ms: Ints
    covered_ms: Ints
    integrated: Mask
    estimated: Mask

    @classmethod
    def whole(cls, meter: str, energy_mj: Ints, present: Mask) -> "Raw":
        """Quarter-hours that are there wholly or not at all."""
        elapsed = np.where(present, SLOT_MS, 0).astype(np.int64)
        integrated, estimated = (np.zeros(len(energy_mj), dtype=np.bool_) for _ in range(2))
        energy = np.where(present, energy_mj, 0)
        return cls(meter, energy, elapsed, elapsed.copy(), integrated, estimated)


@dataclass(frozen=True, slots=True)
class Hole:
    """Quarter-hours in a row that are not handed on.

    Attributes:
        start: when it begins, local.
        end: when it ends, local.
        quarters: how many they are.
        known_wh: what the meter counted in parts of it nevertheless; in no total.
    """

    start: datetime
    end: datetime
    quarters: int
    known_wh: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """A meter's quarter-hours after validation, estimation and editing.

    Attributes:
        meter: its id.
        energy_mj: in each quarter-hour; means nothing where the quality is `MISSING`.
        quality: code of each.
        known_mj: of a quarter-hour that is missing, what was counted in a part of it.
    """

    meter: str
    grid: Grid
    energy_mj: Ints
    quality: Codes
    known_mj: Ints

    @property
    def present(self) -> Mask:
        """Where there is a reading."""
        there: Mask = self.quality != Quality.MISSING
        return there

    @property
    def total_mj(self) -> int:
        """All of it, exactly."""
        return exact_sum(self.energy_mj[self.present])

    @property
    def watt_hours(self) -> Ints:
        """Whole watt-hours of each quarter-hour; 0 where it is missing.

        A millijoule is no whole part of a watt-hour. What a day's readings add up to is cut to
        watt-hours once, so a reading is wrong by less than 1 Wh and a day by less than 1 Wh. Since
        a day is never split, sums are the same however days are put together.
        """
        # A year's sum may wrap around at 64 bits; the difference within a day is right even so.
        upto = np.where(self.present, self.energy_mj, 0).astype(np.uint64).cumsum()
        firsts = self.grid.edges[:-1]
        before_day = np.concatenate((np.zeros(1, dtype=np.uint64), upto))[firsts]
        cut = ((upto - before_day[self.grid.days]) // np.uint64(MJ_PER_WH)).astype(np.int64)
        before = np.concatenate((np.zeros(1, dtype=np.int64), cut[:-1]))
        before[firsts] = 0
        found: Ints = cut - before
        return found

    def counts(self) -> dict[str, int]:
        """How many quarter-hours have which quality, by its name."""
        codes, numbers = np.unique(self.quality, return_counts=True)
        return {
            Quality(int(code)).name.lower(): int(number)
            for code, number in zip(codes, numbers, strict=True)
        }

    def holes(self) -> tuple[Hole, ...]:
        """What is not handed on, in order."""
        return tuple(
            Hole(
                self.grid.local(low),
                self.grid.local(high),
                high - low,
                exact_sum(self.known_mj[low:high]) // MJ_PER_WH,
            )
            for low, high in runs(~self.present)
        )

    def cropped(self, grid: Grid) -> "Series":
        """The same on fewer days, all of them in this grid."""
        part = self.grid.span(grid.first, grid.end)
        return Series(
            self.meter, grid, self.energy_mj[part], self.quality[part], self.known_mj[part]
        )


def added(name: str, parts: tuple[Series, ...]) -> Series:
    """The sum of several meters; missing where one of them is, so that none counts as zero."""
    if len(parts) == 1:
        return parts[0]
    present = np.logical_and.reduce([part.present for part in parts])
    qualities = np.stack([part.quality for part in parts])
    alike = (qualities == qualities[0]).all(axis=0)
    quality = np.where(alike, qualities[0], Quality.MIXED).astype(np.int8)
    energy = np.sum([np.where(part.present, part.energy_mj, 0) for part in parts], axis=0)
    known = np.sum([part.known_mj for part in parts], axis=0) + energy
    return Series(
        name,
        parts[0].grid,
        np.where(present, energy, 0),
        np.where(present, quality, Quality.MISSING).astype(np.int8),
        np.where(present, 0, known),
    )
