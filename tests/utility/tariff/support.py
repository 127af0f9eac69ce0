"""Readings and histories for bills. Nothing here knows a price."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from exporters.utility.tariff import (
    Bill,
    BillingPeriod,
    Contract,
    Interval,
    Month,
    MonthDemand,
    PowerFactors,
    Tariff,
    price,
)
from exporters.utility.tariff.tariff import Place

OWN = Path(__file__).parent / "files"
SEOUL = ZoneInfo("Asia/Seoul")
B2 = "kepco-industrial-eul-hv-b-2"
ADDER = Decimal("14.0")
_SLOT = timedelta(minutes=15)


def month(text: str, reading_day: int = 1) -> BillingPeriod:
    return BillingPeriod.of(Month.parse(text), reading_day)


def starts(period: BillingPeriod, zone: ZoneInfo = SEOUL) -> Iterator[datetime]:
    """The beginning of every quarter-hour of a bill."""
    at = datetime.combine(period.start, time(), zone).astimezone(UTC)
    end = datetime.combine(period.end, time(), zone).astimezone(UTC)
    while at < end:
        yield at.astimezone(zone)
        at += _SLOT


def flat(period: BillingPeriod, kw: int, zone: ZoneInfo = SEOUL) -> list[Interval]:
    return [Interval(at, Decimal(kw) / 4) for at in starts(period, zone)]


def with_peak(intervals: list[Interval], at: str, kw: int) -> list[Interval]:
    """The same with one quarter-hour at another power; `at` is local, like 2027-11-03T10:15."""
    wanted = datetime.fromisoformat(at).replace(tzinfo=SEOUL)
    assert any(each.start == wanted for each in intervals)
    return [
        replace(each, kwh=Decimal(kw) / 4) if each.start == wanted else each for each in intervals
    ]


def spread(
    period: BillingPeriod,
    tariff: Tariff,
    kwh: Mapping[str, int],
    key: Callable[[Place], str] = lambda place: place.band,
) -> list[Interval]:
    """So much energy in each band (or what `key` makes of a place), in whole watt-hours."""
    groups: dict[str, list[datetime]] = {}
    for at in starts(period):
        groups.setdefault(key(tariff.place(at)), []).append(at)
    found = []
    for name, total in kwh.items():
        each, rest = divmod(total * 1000, len(groups[name]))
        found += [
            Interval(at, Decimal(each + (1 if n < rest else 0)) / 1000)
            for n, at in enumerate(groups[name])
        ]
    return sorted(found, key=lambda interval: interval.start)


def history(period: BillingPeriod, kw: int = 36_000, **others: int) -> list[MonthDemand]:
    """The twelve months before a bill; others by name, like m2027_08=40_000."""
    months = [period.month.plus(-n) for n in range(12, 0, -1)]
    named = {name.removeprefix("m").replace("_", "-"): value for name, value in others.items()}
    assert set(named) <= {str(each) for each in months}
    return [
        MonthDemand(month=each, kw=Decimal(named.get(str(each), kw)), kw_off_peak=Decimal(kw))
        for each in months
    ]


def make_bill(  # noqa: PLR0913 - what bills differ in
    tariff: str,
    period: BillingPeriod,
    intervals: list[Interval],
    *,
    contract: Contract | None = None,
    earlier: list[MonthDemand] | None = None,
    adder: Decimal | None = ADDER,
    reactive: PowerFactors | None = None,
    own: Path | None = None,
) -> Bill:
    """A bill for a contract of 40 MW, 36 MW in every earlier month, adders of 14 won."""
    bill = price(
        intervals,
        versions=Tariff.versions(tariff, own=own),
        period=period,
        contract=contract or Contract(kw=Decimal(40_000)),
        history=history(period) if earlier is None else earlier,
        adder=adder,
        reactive=reactive,
    )
    assert sum(line.amount for line in bill.lines) == bill.total
    return bill


def amounts(bill: Bill) -> dict[str, Decimal]:
    return {line.id: line.amount for line in bill.lines}


def seen(*values: object) -> tuple[object, ...]:
    """Values to compare with plain numbers, whatever their type."""
    return values


def day(text: str) -> date:
    return date.fromisoformat(text)
