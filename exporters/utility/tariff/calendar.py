"""What kind of day a day is. Public holidays come from the `holidays` package."""

import importlib
from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any

from collector.shown import quoted
from exporters.utility.tariff.charges import DayType
from exporters.utility.tariff.errors import HolidaysMissingError, TariffError
from exporters.utility.tariff.spec import CalendarSpec

_SATURDAY, _SUNDAY = 5, 6


class Calendar:
    """Kinds of days by a tariff's rule.

    Args:
        spec: the rule.
    """

    def __init__(self, spec: CalendarSpec) -> None:
        self._spec = spec
        self._extra = {entry.day: entry.name for entry in spec.extra}
        self._excluded = {entry.day for entry in spec.exclude}

    def day_type(self, day: date) -> tuple[DayType, str]:
        """What a day is, and the holiday's name if it is one. A holiday on a Saturday is a holiday.

        Raises:
            HolidaysMissingError: the tariff knows holidays and the package is not installed.
        """
        name = self._holiday(day)
        if name:
            return "holiday", name
        if day.weekday() == _SUNDAY:
            return "sunday", ""
        return ("saturday" if day.weekday() == _SATURDAY else "weekday"), ""

    def _holiday(self, day: date) -> str:
        if day in self._extra:
            return self._extra[day]
        if not self._spec.country or day in self._excluded:
            return ""
        regular, temporary = _holidays(self._spec.country, day.year)
        if self._spec.exclude_temporary and day in temporary:
            return ""
        return regular.get(day, "")


@cache
def _holidays(country: str, year: int) -> tuple[Mapping[date, str], frozenset[date]]:
    """The public holidays of a year, and which of them were proclaimed for one occasion."""
    try:
        library: Any = importlib.import_module("holidays")
    except ImportError:
        raise HolidaysMissingError(
            "this tariff knows public holidays, and the package for them is not installed: "
            "pip install wattkeeper[report]"
        ) from None
    try:
        found = library.country_holidays(country, years=year, language="en_US")
    except NotImplementedError:
        raise TariffError(
            f"the package `holidays` does not know the holidays of {quoted(country)}"
        ) from None
    special = {
        date(year, *entry[:2])
        for table in ("special_public_holidays", "special_public_holidays_observed")
        for entry in _entries(getattr(found, table, {}).get(year, ()))
    }
    return dict(found), frozenset(special)


def _entries(value: Any) -> list[tuple[Any, ...]]:
    """The package writes one entry bare and several as a tuple of them."""
    return [value] if value and not isinstance(value[0], tuple) else list(value)
