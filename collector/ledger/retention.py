"""How long registers are kept, and when to look for those that are too old."""

import time
from dataclasses import dataclass

DAY_SECONDS = 86_400
PRUNE_SECONDS = 3600.0
"""How long between two prunings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long registers are kept, in days; gaps are kept as long as quarter-hours."""

    minute_days: int
    quarter_hour_days: int

    def oldest(self) -> tuple[int, int]:
        """The start of the oldest minute and quarter-hour to keep, in UTC seconds."""
        now_s = int(time.time())
        return (
            now_s - self.minute_days * DAY_SECONDS,
            now_s - self.quarter_hour_days * DAY_SECONDS,
        )
