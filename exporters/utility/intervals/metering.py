"""A site's interval data for a period: from the ledger or a file, checked, chosen, and added up."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from collector.ledger import LedgerReader
from collector.sitefile.model import MeterSpec, Site
from exporters.utility.intervals.choose import Choice, candidates, ceiling_watts, choose
from exporters.utility.intervals.edits import Edit, read_edits
from exporters.utility.intervals.errors import IntervalError
from exporters.utility.intervals.file_source import from_intervals
from exporters.utility.intervals.grid import Grid
from exporters.utility.intervals.ledger_source import known_meters, read_registers
from exporters.utility.intervals.registers import RegisterReading, sum_check
from exporters.utility.intervals.rules import Limits
from exporters.utility.intervals.series import Series, added
from exporters.utility.intervals.values import Change, Checked, Finding
from exporters.utility.intervals.vee import check
from exporters.utility.tariff.readings import Interval

_DEFAULT = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How interval data is checked.

    Attributes:
        limits: the rules' numbers.
        estimate: whether gaps may be estimated.
        edits: the file of people's edits; None for none.
        registers: register readings, by meter.
    """

    limits: Limits = _DEFAULT
    estimate: bool = True
    edits: Path | None = None
    registers: Mapping[str, tuple[RegisterReading, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Metering:
    """A period's interval data.

    Attributes:
        site: the site's name; of a file, the file's.
        source: where it comes from, in words.
        grid: the quarter-hours of the period.
        billed: the sum of the meters that are billed.
        meters: those meters, each checked, by id.
        others: meters inside the site, checked as well, where they were asked for; no bill has
            them.
        notes: what a reader must know: meters left out, and why.
    """

    site: str
    source: str
    grid: Grid
    billed: Series
    meters: Mapping[str, Checked]
    others: Mapping[str, Checked] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Of all meters."""
        return tuple(each for checked in self.meters.values() for each in checked.findings)

    @property
    def changes(self) -> tuple[Change, ...]:
        """Of all meters."""
        return tuple(each for checked in self.meters.values() for each in checked.changes)


def check_meters(
    reader: LedgerReader,
    site: Site,
    meters: Iterable[MeterSpec],
    first: date,
    end: date,
    zone: ZoneInfo,
    rules: Rules,
) -> dict[str, Checked]:
    """Read and check any meters of a site: for the bill those at the border, for others all.

    Days around the period are read as well, to estimate from.

    Raises:
        IntervalError: edits are wrong, or the ledger knows nothing of a meter.
        LedgerError: it cannot be read.
    """
    reach = timedelta(days=rules.limits.reference_reach_days)
    wide, inside = Grid.of(first - reach, end + reach, zone), Grid.of(first, end, zone)
    edits = _by_meter(rules, site.meters)
    wanted = {meter.id: meter for meter in meters}
    _known(rules, site.meters)
    raw = read_registers(reader, tuple(wanted), wide)
    found: dict[str, Checked] = {}
    for name, meter in wanted.items():
        checked = check(
            raw.pop(name),
            wide,
            inside,
            edits=edits.get(name, ()),
            ceiling_watts=ceiling_watts(site, meter),
            limits=rules.limits,
            estimate=rules.estimate,
        )
        found[name] = _summed(checked, rules)
    return found


def from_ledger(
    ledger: Path,
    site: Site,
    first: date,
    end: date,
    rules: Rules,
    *,
    zone: ZoneInfo | None = None,
    every: bool = False,
) -> Metering:
    """What the utility's side of a site used, from its daemon's ledger.

    Args:
        ledger: the file.
        site: the site.
        first: first day.
        end: the day after the last.
        rules: how it is checked.
        zone: whose days they are; None for the site's.
        every: whether to read every meter that keeps registers.

    Raises:
        IntervalError: no meter, edits that are wrong, or nothing in the ledger.
        LedgerError: it cannot be read.
    """
    zone = zone or site.zone
    border, notes = {meter.id: meter for meter in candidates(site)}, list[str]()
    with LedgerReader(ledger) as reader:
        wanted = dict(border)
        if every:
            kept = {meter.id: meter for meter in site.meters.values() if meter.register}
            there = known_meters(reader)
            lost = [name for name in kept if name not in border and name not in there]
            notes += [f"the ledger knows nothing of meter {', '.join(lost)}"] if lost else []
            wanted |= {name: meter for name, meter in kept.items() if name not in lost}
        found = check_meters(reader, site, wanted.values(), first, end, zone, rules)
    choice = choose(site, {name: found[name].series for name in border})
    made = _metering(site.name, f"ledger {ledger.name}", found, choice)
    others = {name: checked for name, checked in found.items() if name not in choice.meters}
    return replace(made, others=others if every else {}, notes=(*made.notes, *notes))


def from_readings(
    name: str,
    intervals: Iterable[Interval],
    first: date,
    end: date,
    zone: ZoneInfo,
    rules: Rules,
) -> Metering:
    """What a file of readings says.

    Args:
        name: what to call the meter: the file's name.
        intervals: its readings.
        first: first day.
        end: the day after the last.
        zone: whose days they are.
        rules: how it is checked.

    Raises:
        IntervalError: edits are wrong.
        ReadingsError: readings off the quarter-hour, negative, twice or out of order, with lines.
    """
    grid = Grid.of(first, end, zone)
    edits = _by_meter(rules, (name,))
    _known(rules, (name,))
    checked = check(
        from_intervals(name, intervals, grid),
        grid,
        edits=edits.get(name, ()),
        limits=rules.limits,
        estimate=rules.estimate,
    )
    return _metering(name, f"file {name}", {name: _summed(checked, rules)}, Choice((name,), ()))


def _metering(site: str, source: str, found: Mapping[str, Checked], choice: Choice) -> Metering:
    meters = {name: found[name] for name in choice.meters}
    billed = added("+".join(meters), tuple(checked.series for checked in meters.values()))
    return Metering(
        site=site,
        source=source,
        grid=billed.grid,
        billed=billed,
        meters=meters,
        notes=choice.notes,
    )


def _summed(checked: Checked, rules: Rules) -> Checked:
    readings = rules.registers.get(checked.series.meter, ())
    more = sum_check(checked.series, readings, rules.limits)
    return replace(checked, findings=(*checked.findings, *more)) if more else checked


def _by_meter(rules: Rules, known: Iterable[str]) -> dict[str, list[Edit]]:
    found: dict[str, list[Edit]] = {}
    if rules.edits is not None:
        for edit in read_edits(rules.edits, tuple(known)):
            found.setdefault(edit.meter, []).append(edit)
    return found


def _known(rules: Rules, known: Iterable[str]) -> None:
    if lost := sorted(set(rules.registers) - set(known)):
        raise IntervalError(f"register readings of {', '.join(lost)}: there is no such meter")
