"""`wattkeeper report`: what a period costs, from a file of meter readings."""

import argparse
import sys
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

from collector.commands.tariff import add_own, fail
from collector.config import ConfigError
from exporters.utility.meterfile import check_multiplier, read_history, read_readings
from exporters.utility.meterfile.table import number
from exporters.utility.tariff import (
    Contract,
    PowerFactors,
    Tariff,
    TariffError,
    UnknownTariffError,
    parse_period,
)
from exporters.utility.tariff.document import as_json, document
from exporters.utility.tariff.document_text import as_text
from exporters.utility.tariff.months import Order, bills

_WRITERS: dict[str, tuple[str, Callable[..., str]]] = {
    "json": ("report.json", as_json),
    "text": ("report.txt", as_text),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to bill, by what, and in what form."""
    add = parser.add_argument
    add("--readings", type=Path, required=True, metavar="FILE", help="15-minute readings (CSV)")
    add("--tariff", required=True, metavar="ID", help="see 'wattkeeper tariff list'")
    add("--period", required=True, help="a month 2027-11, a quarter 2027-Q4 or a year 2027")
    add("--contract-kw", type=_positive, metavar="KW", help="the contract's power")
    add("--demand-history", type=Path, metavar="FILE", help="month,kw,kw_off_peak (CSV)")
    add("--contract-since", type=date.fromisoformat, metavar="DAY", help="when supply began")
    add("--reading-day", type=int, default=1, metavar="DAY", help="day of meter reading (1)")
    add("--adder", type=_decimal, metavar="PRICE", help="per kWh, instead of the tariff's adders")
    add("--lagging-percent", type=_positive, metavar="P", help="power factor by day, if known")
    add("--leading-percent", type=_positive, metavar="P", help="power factor by night, if known")
    add("--billing-demand-kw", type=_positive, metavar="KW", help="bill this, not by the rule")
    add(
        "--exceeded-before",
        action=argparse.BooleanOptionalAction,
        help="whether the contract was exceeded before (default: by the history)",
    )
    add(
        "--surcharged-before",
        action=argparse.BooleanOptionalAction,
        help="whether the power factor was too low before (default: by the history)",
    )
    add("--deferred", action="store_true", help="the customer kept the old version of the tariff")
    add("--what-if", action="append", default=[], metavar="ID", help="compare another tariff")
    add("--multiplier", type=_positive, default=Decimal(1), help="of the meter's readings (1)")
    add("--multiplier-checked", action="store_true", help="readings look odd, and are right")
    add("--allow-gaps", action="store_true", help="bill what there is, and say what is missing")
    add("--format", choices=sorted(_WRITERS), default="json")
    add("--out", type=Path, metavar="DIR", help="where to write it (default: standard output)")
    add_own(parser)


def run(arguments: argparse.Namespace) -> int:
    """Make the report. Returns 0, or 1 when readings or files are wrong.

    Raises:
        ConfigError: wrong arguments.
    """
    try:
        text = _report(arguments)
    except UnknownTariffError as error:
        raise ConfigError(str(error)) from None
    except TariffError as error:
        return fail(error)
    name, _ = _WRITERS[arguments.format]
    if arguments.out is None:
        sys.stdout.write(text)
        return 0
    try:
        arguments.out.mkdir(parents=True, exist_ok=True)
        (arguments.out / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"--out {arguments.out}: {error.strerror}") from None
    sys.stdout.write(f"{arguments.out / name}\n")
    return 0


def _report(arguments: argparse.Namespace) -> str:
    versions = Tariff.versions(arguments.tariff, own=arguments.tariffs)
    others = {name: Tariff.versions(name, own=arguments.tariffs) for name in arguments.what_if}
    for name, other in others.items():
        if other[0].meta.currency != versions[0].meta.currency:
            raise ConfigError(
                f"--what-if {name}: it is in another currency, {arguments.tariff} not"
            )
    order = _order(arguments, versions[0])
    if not arguments.multiplier_checked:
        check_multiplier(order.intervals, order.contract.kw, order.history)
    made = document(
        arguments.period,
        bills(order, versions),
        {name: bills(order, other) for name, other in others.items()},
    )
    _, write = _WRITERS[arguments.format]
    return write(made)


def _order(arguments: argparse.Namespace, tariff: Tariff) -> Order:
    try:
        periods = parse_period(arguments.period, arguments.reading_day)
    except TariffError as error:
        raise ConfigError(str(error)) from None
    factors = PowerFactors(arguments.lagging_percent, arguments.leading_percent)
    return Order(
        intervals=read_readings(arguments.readings, tariff.zone, multiplier=arguments.multiplier),
        periods=periods,
        contract=Contract(
            kw=arguments.contract_kw,
            since=arguments.contract_since,
            deferred=arguments.deferred,
            exceeded_before=arguments.exceeded_before,
            surcharged_before=arguments.surcharged_before,
            billing_demand_kw=arguments.billing_demand_kw,
        ),
        history=read_history(arguments.demand_history) if arguments.demand_history else (),
        reactive=None if factors == PowerFactors() else factors,
        adder=arguments.adder,
        allow_gaps=arguments.allow_gaps,
    )


def _decimal(text: str) -> Decimal:
    try:
        return number(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _positive(text: str) -> Decimal:
    found = _decimal(text)
    if found <= 0:
        raise argparse.ArgumentTypeError(f"{text!r}: it must be above 0")
    return found
