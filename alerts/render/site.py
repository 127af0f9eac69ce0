"""Everything for one site, written into a folder."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from ipaddress import ip_address
from pathlib import Path

from alerts.render.options import Options
from alerts.render.receivers import needs
from alerts.render.routes import DEADMAN, Routing, routing
from alerts.render.targets import node_files, site_file
from alerts.render.text import Value, block, fill
from collector.sitefile.model import Site

_SOURCE = Path(__file__).resolve().parents[1]


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

    Files are replaced one by one and whole, so that a program that reads one at that moment reads
    the old or the new. Target files of halls that are no more are removed.

    Args:
        site: what to write it for.
        site_path: the site file; secret files are relative to its folder.
        out: the folder; made if it is not there.
        options: what the site file does not say.

    Raises:
        RenderError: a file cannot be written.
    """
    routes = routing(site, site_path.resolve().parent)
    contents = dict(_contents(site, routes, options))
    try:
        for name, text in contents.items():
            _write(out / name, text)
        for old in (out / "targets").glob("nodes*.json"):
            if f"targets/{old.name}" not in contents:
                old.unlink()
    except OSError as error:
        raise RenderError(f"{error.filename or out}: {error.strerror}") from None
    return Rendered(tuple(contents), tuple(_notes(site, routes)))


def _contents(site: Site, routes: Routing, options: Options) -> Iterator[tuple[str, str]]:
    yield "prometheus.yml", _prometheus(site, options)
    yield "alertmanager.yml", _alertmanager(site, routes, options)
    for name, text in node_files(site).items():
        yield f"targets/{name}", text
    yield "targets/site.json", site_file(site, options.site_daemons)
    runbooks = site.runbook_url.rstrip("/") or "runbooks"
    for path in sorted((_SOURCE / "rules").glob("*.yml")):
        text = path.read_text(encoding="utf-8")
        text = text.replace("RUNBOOKS/", f"{runbooks}/")
        yield f"rules/{path.name}", text.replace("GRAFANA/", f"{site.grafana_url.rstrip('/')}/")
    for folder, pattern in (("templates", "*.tmpl"), ("runbooks", "*.md")):
        for path in sorted((_SOURCE / folder).glob(pattern)):
            yield f"{folder}/{path.name}", path.read_text(encoding="utf-8")
    yield from _dashboards()


def _dashboards() -> Iterator[tuple[str, str]]:
    """Grafana's dashboards, if this installation has them."""
    generated = files("dashboards") / "generated"
    if generated.is_dir():
        for entry in sorted(generated.iterdir(), key=lambda entry: entry.name):
            if entry.name.endswith(".json"):
                yield f"dashboards/{entry.name}", entry.read_text(encoding="utf-8")


def _prometheus(site: Site, options: Options) -> str:
    text = (_SOURCE / "prometheus.yml").read_text(encoding="utf-8")
    managers = list(options.alertmanagers)
    parts: Mapping[str, Value] = {
        "site": {"external_labels": {"site": site.name}},
        "alertmanagers": [{"targets": managers}],
        "monitoring": [
            {
                "job_name": job,
                "static_configs": [{"targets": targets, "labels": {"site": site.name}}],
            }
            for job, targets in (
                ("prometheus", [options.prometheus]),
                ("alertmanager", managers),
            )
        ],
    }
    for name, value in parts.items():
        text = fill(text, name, block(value))
    return text


def _alertmanager(site: Site, routes: Routing, options: Options) -> str:
    text = (_SOURCE / "alertmanager.yml").read_text(encoding="utf-8")
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
