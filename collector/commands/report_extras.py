"""What `wattkeeper report` says beside bills: PUE, carbon, the split, and what it was made from."""

import argparse
import asyncio
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from collector import __version__
from collector.commands.report_place import Place, contract_kw, find_place
from collector.config import ConfigError
from collector.ledger import LedgerReader
from collector.site.kpi_meters import kpi_meters
from collector.sitefile.model import Site
from exporters.utility.formats.content import Content
from exporters.utility.intervals.ledger_source import known_meters
from exporters.utility.intervals.metering import Rules, check_meters
from exporters.utility.intervals.series import Series
from exporters.utility.report.carbon import carbon
from exporters.utility.report.content import ReportContent
from exporters.utility.report.pue import pue, whole_wh
from exporters.utility.report.sources import file_sha256
from exporters.utility.report.values import Carbon, Extras, Pue, Source
from exporters.utility.split import Measured, Rule, Server, Split, SplitError, Whole, measure, split
from exporters.utility.split.places import Places


def extend(arguments: argparse.Namespace, content: Content) -> ReportContent:
    """Add what the pages need besides.

    Raises:
        ConfigError: wrong arguments.
        TariffError: the site's meters cannot be used.
        LedgerError: the ledger cannot be read.
    """
    place = find_place(arguments)
    sources = tuple(_sources(arguments, place))
    if place is None:
        extras = Extras(version=__version__, contract_kw=arguments.contract_kw, sources=sources)
        return ReportContent.of(content, extras)
    site = place.site
    series, notes = _series(place, content)
    meters = kpi_meters(site)
    found: Pue | None = pue(series, meters.utility + meters.generation, meters.it, meters.category)
    emitted = carbon(content.metering.billed, site.emission_factors)
    it_wh = whole_wh(series, meters.it)
    shared, why_not = _split(arguments, place, content, emitted, it_wh)
    kw = arguments.contract_kw
    extras = Extras(
        version=__version__,
        site=site.name,
        contract_kw=contract_kw(site, content.metering) if kw is None else kw,
        pue=found,
        carbon=emitted,
        split=shared,
        split_missing=why_not,
        sources=sources,
        notes=notes,
    )
    return ReportContent.of(content, extras)


def _series(place: Place, content: Content) -> tuple[Mapping[str, Series], tuple[str, ...]]:
    """The quarter-hours of the meters that key figures need, and what is lacking."""
    metering = content.metering
    found = {
        name: checked.series for name, checked in {**metering.meters, **metering.others}.items()
    }
    if place.ledger is None:
        return {}, ()
    meters = kpi_meters(place.site)
    wanted = [
        name for name in (*meters.utility, *meters.generation, *meters.it) if name not in found
    ]
    grid = metering.grid
    with LedgerReader(place.ledger) as reader:
        there = known_meters(reader)
        specs = [place.site.meters[name] for name in wanted if name in there]
        checked = check_meters(reader, place.site, specs, grid.first, grid.end, grid.zone, Rules())
    lost = [name for name in wanted if name not in there]
    note = f"PUE: the ledger knows nothing of meter {', '.join(lost)} (`register = true`?)"
    return (
        found | {name: each.series for name, each in checked.items()},
        (note,) if lost else (),
    )


def _split(
    arguments: argparse.Namespace,
    place: Place,
    content: Content,
    emitted: tuple[Carbon, ...],
    it_wh: int | None,
) -> tuple[Split | None, str]:
    """The split, or why there is none; neither where no server was named."""
    url = arguments.prometheus or place.prometheus_url
    if not url:
        return None, ""
    digits = content.total.as_tuple().exponent
    cost_digits = max(0, -digits) if isinstance(digits, int) else 0
    whole = Whole(
        energy_wh=int(content.metering.billed.watt_hours.sum()),
        cost=int(content.total.scaleb(cost_digits)),
        cost_digits=cost_digits,
        currency=content.currency,
        carbon_g=emitted[0].grams if emitted else None,
        it_meters_wh=it_wh,
    )
    try:
        measured = asyncio.run(_measure(url, place.site, content))
    except SplitError as error:
        return None, str(error)
    return split(whole, measured, Places.of(place.site), Rule(arguments.common)), ""


async def _measure(url: str, site: Site, content: Content) -> Measured:
    grid = content.metering.grid
    with _bar("asking Prometheus") as bar:
        async with Server(url) as server:
            return await measure(
                server,
                site.name,
                grid.start_s,
                grid.end_s,
                tuple(site.nodes),
                now_s=int(time.time()),
                progress=bar,
            )


class _Bar:
    """A bar on a terminal; nothing elsewhere."""

    def __init__(self, progress: Progress, what: str) -> None:
        self._progress = progress
        self._task = progress.add_task(what, total=None)

    def __call__(self, done: int, of: int) -> None:
        self._progress.update(self._task, completed=done, total=of)


@contextmanager
def _bar(what: str) -> Iterator[_Bar]:
    with Progress(
        console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()
    ) as progress:
        yield _Bar(progress, what)


def _sources(arguments: argparse.Namespace, place: Place | None) -> Iterator[Source]:
    files: dict[str, Path | None] = {
        "site": place.site_file if place else None,
        "readings": arguments.readings,
        "history": arguments.demand_history,
        "edits": arguments.edits,
    }
    for kind, path in files.items():
        if path is not None and path.is_file():  # a pipe cannot be read again
            try:
                yield Source(kind, path.name, file_sha256(path))
            except OSError as error:
                raise ConfigError(f"{path}: {error.strerror}") from None
