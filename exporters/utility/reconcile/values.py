"""What a comparison comes to."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class Cause(StrEnum):
    """Why a quarter-hour differs; each difference has one cause, the first that holds."""

    MISSING_OURS = "missing_ours"
    MISSING_THEIRS = "missing_theirs"
    ESTIMATED = "estimated_or_edited_ours"
    CLOCK = "clock_shift"
    """Ours agrees with theirs when moved by the shift that was found."""
    MULTIPLIER = "constant_ratio"
    """Ours times the ratio that was found agrees with theirs."""
    UNEXPLAINED = "unexplained"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """All differences of one cause; their energies add up to the whole difference exactly.

    Attributes:
        quarters: how many quarter-hours.
        difference_wh: ours less theirs, in watt-hours.
        text: in words.
    """

    cause: Cause
    quarters: int
    difference_wh: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A quarter-hour that differs.

    Attributes:
        start: when it begins, local.
        ours_wh: None when missing.
        theirs_wh: None when missing.
        line: the line of their file; 0 when theirs is missing.
    """

    start: datetime
    ours_wh: int | None
    theirs_wh: int | None
    cause: Cause
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingsComparison:
    """Two series of readings, quarter-hour by quarter-hour. Energy in watt-hours.

    Attributes:
        compared: quarter-hours that both have.
        alike: of them, those that agree within the tolerance.
        tolerance_wh: what counts as agreement.
        alike_wh: differences within the tolerance, added up.
        shift_quarters: theirs runs so many quarter-hours behind ours; 0 for none.
        ratio: theirs to ours, when it is the same everywhere and not 1; None otherwise.
        parts: differences by cause.
        differences: every quarter-hour that differs, in order of time.
    """

    name: str
    ours_wh: int
    theirs_wh: int
    compared: int
    alike: int
    tolerance_wh: int
    alike_wh: int
    shift_quarters: int
    ratio: float | None
    parts: tuple[Part, ...]
    differences: tuple[Difference, ...]

    @property
    def difference_wh(self) -> int:
        """Ours less theirs."""
        return self.ours_wh - self.theirs_wh


@dataclass(frozen=True, slots=True, kw_only=True)
class LineComparison:
    """A line of the bill, ours and theirs; None on the side that has none.

    Attributes:
        line: of their file; 0 when theirs has none.
        text: what the difference is.
    """

    id: str
    ours: Decimal | None
    theirs: Decimal | None
    text: str
    line: int = 0

    @property
    def difference(self) -> Decimal:
        """Ours less theirs."""
        return (self.ours or Decimal(0)) - (self.theirs or Decimal(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class BillComparison:
    """A bill, line by line, the total last."""

    name: str
    currency: str
    lines: tuple[LineComparison, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """What was compared; None where nothing was given to compare with."""

    readings: ReadingsComparison | None = None
    bill: BillComparison | None = None
