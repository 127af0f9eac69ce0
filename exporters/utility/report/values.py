"""What a report says beside interval data and bills: PUE, carbon, split, sources."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from exporters.utility.split.values import Split


@dataclass(frozen=True, slots=True, kw_only=True)
class Pue:
    """PUE over the report's period: E_DC / E_IT (ISO/IEC 30134-2).

    Attributes:
        value: the ratio; None where too little is known.
        category: 1 at the UPS's output, 2 at the PDU's, 3 at the IT equipment's input.
        coverage_ratio: the share of quarter-hours in which every meter of both sides told.
        interim: whether the period is shorter than the 12 months that the figure is defined over.
        dc_meters: what the whole site is measured by.
        dc_wh: what it used in the quarter-hours that count.
        it_meters: what the IT equipment is measured by.
        it_wh: what it used in them.
    """

    value: Decimal | None
    category: int
    coverage_ratio: float
    interim: bool
    dc_meters: tuple[str, ...]
    dc_wh: int
    it_meters: tuple[str, ...]
    it_wh: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CarbonPart:
    """Energy that one dated emission factor is for. `end` is the day after the last."""

    valid_from: date
    kg_per_kwh: Decimal
    source: str
    start: date
    end: date
    energy_wh: int
    grams: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Carbon:
    """What the billed energy emitted, by the factors of one name.

    Attributes:
        name: what the factors are for.
        parts: by factor, in order of time.
        without_wh: energy of days before the first factor: in no sum.
    """

    name: str
    parts: tuple[CarbonPart, ...]
    without_wh: int

    @property
    def grams(self) -> int:
        """All of it."""
        return sum(part.grams for part in self.parts)


@dataclass(frozen=True, slots=True)
class Peak:
    """A quarter-hour's mean power, and when it began, local."""

    at: datetime
    kw: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class GridImpact:
    """What a grid's operator asks of a large load, from quarter-hours.

    Attributes:
        peaks: the highest, highest first.
        mean_kw: of the quarter-hours that there are.
        load_factor: mean over highest; None without load.
        ramp_up: the largest rise from one quarter-hour to the next; `at` is when the later began.
        ramp_down: the largest fall, above 0.
    """

    peaks: tuple[Peak, ...]
    mean_kw: Decimal | None
    load_factor: Decimal | None
    ramp_up: Peak | None
    ramp_down: Peak | None


@dataclass(frozen=True, slots=True)
class Source:
    """Something that the report was made from: what it is, its name and the SHA-256 of it."""

    kind: str
    name: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Extras:
    """What a report says beside interval data and bills.

    Attributes:
        version: of the program.
        site: the site's name; empty without a site file.
        contract_kw: the contract's power; None when not known.
        pue: None where there is no site file, or no meters for it.
        carbon: one for each name of emission factors.
        split: None when there is none.
        split_missing: why there is none; empty when none was asked for.
        sources: files, besides those of the tariff.
        notes: what a reader must know.
    """

    version: str
    site: str = ""
    contract_kw: Decimal | None = None
    pue: Pue | None = None
    carbon: tuple[Carbon, ...] = ()
    split: Split | None = None
    split_missing: str = ""
    sources: tuple[Source, ...] = ()
    notes: tuple[str, ...] = ()
