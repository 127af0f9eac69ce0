"""`wattkeeper render`: configuration of Prometheus and Alertmanager for a site file."""

import argparse
import re
import sys
from pathlib import Path

from alerts.render import Layout, Options, OptionsError, RenderError, render
from collector.config import ConfigError
from collector.sitefile import SiteFileError, load

_HOST_PORT = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):\d{1,5}")
_CHECKS = {
    Layout.SINGLE: "promtool check config {out}/prometheus.yml",
    Layout.PAIR: "promtool check config {out}/prometheus-a.yml {out}/prometheus-b.yml",
    Layout.SHARDS: (
        "promtool check config {out}/global/prometheus*.yml {out}/shards/*/prometheus*.yml"
    ),
    Layout.VMAGENT: "vmagent -promscrape.config={out}/vmagent.yml -dryRun",
}


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
    add(
        "--prometheus",
        type=_address,
        action="append",
        metavar="HOST:PORT",
        help="twice for a pair; of shards, the one above them (localhost:9090)",
    )
    add("--smtp", type=_address, default="localhost:25", metavar="HOST:PORT", help="mail server")
    add("--mail-from", default="", metavar="ADDRESS", help="sender of mail")
    add(
        "--maintenance",
        type=Path,
        metavar="FILE",
        help="YAML: Alertmanager's time intervals in which tickets wait",
    )
    _add_scale(parser)


def _add_scale(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("more than one server (docs/scale.md)")
    add = group.add_argument
    add(
        "--layout",
        type=Layout,
        choices=list(Layout),
        default=Layout.SINGLE,
        help="how many servers share the work (single)",
    )
    add(
        "--remote-write",
        action="append",
        metavar="URL",
        help="where long-term storage takes samples; may be given several times",
    )
    add(
        "--http-sd",
        default="",
        metavar="URL",
        help="where DIR is served: Prometheus asks there for its targets",
    )
    add(
        "--shard-address",
        default=Options().shard_address,
        metavar="HOST:PORT",
        help="of a shard's Prometheus, with {shard} for its name (prometheus-{shard}:9090); with "
        "{replica}, too, each shard is a pair of a and b",
    )
    add(
        "--shard-nodes",
        type=_count,
        metavar="N",
        help="halls share a shard up to so many nodes, larger ones are divided (one for each hall)",
    )
    add(
        "--vmagent",
        type=_address,
        action="append",
        metavar="HOST:PORT",
        help="of a vmagent; once for each of them (localhost:8429)",
    )
    add(
        "--vmalert",
        type=_address,
        action="append",
        metavar="HOST:PORT",
        help="of a vmalert; may be given twice (localhost:8880)",
    )
    add(
        "--old-vmalert",
        action="store_true",
        help="for vmalert before 1.92: rules without keep_firing_for",
    )


def run(arguments: argparse.Namespace) -> int:
    """Write it. Returns 0, or 1 when the folder cannot be written.

    Raises:
        ConfigError: the site file, the file of intervals or the arguments cannot be used.
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
    try:
        done = render(site, arguments.site, arguments.out, _options(arguments, maintenance))
    except OptionsError as error:
        raise ConfigError(str(error)) from None
    except RenderError as error:
        sys.stderr.write(f"wattkeeper: {error}\n")
        return 1
    for note in done.notes:
        sys.stderr.write(f"wattkeeper: note: {note}\n")
    nodes = f"{len(site.nodes)} node{'' if len(site.nodes) == 1 else 's'}"
    out = arguments.out
    sys.stdout.write(
        f"{len(done.files)} files for {site.name} ({nodes}) are in {out}. Check them:\n"
        f"  {_CHECKS[arguments.layout].format(out=out)}\n"
        f"  amtool check-config {out}/alertmanager.yml\n"
    )
    if arguments.layout is not Layout.SINGLE:
        sys.stdout.write(f"{out}/README.md has the commands that start the servers.\n")
    return 0


def _options(arguments: argparse.Namespace, maintenance: str) -> Options:
    defaults = Options()
    servers = arguments.prometheus or [defaults.prometheus]
    if len(servers) > 2:  # noqa: PLR2004 - a pair
        raise ConfigError("--prometheus is given once, or twice for a pair")
    return Options(
        site_daemons=tuple(arguments.site_daemon or defaults.site_daemons),
        alertmanagers=tuple(arguments.alertmanager or defaults.alertmanagers),
        prometheus=servers[0],
        twin=servers[1] if len(servers) > 1 else "",
        smtp=arguments.smtp,
        mail_from=arguments.mail_from,
        maintenance=maintenance,
        layout=arguments.layout,
        shard_address=arguments.shard_address,
        shard_nodes=arguments.shard_nodes,
        remote_write=tuple(arguments.remote_write or ()),
        http_sd=arguments.http_sd,
        vmagents=tuple(arguments.vmagent or defaults.vmagents),
        vmalerts=tuple(arguments.vmalert or defaults.vmalerts),
        old_vmalert=arguments.old_vmalert,
    )


def _address(text: str) -> str:
    if not _HOST_PORT.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no HOST:PORT, such as localhost:9093")
    return text


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of nodes")
    return int(text)
