"""The tariff engine: dated files say what energy costs; from readings it makes a bill.

`Tariff.load(id, on=day)` is one version of a tariff, `price(intervals, ...)` a bill.
"""

from exporters.utility.tariff.bill import Bill, Contract, Demand, Kind, Line, PowerFactors
from exporters.utility.tariff.errors import (
    HolidaysMissingError,
    ReadingsError,
    TariffError,
    TariffFileError,
    UnknownTariffError,
)
from exporters.utility.tariff.period import BillingPeriod, Month, parse_period
from exporters.utility.tariff.price import price
from exporters.utility.tariff.readings import Gap, Interval, MonthDemand
from exporters.utility.tariff.tariff import Place, Stretch, Tariff

__all__ = [
    "Bill",
    "BillingPeriod",
    "Contract",
    "Demand",
    "Gap",
    "HolidaysMissingError",
    "Interval",
    "Kind",
    "Line",
    "Month",
    "MonthDemand",
    "Place",
    "PowerFactors",
    "ReadingsError",
    "Stretch",
    "Tariff",
    "TariffError",
    "TariffFileError",
    "UnknownTariffError",
    "parse_period",
    "price",
]
