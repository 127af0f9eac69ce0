"""Everything for one site, written into a folder."""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from alerts.render.guide import readme, scale_notes
from alerts.render.layouts import servers
from alerts.render.options import Layout, Options
from alerts.render.receivers import needs
from alerts.render.routes import DEADMAN, Routing, routing
from alerts.render.source import SOURCE, pages
from alerts.render.text import Value, block, fill
from collector.sitefile.model import Site


class RenderError(Exception):
    """The folder cannot be written. The text is for people."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """What was done.

    Attributes:
        files: written, relative to the folder.
        notes: what a person should know, a sentence each.
    """

    files: tuple[str, ...]
    notes: tuple[str, ...]


def render(site: Site, site_path: Path, out: Path, options: Options) -> Rendered:
    """Write `prometheus.yml`, `alertmanager.yml`, rules, targets, templates and runbooks.

    With more than one server each has its own files, and `README.md` has the commands that start
    them.

    Files are replaced one by one and whole, so that a program that reads one at that moment reads
    the old or the new. Target files of halls that are no more are removed.

    Args:
        site: what to write it for.
        site_path: the site file; secret files are relative to its folder.
        out: the folder; made if it is not there.
        options: what the site file does not say.

    Raises:
        OptionsError: the options do not fit each other.
        RenderError: a file cannot be written.
    """
    options.check()
    routes = routing(site, site_path.resolve().parent)
    contents = dict(_contents(site, routes, options))
    try:
        for name, text in contents.items():
            _write(out / name, text)
        for folder in (".", "shards/*"):
            for old in out.glob(f"{folder}/targets/nodes*.json"):
                if old.relative_to(out).as_posix() not in contents:
                    old.unlink()
    except OSError as error:
        raise RenderError(f"{error.filename or out}: {error.strerror}") from None
    return Rendered(tuple(contents), (*_notes(site, routes), *scale_notes(site, options)))


def _contents(site: Site, routes: Routing, options: Options) -> Iterator[tuple[str, str]]:
    yield from servers(site, options)
    yield "alertmanager.yml", _alertmanager(site, routes, options)
    yield from pages(scale=options.layout is not Layout.SINGLE)
    if text := readme(site, options):
        yield "README.md", text


def _alertmanager(site: Site, routes: Routing, options: Options) -> str:
    text = (SOURCE / "alertmanager.yml").read_text(encoding="utf-8")
    sender = options.mail_from or f"wattkeeper@{site.name}.invalid"
    mail: Value = {
        "smtp_smarthost": options.smtp,
        "smtp_from": sender,
        "smtp_require_tls": not _is_here(options.smtp),
    }
    for name, value in (
        ("mail", mail),
        ("routes", routes.routes),
        ("receivers", routes.receivers),
    ):
        text = fill(text, name, block(value))
    if options.maintenance.strip():
        planned = [f"    {line}" for line in options.maintenance.rstrip().splitlines()]
        head = ["- name: maintenance", "  time_intervals:"]
        text = fill(text, "maintenance", head + planned)
    return text


def _is_here(smtp: str) -> bool:
    """Whether a mail server is on this machine, where mail needs no encryption."""
    host = smtp.rpartition(":")[0].strip("[]")
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _notes(site: Site, routes: Routing) -> Iterator[str]:
    yield from site.warnings
    if DEADMAN not in site.receivers:
        yield (
            f'no receiver is named "{DEADMAN}": nobody is called when the alerting itself stops; '
            "add a webhook of that name"
        )
    for severity in routes.unheard:
        yield f'nobody gets the site\'s alerts of severity "{severity}": add receivers to a team'
    yield from (note for note in map(needs, site.receivers.values()) if note)
    if not site.grafana_url:
        yield "[grafana] url is not set: links to dashboards lack their address"
    if not site.runbook_url:
        yield "[site] runbook_url is not set: runbooks are in the folder runbooks, by name"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    new.write_text(text, encoding="utf-8")
    new.replace(path)
