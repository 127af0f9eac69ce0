"""What a tariff file says, as values. The keys of the file are the names of these attributes.

Money is in the file's currency, power in kW, energy in kWh, ratios are shares of 1.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from pydantic import ConfigDict

from exporters.utility.tariff.charges import (
    AdderSpec,
    DayType,
    DemandSpec,
    DiscountSpec,
    ExcessSpec,
    FixedSpec,
    LevySpec,
    PowerFactorSpec,
    Tier,
)
from exporters.utility.tariff.money import Amount, Rounding

_STRICT = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where figures come from."""

    __pydantic_config__ = _STRICT

    what: str
    where: str
    seen: str
    """What of it was seen: the text itself, a transcription, a mention."""
    sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meta:
    """What the file is.

    Attributes:
        takes_effect: `date`: bills are split at `valid_from`; `billing_month`: a bill belongs
            wholly to the version of its month.
        deferred_to: until when customers who applied kept this version beyond `valid_to`.
        verified: whether its figures were compared with the utility's own text.
        unverified: what to settle before a bill is paid by it.
    """

    __pydantic_config__ = _STRICT

    title: str
    currency: str
    zone: str
    bands: tuple[str, ...]
    valid_from: date
    valid_to: date | None = None
    takes_effect: Literal["date", "billing_month"] = "date"
    deferred_to: date | None = None
    verified: bool
    verified_how: str
    unverified: tuple[str, ...] = ()
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundingSpec:
    """How quantities and amounts are rounded, where a charge does not say otherwise."""

    __pydantic_config__ = _STRICT

    kwh: Rounding | None = None
    kw: Rounding | None = None
    line: Rounding
    total: Rounding


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedDay:
    """A day with a name."""

    __pydantic_config__ = _STRICT

    day: date
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarSpec:
    """Which days are holidays.

    Attributes:
        country: whose public holidays, as a two-letter code; none without it.
        exclude_temporary: those proclaimed for one occasion do not count.
        exclude: further days that do not count.
        extra: further days that do.
    """

    __pydantic_config__ = _STRICT

    country: str = ""
    exclude_temporary: bool = False
    exclude: tuple[NamedDay, ...] = ()
    extra: tuple[NamedDay, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SeasonSpec:
    """A season: whole calendar months."""

    __pydantic_config__ = _STRICT

    name: str
    months: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BandsSpec:
    """The bands of certain days; all 24 hours must have one."""

    __pydantic_config__ = _STRICT

    seasons: tuple[str, ...] = ()
    """All when empty."""
    days: tuple[DayType, ...]
    hours: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionSpec:
    """One tariff of the file, with its prices."""

    __pydantic_config__ = _STRICT

    id: str
    name: str
    demand: Mapping[str, Amount] = field(default_factory=dict)
    """By demand charge, per kW and month."""
    energy: Mapping[str, Mapping[str, Amount | tuple[Tier, ...]]]
    """By season and band, per kWh."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSpec:
    """A whole tariff file, what it includes merged in."""

    __pydantic_config__ = _STRICT

    meta: Meta
    rounding: RoundingSpec
    calendar: CalendarSpec = field(default_factory=CalendarSpec)
    season: tuple[SeasonSpec, ...]
    bands: tuple[BandsSpec, ...]
    demand: tuple[DemandSpec, ...] = ()
    fixed: tuple[FixedSpec, ...] = ()
    excess: ExcessSpec | None = None
    power_factor: tuple[PowerFactorSpec, ...] = ()
    discount: tuple[DiscountSpec, ...] = ()
    adder: tuple[AdderSpec, ...] = ()
    levy: tuple[LevySpec, ...] = ()
    tariff: tuple[OptionSpec, ...]
