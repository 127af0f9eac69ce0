"""What a tariff file says about charges, as values: demand, excess, power factor, levies and so on.

Money is in the file's currency, power in kW, energy in kWh, ratios are shares of 1.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from exporters.utility.tariff.money import Amount, Rounding

_STRICT = ConfigDict(extra="forbid")
DayType = Literal["weekday", "saturday", "sunday", "holiday"]
DAY_TYPES: tuple[DayType, ...] = ("weekday", "saturday", "sunday", "holiday")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """A price up to so much energy in the bill; the last tier has no end."""

    __pydantic_config__ = _STRICT

    up_to_kwh: Amount | None = None
    rate: Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class RatchetSpec:
    """Earlier months that still count.

    Attributes:
        months: which months of the year count (1 to 12).
        months_back: how far back, the billed month included.
        ratio: which share of their demand counts.
    """

    __pydantic_config__ = _STRICT

    months: tuple[int, ...]
    months_back: Annotated[int, Field(ge=1, le=1200)] = 12
    ratio: Amount = Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandSpec:
    """A charge for power: the highest mean over a window in certain bands."""

    __pydantic_config__ = _STRICT

    id: str
    title: str
    bands: tuple[str, ...] = ()
    """Bands whose demand counts; all when empty."""
    seasons: tuple[str, ...] = ()
    window_minutes: int = 15
    ratchet: RatchetSpec | None = None
    floor_of_contract: Amount | None = None
    """The least that is billed, as a share of the contract's power."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedSpec:
    """A charge for being a customer."""

    __pydantic_config__ = _STRICT

    id: str
    title: str
    amount: Amount
    per: Literal["day", "month"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExcessStep:
    """From this excess over the contract on, the whole excess costs so many times the rate."""

    __pydantic_config__ = _STRICT

    from_ratio: Amount
    multiplier: Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class ExcessSpec:
    """What drawing more than the contract allows costs; all hours count."""

    __pydantic_config__ = _STRICT

    title: str
    demand: str
    """The demand charge whose rate is multiplied."""
    steps: tuple[ExcessStep, ...]
    first_month_notice: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerFactorSpec:
    """A surcharge, and perhaps a credit, on the demand charges for the power factor."""

    __pydantic_config__ = _STRICT

    direction: Literal["lagging", "leading"]
    hours: tuple[str, ...]
    valid_from: date
    valid_to: date | None = None
    interval_minutes: int = 30
    standard_percent: Amount
    floor_percent: Amount
    cap_percent: Amount = Decimal(100)
    ratio_per_point: Amount
    credit: bool = False
    first_month_notice: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscountSpec:
    """A share off the energy price at certain hours."""

    __pydantic_config__ = _STRICT

    id: str
    title: str
    seasons: tuple[str, ...] = ()
    days: tuple[DayType, ...]
    hours: tuple[str, ...]
    ratio: Amount
    unit_rounding: Rounding | None = None
    """How the discount on one kWh is rounded."""
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedValue:
    """A value between two days, both included."""

    __pydantic_config__ = _STRICT

    valid_from: date
    valid_to: date | None = None
    value: Amount
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AdderSpec:
    """So much on every kWh, changing with time."""

    __pydantic_config__ = _STRICT

    id: str
    title: str
    by: Literal["date", "billing_month"]
    values: tuple[DatedValue, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LevySpec:
    """A share of all charges before levies. Across a change of it, blended by days."""

    __pydantic_config__ = _STRICT

    id: str
    title: str
    rounding: Rounding
    ratios: tuple[DatedValue, ...]


def in_force(valid_from: date, valid_to: date | None, day: date) -> bool:
    """Whether a day is between two, both included."""
    return valid_from <= day and (valid_to is None or day <= valid_to)
