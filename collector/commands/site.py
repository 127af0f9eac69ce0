"""`wattkeeper site`: the daemon for a site."""

import argparse
import logging
from collections.abc import Callable

from collector.commands.reload import Reloader, Taken, check_files
from collector.config import ConfigError, SiteSettings, load_as
from collector.daemon.run import StartError
from collector.daemon.site import run_site, tariff_band
from collector.sitefile import SiteFileError, describe
from collector.sitefile import load as load_site
from collector.sitefile.model import Site
from collector.sources.meters.setup import meter_sources

log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing of its own: a daemon is configured by its file."""
    del parser


def run(arguments: argparse.Namespace) -> int:
    """Run the daemon until it is told to stop; SIGHUP makes it take its files anew."""

    def read() -> Taken[SiteSettings, Site]:
        return _read(arguments)

    return Reloader(read, _start, path=arguments.config, debug=arguments.debug).run()


def _start(taken: Taken[SiteSettings, Site], *, may_reload: Callable[[], bool], again: bool) -> int:
    _tell(taken.more)
    return run_site(taken.settings, taken.more, may_reload=may_reload, again=again)


def _read(arguments: argparse.Namespace) -> Taken[SiteSettings, Site]:
    """Read the configuration and all files that it names.

    Raises:
        ConfigError: one of them is wrong.
    """
    settings = load_as(SiteSettings, arguments.config)
    try:
        site = load_site(settings.site.file)
        tariff_band(site)
    except (SiteFileError, StartError) as error:
        raise ConfigError(str(error)) from None
    if settings.meters.mqtt is not None:
        meter_sources(settings.meters.mqtt, site.meters)
    check_files(settings)
    return Taken(settings, site)


def _tell(site: Site) -> None:
    for line in describe(site).splitlines():
        log.info("%s", line)
    for warning in site.warnings:
        log.warning("site file: %s", warning)
