"""What `wattkeeper report` reports: readings from the ledger or a file, bills, comparisons."""

import argparse
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from collector.commands.report_place import Place, contract_kw, find_place
from collector.config import ConfigError
from exporters.utility.formats.content import Content
from exporters.utility.intervals.errors import IntervalError
from exporters.utility.intervals.file_source import to_intervals, with_reactive
from exporters.utility.intervals.journal import record
from exporters.utility.intervals.metering import Metering, Rules, from_ledger, from_readings
from exporters.utility.intervals.registers import read_register_readings
from exporters.utility.meterfile import (
    check_meter_changes,
    check_multiplier,
    meter_changes,
    read_history,
    read_readings,
)
from exporters.utility.reconcile.bill import compare_bill
from exporters.utility.reconcile.readings import compare_readings
from exporters.utility.reconcile.values import ReadingsComparison, Reconciliation
from exporters.utility.tariff import (
    Contract,
    Interval,
    PowerFactors,
    Tariff,
    TariffError,
    parse_period,
)
from exporters.utility.tariff.months import Order, bills
from exporters.utility.tariff.period import BillingPeriod

_READINGS = "readings"
"""What the meter of a file is called."""


def make(arguments: argparse.Namespace) -> Content:
    """Read, check, bill and compare, as the arguments say.

    Raises:
        ConfigError: wrong arguments.
        TariffError: readings, edits or files are wrong.
        LedgerError: the ledger cannot be read.
    """
    place = None if arguments.readings else find_place(arguments)
    tariff = arguments.tariff or (place.site.tariff if place else "")
    if not tariff:
        raise ConfigError("--tariff is missing; see 'wattkeeper tariff list'")
    versions = Tariff.versions(tariff, own=arguments.tariffs)
    others = {name: Tariff.versions(name, own=arguments.tariffs) for name in arguments.what_if}
    for name, other in others.items():
        if other[0].meta.currency != versions[0].meta.currency:
            raise ConfigError(f"--what-if {name}: it is in another currency, {tariff} not")
    try:
        periods = parse_period(arguments.period, arguments.reading_day)
    except TariffError as error:
        raise ConfigError(str(error)) from None
    made_at = datetime.now(UTC)
    metering, intervals = _metering(arguments, place, versions[0], periods)
    _journal(arguments, place, metering, made_at)
    order = _order(arguments, place, periods, metering, intervals)
    if not arguments.multiplier_checked:
        check_multiplier(order.intervals, order.contract.kw, order.history)
    ours = bills(order, versions)
    return Content(
        period=arguments.period,
        made_at=made_at,
        metering=metering,
        bills=ours,
        what_if={name: bills(order, other) for name, other in others.items()},
        reconciliation=Reconciliation(
            readings=_compared(arguments, metering, versions[0]),
            bill=compare_bill(ours, arguments.reconcile_bill) if arguments.reconcile_bill else None,
        ),
    )


def _metering(
    arguments: argparse.Namespace,
    place: Place | None,
    tariff: Tariff,
    periods: tuple[BillingPeriod, ...],
) -> tuple[Metering, list[Interval]]:
    first, end = periods[0].start, periods[-1].end
    estimate = arguments.estimate if arguments.estimate is not None else place is not None
    rules = Rules(
        estimate=estimate,
        edits=_edits(arguments, place),
        registers=(
            read_register_readings(arguments.register_readings)
            if arguments.register_readings
            else {}
        ),
    )
    if place is None or place.ledger is None:
        read = read_readings(arguments.readings, tariff.zone, multiplier=arguments.multiplier)
        found = from_readings(_READINGS, read, first, end, tariff.zone, rules)
        swaps = meter_changes(read, first, end, tariff.zone)
        if not arguments.multiplier_checked:
            check_meter_changes(swaps)
        source = f"file {arguments.readings.name}"
        found = replace(found, source=source, notes=(*found.notes, *swaps))
        if not estimate and rules.edits is None:
            return found, read
        return found, with_reactive(to_intervals(found.billed), read)
    if arguments.multiplier != 1:
        raise ConfigError("--multiplier is for --readings; the ledger has energy already")
    found = from_ledger(
        place.ledger, place.site, first, end, rules, zone=tariff.zone, every=arguments.all_meters
    )
    if tariff.zone.key != place.site.zone.key:
        note = f"days are those of the tariff, {tariff.zone.key}; the site's are {place.site.zone}"
        found = replace(found, notes=(*found.notes, note))
    intervals = to_intervals(found.billed)
    if not intervals:
        raise IntervalError(
            f"{place.ledger}: it has no reading of {', '.join(found.meters)} in {arguments.period}"
        )
    return found, intervals


def _edits(arguments: argparse.Namespace, place: Place | None) -> Path | None:
    if arguments.edits or place is None:
        return arguments.edits or None
    beside = place.site_file.with_suffix(".edits.csv")
    return beside if beside.exists() else None


def _journal(
    arguments: argparse.Namespace, place: Place | None, metering: Metering, made_at: datetime
) -> None:
    """Log what is handed on otherwise than it was found."""
    edits = _edits(arguments, place)
    every = (*metering.meters.values(), *metering.others.values())
    changes = [change for checked in every for change in checked.changes]
    beside = place.site_file if place else edits or arguments.readings
    path = arguments.journal or beside.with_suffix(".changes.jsonl")
    if changes or edits:
        record(path, changes, made_at, edits)


def _order(
    arguments: argparse.Namespace,
    place: Place | None,
    periods: tuple[BillingPeriod, ...],
    metering: Metering,
    intervals: list[Interval],
) -> Order:
    factors = PowerFactors(arguments.lagging_percent, arguments.leading_percent)
    kw = arguments.contract_kw
    if kw is None and place is not None:
        kw = contract_kw(place.site, metering)
    return Order(
        intervals=intervals,
        periods=periods,
        contract=Contract(
            kw=kw,
            since=arguments.contract_since,
            deferred=arguments.deferred,
            raised=arguments.contract_raised,
            exceeded_before=arguments.exceeded_before,
            surcharged_before=arguments.surcharged_before,
            billing_demand_kw=arguments.billing_demand_kw,
        ),
        history=read_history(arguments.demand_history) if arguments.demand_history else (),
        reactive=None if factors == PowerFactors() else factors,
        adder=arguments.adder,
        allow_gaps=arguments.allow_gaps,
    )


def _compared(
    arguments: argparse.Namespace, metering: Metering, tariff: Tariff
) -> ReadingsComparison | None:
    path = arguments.reconcile_readings
    if path is None:
        return None
    return compare_readings(path.name, metering.billed, read_readings(path, tariff.zone))
