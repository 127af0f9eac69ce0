"""Which days are holidays for KEPCO, and what a missing library says."""

import sys
from datetime import date, timedelta

import pytest

from exporters.utility.tariff import HolidaysMissingError, Tariff
from exporters.utility.tariff.calendar import Calendar, _holidays
from exporters.utility.tariff.spec import CalendarSpec, NamedDay
from tests.utility.tariff.support import B2

CALENDAR = Tariff.load(B2, date(2027, 1, 1)).calendar
OF_2027 = """01-01 02-06 02-07 02-08 02-09 03-01 05-01 05-03 05-05 05-13 06-06 07-17 07-19
08-15 08-16 09-14 09-15 09-16 10-03 10-04 10-09 10-11 12-25 12-27"""
"""The government's calendar for 2027, as the notes on KEPCO's bill have it."""


def test_the_holidays_of_2027() -> None:
    year = [date(2027, 1, 1) + timedelta(days=n) for n in range(365)]
    found = [f"{day:%m-%d}" for day in year if CALENDAR.day_type(day)[0] == "holiday"]
    assert " ".join(found) == " ".join(OF_2027.split())


@pytest.mark.parametrize(
    ("day", "what"),
    [
        ("2025-01-27", "weekday"),  # proclaimed for one occasion
        ("2025-06-03", "weekday"),  # election after a vacancy: proclaimed
        ("2024-10-01", "weekday"),  # Armed Forces Day of 2024: proclaimed
        ("2026-06-03", "holiday"),  # regular local election
        ("2028-04-12", "holiday"),  # regular election
        ("2025-05-01", "weekday"),  # Labour Day before 2026
        ("2026-05-01", "holiday"),
        ("2025-07-17", "weekday"),  # Constitution Day before 2026
        ("2026-07-17", "holiday"),
        ("2026-08-17", "holiday"),  # substitute
        ("2027-10-09", "holiday"),  # a holiday on a Saturday
        ("2027-10-02", "saturday"),
        ("2027-10-10", "sunday"),
        ("2027-10-03", "holiday"),  # a holiday on a Sunday
    ],
)
def test_kinds_of_days(day: str, what: str) -> None:
    assert CALENDAR.day_type(date.fromisoformat(day))[0] == what


def test_the_rule_for_temporary_holidays_does_not_hang_on_the_list() -> None:
    counting = Calendar(CalendarSpec(country="KR"))
    not_counting = Calendar(CalendarSpec(country="KR", exclude_temporary=True))
    for text in ("2024-10-01", "2025-01-27"):
        day = date.fromisoformat(text)
        assert counting.day_type(day)[0] == "holiday"
        assert not_counting.day_type(day)[0] == "weekday"


def test_a_file_may_add_and_take_away_days() -> None:
    day = NamedDay(day=date(2027, 11, 3), name="own")
    assert Calendar(CalendarSpec(extra=(day,))).day_type(day.day) == ("holiday", "own")
    new_year = NamedDay(day=date(2027, 1, 1), name="not here")
    plain = Calendar(CalendarSpec(country="KR", exclude=(new_year,)))
    assert plain.day_type(new_year.day) == ("weekday", "")


def test_without_the_library_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    _holidays.cache_clear()
    monkeypatch.setitem(sys.modules, "holidays", None)
    with pytest.raises(HolidaysMissingError, match=r"pip install wattkeeper\[report\]") as raised:
        Calendar(CalendarSpec(country="KR")).day_type(date(2027, 11, 3))
    assert "\n" not in str(raised.value)
    assert Calendar(CalendarSpec()).day_type(date(2027, 11, 3)) == ("weekday", "")
