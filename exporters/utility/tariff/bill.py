"""A bill: what is charged, for how much of what, and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from exporters.utility.tariff.period import BillingPeriod
from exporters.utility.tariff.readings import Gap
from exporters.utility.tariff.tariff import Stretch


class Kind(StrEnum):
    """What a line is for."""

    CHARGE = "charge"
    LEVY = "levy"
    CUT = "cut"
    """What the rounding of the total takes away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line.

    Attributes:
        id: stable, for machines.
        quantity: of `unit`; None where there is none.
        rate: per unit; None where several rates have a part in it.
        amount: rounded by the tariff's rule, in the bill's currency.
        formula: how it comes about, in words.
        assumed: why it rests on an assumption; empty when it does not.
    """

    id: str
    kind: Kind = Kind.CHARGE
    quantity: Decimal | None = None
    unit: str = ""
    rate: Decimal | None = None
    amount: Decimal
    formula: str
    assumed: str = ""


@dataclass(frozen=True, slots=True)
class Demand:
    """What one demand charge bills.

    Attributes:
        billed_from: the month of the demand that is billed, `current`, `floor` or `given`.
        measured_kw: the highest of this bill's bands that count.
        measured_at: when; None without readings in those bands.
    """

    id: str
    billed_kw: Decimal
    billed_from: str
    measured_kw: Decimal
    measured_at: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """One bill. The amounts of its lines add up to the total exactly.

    Attributes:
        energy_kwh: by band, as billed.
        hours: by band, of the readings there are.
        demands: the demand charges, the main one first.
        highest_kw: the highest demand in any band.
        highest_other_kw: the highest in bands that the main demand charge does not count.
        lagging_percent: the month's power factor by day; None when not known.
        leading_percent: the month's power factor by night; None when not known.
        gaps: what the readings lack.
        notes: what a reader must know.
    """

    period: BillingPeriod
    stretches: tuple[Stretch, ...]
    energy_kwh: Mapping[str, Decimal]
    hours: Mapping[str, Decimal]
    demands: tuple[Demand, ...]
    highest_kw: Decimal
    highest_other_kw: Decimal
    lagging_percent: Decimal | None
    leading_percent: Decimal | None
    lines: tuple[Line, ...]
    before_levies: Decimal
    total: Decimal
    gaps: tuple[Gap, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def tariff_id(self) -> str:
        """The tariff it is made by."""
        return self.stretches[0].tariff.id

    @property
    def currency(self) -> str:
        """Of all amounts."""
        return self.stretches[0].tariff.meta.currency

    @property
    def billing_demand_kw(self) -> Decimal | None:
        """What the main demand charge bills; None where there is none."""
        return self.demands[0].billed_kw if self.demands else None

    @property
    def billing_demand_from(self) -> str | None:
        """Where that comes from."""
        return self.demands[0].billed_from if self.demands else None

    def line(self, line_id: str) -> Line:
        """A line by its id.

        Raises:
            KeyError: there is none.
        """
        for line in self.lines:
            if line.id == line_id:
                return line
        raise KeyError(line_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """What a customer agreed on with the utility.

    Attributes:
        kw: the contract's power; None when not known.
        since: when supply began: earlier months have no demand.
        deferred: whether the customer kept an old version for as long as was allowed.
        raised: whether the contract's power was raised in the billed month: no excess charge then.
        exceeded_before: whether an earlier month exceeded it; None to look into the history.
        surcharged_before: whether an earlier month's power factor was too low; None likewise.
        billing_demand_kw: what to bill instead of what the rule finds (a contract that was
            lowered, for example); None for the rule.
    """

    kw: Decimal | None = None
    since: date | None = None
    deferred: bool = False
    raised: bool = False
    exceeded_before: bool | None = None
    surcharged_before: bool | None = None
    billing_demand_kw: Decimal | None = None


@dataclass(frozen=True, slots=True)
class PowerFactors:
    """The power factors of a month as somebody else found them, in percent.

    Attributes:
        lagging_percent: by day; None when that does not apply.
        leading_percent: by night; None when that does not apply.
    """

    lagging_percent: Decimal | None = None
    leading_percent: Decimal | None = None
