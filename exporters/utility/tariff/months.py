"""Bills of several months in a row: each month's demand is history for the next."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from exporters.utility.tariff.bill import Bill, Contract, PowerFactors
from exporters.utility.tariff.period import BillingPeriod
from exporters.utility.tariff.price import price
from exporters.utility.tariff.readings import Interval, MonthDemand
from exporters.utility.tariff.tariff import Tariff


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to bill, whatever the tariff.

    Attributes:
        periods: the months, in order.
        adder: so much on every kWh instead of the tariff's adders.
    """

    intervals: Sequence[Interval]
    periods: Sequence[BillingPeriod]
    contract: Contract
    history: Sequence[MonthDemand] = ()
    reactive: PowerFactors | None = None
    adder: Decimal | None = None
    allow_gaps: bool = False


def bills(order: Order, versions: Sequence[Tariff]) -> list[Bill]:
    """A bill for each month.

    Raises:
        TariffError: as `price` does.
    """
    history = list(order.history)
    found: list[Bill] = []
    for period in order.periods:
        bill = price(
            order.intervals,
            versions=versions,
            period=period,
            contract=order.contract,
            history=history,
            reactive=order.reactive,
            adder=order.adder,
            allow_gaps=order.allow_gaps,
        )
        found.append(bill)
        history = [entry for entry in history if entry.month != period.month]
        history.append(month_demand(bill))
    return found


def month_demand(bill: Bill) -> MonthDemand:
    """A bill as the history of later ones."""
    return MonthDemand(
        month=bill.period.month,
        kw=bill.demands[0].measured_kw if bill.demands else bill.highest_kw,
        kw_off_peak=bill.highest_other_kw,
        lagging_percent=bill.lagging_percent,
        leading_percent=bill.leading_percent,
    )
