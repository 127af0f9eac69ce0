"""`wattkeeper render`: configuration of Prometheus and Alertmanager for a site file."""

import argparse
import re
import sys
from pathlib import Path

from alerts.render import Options, RenderError, render
from collector.config import ConfigError
from collector.sitefile import SiteFileError, load

_HOST_PORT = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):\d{1,5}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """For which site, into which folder, and where the programs are."""
    add = parser.add_argument
    add("--site", type=Path, required=True, metavar="FILE", help="the site file")
    add("--out", type=Path, required=True, metavar="DIR", help="where to write it all")
    add(
        "--site-daemon",
        type=_address,
        action="append",
        metavar="HOST:PORT",
        help="where 'wattkeeper site' listens; may be given twice (localhost:9411)",
    )
    add(
        "--alertmanager",
        type=_address,
        action="append",
        metavar="HOST:PORT",
        help="may be given several times (localhost:9093)",
    )
    add("--prometheus", type=_address, default="localhost:9090", metavar="HOST:PORT")
    add("--smtp", type=_address, default="localhost:25", metavar="HOST:PORT", help="mail server")
    add("--mail-from", default="", metavar="ADDRESS", help="sender of mail")
    add(
        "--maintenance",
        type=Path,
        metavar="FILE",
        help="YAML: Alertmanager's time intervals in which tickets wait",
    )


def run(arguments: argparse.Namespace) -> int:
    """Write it. Returns 0, or 1 when the folder cannot be written.

    Raises:
        ConfigError: the site file or the file of intervals cannot be used.
    """
    try:
        site = load(arguments.site)
        maintenance = (
            arguments.maintenance.read_text(encoding="utf-8") if arguments.maintenance else ""
        )
    except SiteFileError as error:
        raise ConfigError(str(error)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{arguments.maintenance}: {error}") from None
    defaults = Options()
    options = Options(
        site_daemons=tuple(arguments.site_daemon or defaults.site_daemons),
        alertmanagers=tuple(arguments.alertmanager or defaults.alertmanagers),
        prometheus=arguments.prometheus,
        smtp=arguments.smtp,
        mail_from=arguments.mail_from,
        maintenance=maintenance,
    )
    try:
        done = render(site, arguments.site, arguments.out, options)
    except RenderError as error:
        sys.stderr.write(f"wattkeeper: {error}\n")
        return 1
    for note in done.notes:
        sys.stderr.write(f"wattkeeper: note: {note}\n")
    nodes = f"{len(site.nodes)} node{'' if len(site.nodes) == 1 else 's'}"
    sys.stdout.write(
        f"{len(done.files)} files for {site.name} ({nodes}) are in {arguments.out}. Check them:\n"
        f"  promtool check config {arguments.out}/prometheus.yml\n"
        f"  amtool check-config {arguments.out}/alertmanager.yml\n"
    )
    return 0


def _address(text: str) -> str:
    if not _HOST_PORT.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no HOST:PORT, such as localhost:9093")
    return text
