"""Tariff files, rates of the Utility Rate Database, and periods as people write them."""

import json
import math
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from exporters.utility.tariff import TariffError, parse_period
from exporters.utility.tariff.explain import explain
from exporters.utility.tariff.period import Month
from exporters.utility.tariff.shelf import from_file
from exporters.utility.tariff.tariff import Tariff
from exporters.utility.tariff.urdb import import_urdb
from tests.fuzz import json_changes, odd, toml_changes
from tests.fuzz.choices import Choices
from tests.fuzz.target import Target, written
from tests.fuzz.words import MANY_LINES, checked

TEXT = """\
include = ["common.toml"]

[meta]
title = "one price"
valid_from = 2024-01-01
valid_to = 2029-12-31
verified = false
verified_how = "not at all"
sources = [{ what = "a bill", where = "notes", seen = "it" }]

[[bands]]
days = ["weekday"]
hours.mid = ["00:00-09:00", "10:00-24:00"]
hours.max = ["09:00-10:00"]

[[bands]]
seasons = ["summer", "winter"]
days = ["saturday", "sunday", "holiday"]
hours.mid = ["00:00-24:00"]

[[demand]]
id = "base"
title = "Demand"
bands = ["max"]
window_minutes = 15
ratchet = { months = [12, 1, 2], months_back = 12, ratio = 0.9 }
floor_of_contract = 0.3

[excess]
title = "excess"
demand = "base"
steps = [{ from_ratio = 1.0, multiplier = 2.5 }]

[[power_factor]]
direction = "lagging"
hours = ["09:00-23:00"]
valid_from = 2024-01-01
standard_percent = 90
floor_percent = 60
ratio_per_point = 0.005

[[discount]]
id = "night"
title = "Night"
days = ["weekday"]
hours = ["00:00-06:00"]
ratio = 0.5
unit_rounding = { mode = "down", to = 0.1 }

[[adder]]
id = "fuel"
title = "Fuel"
by = "date"
values = [{ valid_from = 2024-01-01, value = 5, source = "a page" }]

[[fixed]]
id = "customer"
title = "Customer"
amount = 10
per = "month"

[[tariff]]
id = "flat"
name = "one price"
demand.base = 8320
energy.summer = { mid = 110.5, max = 120 }
energy.winter = { mid = 90, max = [{ up_to_kwh = 100, rate = 1 }, { rate = 2 }] }
"""
COMMON = b"""\
[meta]
currency = "KRW"
zone = "Asia/Seoul"
bands = ["mid", "max"]

[rounding]
line = { mode = "down", to = 1 }
total = { mode = "down", to = 10 }

[calendar]
country = "KR"
extra = [{ day = 2026-05-01, name = "Labour" }]

[[season]]
name = "summer"
months = [4, 5, 6, 7, 8, 9]

[[season]]
name = "winter"
months = [10, 11, 12, 1, 2, 3]

[[levy]]
id = "fund"
title = "Fund"
rounding = { mode = "down", to = 10 }
ratios = [{ valid_from = 2024-01-01, value = 0.032, source = "a law" }]
"""
_MORE = (
    "include = 5",
    'include = "common.toml"',
    'include = ["tariff.toml"]',
    'include = [[], {}, "../x", "\\u0000"]',
    f'include = ["{"x" * 500}"]',
    'zone = "Asia"',
    'zone = "/etc/localtime"',
    f'zone = "{"Z" * 300}"',
    'currency = "\\u001b[31m"',
    'hours.max = ["22:00-08:00"]',
    'hours.max = ["99:99-00:00"]',
    "to = 1e-999999",
    "months = [1, 1, 13, -1]",
    'country = "XX"',
    "[[tariff]]",
    "[[season]]",
    "[tariff]",
    "valid_from = 0001-01-01",
    "valid_to = 9999-12-31",
)
_AT = datetime(2026, 11, 20, 10, 15, tzinfo=UTC)


def _make(choices: Choices) -> tuple[bytes, bytes]:
    if choices.seldom(4):
        common = toml_changes.changed(COMMON.decode(), choices, _MORE)
        return TEXT.encode(), common
    return toml_changes.changed(TEXT, choices, _MORE), COMMON


def _run(given: tuple[bytes, bytes]) -> bool:
    data, common = given
    written("common.toml", common)
    try:
        shelved = from_file(written("tariff.toml", data))
        for each in shelved:
            _used(Tariff.of(each))
    except TariffError as error:
        checked(error, lines=MANY_LINES)
        return False
    return True


def _used(tariff: Tariff) -> None:
    """What a tariff that was taken says of an instant."""
    said = explain(tariff, _AT).as_dict()
    amounts = [said["price"], *said["discounts"].values(), *said["adders"].values()]
    for amount in (amount for amount in amounts if amount is not None):
        assert isinstance(amount, Decimal)
        assert amount.is_finite()
        assert abs(amount.adjusted()) < 60, amount
    assert json.dumps(said, default=str)


_FLAT, _DAY = [0] * 24, [0] * 16 + [1] * 5 + [0] * 3
RATE: Mapping[str, Any] = {
    "label": "539f6d0aec4f024411ecb11d",
    "utility": "Example Power",
    "name": "TOU-8",
    "startdate": 1767254400,
    "enddate": "2027-01-01",
    "energyratestructure": [
        [{"max": 100000, "rate": 0.10, "adj": 0.01, "unit": "kWh"}, {"rate": 0.08, "sell": 1}],
        [{"rate": 0.30}],
    ],
    "energyweekdayschedule": [_DAY] * 12,
    "energyweekendschedule": [_FLAT] * 12,
    "demandratestructure": [[{"rate": 0}], [{"rate": 20.5}]],
    "demandweekdayschedule": [_DAY] * 12,
    "demandweekendschedule": [_FLAT] * 12,
    "flatdemandstructure": [[{"rate": 5}], [{"rate": 7, "adj": 0.5}]],
    "flatdemandmonths": [0] * 6 + [1] * 6,
    "fixedchargefirstmeter": 300,
    "fixedchargeunits": "$/month",
    "demandwindow": 15,
    "mincharge": 0,
}


def _urdb(choices: Choices) -> tuple[str, str]:
    data = json_changes.changed({"items": [dict(RATE)]}, choices)
    zone = choices.pick(("America/Los_Angeles",) * 9 + ("Asia", "", "\0", "x" * 300))
    return data.decode("utf-8", "replace"), zone


def _run_urdb(given: tuple[str, str]) -> bool:
    content, zone = given
    try:
        imported = import_urdb(content, zone=zone, tariff_id="tou")
        from_file(written("imported.toml", imported.text.encode()))
    except TariffError as error:
        checked(error, lines=MANY_LINES)
        return False
    return True


_ARABIC = "\N{ARABIC-INDIC DIGIT ONE}"


def _period(choices: Choices) -> str:
    digits = ("2027", "0000", "0001", "9999", _ARABIC * 4, "20271")
    ends = ("", "-11", "-12", "-01", "-00", "-13", "-Q4", "-Q5", "-Q1", "\n", f"-{_ARABIC * 2}")
    if choices.seldom(4):
        return choices.pick(odd.TEXTS)
    return choices.pick(digits) + choices.pick(ends)


def _run_period(text: str) -> bool:
    taken = 0
    for reading_day in (1, 15, 99):
        try:
            for period in parse_period(text, reading_day):
                assert date.min < period.start < period.end < date.max
                assert 28 <= period.days <= 31, period
                taken += 1
        except TariffError as error:
            checked(error)
    try:
        month = Month.parse(text)
    except ValueError as error:
        checked(error)
    else:
        assert math.isfinite(month.first.toordinal())
    return bool(taken)


TARGETS = (
    Target(name="tariff", make=_make, run=_run, share=0.6),
    Target(name="urdb", make=_urdb, run=_run_urdb, share=0.5),
    Target(name="period", make=_period, run=_run_period, share=0.3),
)
