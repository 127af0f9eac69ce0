"""Numbers for people: thousands apart, always as many digits as said."""

from decimal import Decimal

from exporters.utility.report.words import Words

_WH_PER_KWH = 1000


def count(value: int) -> str:
    """A whole number."""
    return f"{value:,}"


def kwh(watt_hours: int) -> str:
    """Watt-hours in whole kilowatt-hours."""
    return f"{(watt_hours + _WH_PER_KWH // 2) // _WH_PER_KWH:,}"


def number(value: Decimal | float, digits: int) -> str:
    """With so many digits behind the point."""
    return f"{value:,.{digits}f}"


def percent(ratio: float | Decimal, digits: int = 1) -> str:
    """A ratio in percent; never 100 % while something is lacking, nor 0 % while there is some."""
    value, step = Decimal(str(ratio)) * 100, Decimal(1).scaleb(-digits)
    shown = value.quantize(step)
    if value < 100 <= shown:  # noqa: PLR2004 - all of it
        shown = 100 - step
    elif value > 0 == shown:
        return f"< {step} %"
    return f"{shown} %"


def money(amount: Decimal, currency: str, words: Words) -> str:
    """An amount with its currency."""
    if currency == "KRW":
        return f"{amount:,.0f}원" if words.korean else f"{amount:,.0f} KRW"
    return f"{amount:,.2f} {currency}"


def bare(amount: Decimal, currency: str) -> str:
    """An amount in a column whose head names the currency."""
    return f"{amount:,.0f}" if currency == "KRW" else f"{amount:,.2f}"


def unit_price(rate: Decimal, currency: str, words: Words) -> str:
    """A price per kWh."""
    if currency == "KRW":
        return f"{rate:,.1f}원" if words.korean else f"{rate:,.1f} KRW"
    return f"{rate:,.4f} {currency}"
