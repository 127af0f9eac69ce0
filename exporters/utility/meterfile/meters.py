"""Whose readings a file has: one meter's, or of one that followed another."""

from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from zoneinfo import ZoneInfo

from collector.shown import shown
from exporters.utility.tariff.errors import ReadingsError
from exporters.utility.tariff.readings import Interval


def check_one_meter(name: str, intervals: Sequence[Interval], customers: Sequence[str]) -> None:
    """Refuse a file of several meters, one after the other, and one of several customers.

    Args:
        name: the file's.
        intervals: its readings.
        customers: the customer's number of each, empty where none is told.

    Raises:
        ReadingsError: with the line.
    """
    for (before, one), (after, other) in pairwise(zip(intervals, customers, strict=True)):
        if one != other:
            raise ReadingsError(
                f"{name}, line {after.line}: customer {_named(other)} follows customer "
                f"{_named(one)}; give a file of one customer"
            )
        if before.meter != after.meter and after.start <= before.start:
            raise ReadingsError(
                f"{name}, line {after.line}: meter {_named(after.meter)} after "
                f"{_named(before.meter)} goes back in time; give a file of one meter"
            )


def _named(number: str) -> str:
    return shown(number) or "(none)"


def meter_changes(
    intervals: Sequence[Interval], first: date, end: date, zone: ZoneInfo
) -> list[str]:
    """Where one meter follows another, on the days from `first` to before `end`."""
    return [
        f"line {after.line}: {after.start.astimezone(zone):%Y-%m-%d %H:%M}: meter "
        f"{_named(after.meter)} follows meter {_named(before.meter)}"
        for before, after in pairwise(intervals)
        if before.meter != after.meter and first <= after.start.astimezone(zone).date() < end
    ]


def check_meter_changes(changes: Sequence[str]) -> None:
    """Refuse a change of the meter that nobody has looked at.

    Raises:
        ReadingsError: with the lines.
    """
    if changes:
        raise ReadingsError(
            "\n".join(changes) + "\nhas the new meter the same multiplier, and is nothing between "
            "the two missing? Say that it is right (--multiplier-checked)"
        )
