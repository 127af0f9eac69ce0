"""How good a quarter-hour is, in ESPI's codes."""

from enum import IntEnum

SLOT_SECONDS = 900
SLOT_MS = SLOT_SECONDS * 1000
MJ_PER_WH = 3_600_000


class Quality(IntEnum):
    """ESPI's `QualityOfReading` (NAESB REQ.21, 4.0), as far as it is used here.

    19, revenue quality, is never claimed: only the utility's own meter has it.
    """

    MISSING = -1
    """No code of ESPI: there is no reading, so none is handed on, and the gap is listed."""
    EDITED = 7
    """Set by a person."""
    REFERENCE_DAY = 8
    """Estimated by days like it."""
    INTERPOLATED = 9
    """Estimated between what came before and after."""
    DERIVED = 11
    """Integrated from power."""
    MIXED = 13
    """A sum of parts of different quality."""
    RAW = 14
    """Counted by the meter; a validation rule has something to say about it."""
    VALIDATED = 17
    """Counted by the meter; every validation rule was passed."""

    @property
    def estimated(self) -> bool:
        """Whether somebody put it there whom no meter told."""
        return self in (Quality.EDITED, Quality.REFERENCE_DAY, Quality.INTERPOLATED)
