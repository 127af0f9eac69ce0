"""Hours of day in quarters: what a tariff file writes, and what is missing or said twice."""

import re
from collections.abc import Iterable, Mapping

from collector.shown import quoted

SLOTS = 96
"""Quarter-hours of a day."""
SLOT_MINUTES = 15
_RANGE = re.compile(r"(\d{2}):(\d{2})-(\d{2}):(\d{2})", re.ASCII)


def slots_of(ranges: Iterable[str]) -> list[int]:
    """The quarters of ranges like `08:00-15:00`. `22:00-08:00` goes over midnight.

    Raises:
        ValueError: a range is none, or not on quarter-hours.
    """
    found: list[int] = []
    for text in ranges:
        parts = _RANGE.fullmatch(text)
        if parts is None:
            raise ValueError(f"{quoted(text)} is no range of hours; write it like 08:00-15:00")
        first, last = _slot(parts[1], parts[2], text), _slot(parts[3], parts[4], text)
        if first in (last, SLOTS):
            raise ValueError(f"{quoted(text)} is empty; a whole day is 00:00-24:00")
        found += range(first, last) if first < last else [*range(first, SLOTS), *range(last)]
    return found


def _slot(hour: str, minute: str, text: str) -> int:
    minutes = int(hour) * 60 + int(minute)
    if int(minute) % SLOT_MINUTES or int(minute) > 45 or minutes > 24 * 60:  # noqa: PLR2004 - quarters
        raise ValueError(f"{quoted(text)} is not on quarter-hours between 00:00 and 24:00")
    return minutes // SLOT_MINUTES


def day_of_bands(hours: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """The band of each quarter of a day.

    Raises:
        ValueError: hours without a band, or with two.
    """
    bands = [""] * SLOTS
    twice: list[int] = []
    for band, ranges in hours.items():
        for slot in slots_of(ranges):
            if bands[slot]:
                twice.append(slot)
            bands[slot] = band
    holes = [slot for slot, band in enumerate(bands) if not band]
    if holes:
        raise ValueError(f"no band has {in_words(holes)}")
    if twice:
        raise ValueError(f"more than one band has {in_words(twice)}")
    return tuple(bands)


def in_words(slots: Iterable[int]) -> str:
    """Quarters as ranges of hours."""
    ranges: list[list[int]] = []
    for slot in sorted(set(slots)):
        if ranges and ranges[-1][1] == slot:
            ranges[-1][1] = slot + 1
        else:
            ranges.append([slot, slot + 1])
    return ", ".join(f"{_clock(first)}-{_clock(last)}" for first, last in ranges)


def _clock(slot: int) -> str:
    return f"{slot // 4:02}:{slot % 4 * SLOT_MINUTES:02}"
