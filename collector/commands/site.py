"""`wattkeeper site`: the daemon for a site."""

import argparse
import logging

from collector.commands.log import set_up
from collector.config import ConfigError, SiteSettings, load_as
from collector.daemon.run import RELOAD, StartError
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
    """Run the daemon until it is told to stop; SIGHUP makes it start anew with new files."""
    settings, site = _load(arguments)
    set_up(debug=arguments.debug)
    _tell(site)

    def acceptable() -> bool:
        try:
            _load(arguments)
        except ConfigError as error:
            log.error("SIGHUP: the configuration stays as it was: %s", error)  # noqa: TRY400
            return False
        return True

    while (code := run_site(settings, site, may_reload=acceptable)) == RELOAD:
        settings, site = _load(arguments)
        _tell(site)
    return code


def _load(arguments: argparse.Namespace) -> tuple[SiteSettings, Site]:
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
    return settings, site


def _tell(site: Site) -> None:
    for line in describe(site).splitlines():
        log.info("%s", line)
    for warning in site.warnings:
        log.warning("site file: %s", warning)
