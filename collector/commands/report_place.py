"""Which site a report is of, and where its files are."""

import argparse
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from collector.config import ConfigError, SiteSettings, load_as
from collector.sitefile import SiteFileError
from collector.sitefile import load as load_site
from collector.sitefile.model import Site
from exporters.utility.intervals.metering import Metering


@dataclass(frozen=True, slots=True)
class Place:
    """A site, and where its files are.

    Attributes:
        ledger: of its daemon; None where readings come from a file.
        prometheus_url: empty when not configured.
    """

    site: Site
    site_file: Path
    ledger: Path | None
    prometheus_url: str


def find_place(arguments: argparse.Namespace) -> Place | None:
    """The site of a report; None for a file of readings without `--site`.

    Raises:
        ConfigError: the configuration or the site file is wrong.
    """
    if arguments.readings and not arguments.site:
        return None
    settings = load_as(SiteSettings, arguments.config)
    site_file = arguments.site or settings.site.file
    try:
        site = load_site(site_file)
    except SiteFileError as error:
        raise ConfigError(f"{error}\nname the site file with --site, or give --readings") from None
    ledger = None if arguments.readings else arguments.ledger or settings.ledger.path
    return Place(site, site_file, ledger, settings.site.prometheus_url)


def contract_kw(site: Site, metering: Metering) -> Decimal | None:
    """The contracts of the feeds that are billed; None when one of them has none."""
    billed = [site.meters[name] for name in metering.meters if name in site.meters]
    watts = [site.branches[name].contract_watts for name in {meter.branch for meter in billed}]
    if not watts or any(each is None for each in watts):
        return None
    return sum((Decimal(str(each)) for each in watts if each is not None), Decimal(0)) / 1000
