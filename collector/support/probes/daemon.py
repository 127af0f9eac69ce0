"""The running daemon, if there is one: what it says of itself on this machine's own address."""

import json
import re
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from collector import __version__
from collector.catalogue import BY_NAME
from collector.support.finding import Finding, Known, Section

_SECONDS = 5.0
_MOST_BYTES = 5_000_000
_OWN = ("wattkeeper_", "process_", "python_")
_SAMPLE = re.compile(r"(\w+)(?:\{(.*)\})? (\S+)")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]", "*": "127.0.0.1"}  # noqa: S104 - not bound


@dataclass(frozen=True, slots=True)
class Answer:
    """What an address answered: the status, 0 for none, and the body."""

    status: int
    body: str


def daemon(listen: str, node: str) -> tuple[Section, ...]:
    """Ask the daemon that listens where the configuration says.

    Args:
        listen: HOST:PORT.
        node: the node's name as configured.
    """
    base = _base(listen)
    if base is None:
        return (_silent(listen),)
    health, metrics, live = (_get(f"{base}{path}") for path in ("healthz", "metrics", "live.json"))
    findings: list[Finding] = []
    if health.status in {401, 403}:
        findings.append(
            Finding(
                topic="daemon",
                text="it runs, and asks for a password, so its own figures are not looked at",
                weight="note",
            )
        )
    sick = _sick(health, findings)
    lines = own_metrics(metrics.body)
    _compare(metrics.body, live, node, findings)
    return (
        Section(
            name="healthz.json",
            about="what the running daemon says of its health",
            document={"status": health.status, "sick": sick},
            findings=tuple(findings),
        ),
        Section(
            name="metrics.json",
            about="the running daemon's figures of itself: wattkeeper_*, process_*",
            document={"samples": [Known(line) for line in lines]},
        ),
    )


def own_metrics(text: str) -> list[str]:
    """The lines of an exposition that speak of the daemon; labels are from our own lists."""
    found = []
    for line in text.splitlines():
        match = _SAMPLE.fullmatch(line)
        if match is None or not match[1].startswith(_OWN):
            continue
        metric = BY_NAME.get(match[1])
        if metric is None and match[2]:
            continue
        labels = ",".join(
            f'{name}="{value}"'
            for name, value in _LABEL.findall(match[2] or "")
            if metric is not None and name in metric.labels and _is_word(value)
        )
        if _is_number(match[3]):
            found.append(
                f"{match[1]}{{{labels}}} {match[3]}" if labels else f"{match[1]} {match[3]}"
            )
    return found


def _is_word(value: str) -> bool:
    """A label's value that comes from this program: a word, a version."""
    return value in {metric.name for metric in BY_NAME.values()} or bool(
        re.fullmatch(r"[a-z][a-z_]{0,40}|\d+(\.\d+){1,2}[a-z0-9.+-]{0,20}", value)
    )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _base(listen: str) -> str | None:
    """The daemon's address, if one answers there."""
    host, _, port = listen.rpartition(":")
    address = f"{_ANYWHERE.get(host, host)}:{port}"
    for scheme in ("http", "https"):
        base = f"{scheme}://{address}/"
        if _get(f"{base}livez").body == "ok\n":
            return base
    return None


def _silent(listen: str) -> Section:
    host, _, port = listen.rpartition(":")
    findings = [Finding(topic="daemon", text=f"no daemon answers at {listen}", weight="note")]
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((host.strip("[]"), int(port)))
        except OSError as error:
            findings = [
                Finding(
                    topic="port",
                    text=f"{listen} cannot be listened at: {(error.strerror or '').lower()}; what "
                    "answers there is no Wattkeeper, or wants a client's certificate",
                    action=f"see who it is with 'ss -ltnp sport = :{port}'; stop it, or set "
                    "prometheus.listen to another HOST:PORT",
                )
            ]
    return Section(
        name="healthz.json",
        about="what the running daemon says of its health",
        document={"status": 0, "sick": []},
        findings=tuple(findings),
    )


def _sick(health: Answer, findings: list[Finding]) -> list[dict[str, object]]:
    try:
        told = json.loads(health.body)["sick"] if health.status in {200, 503} else []
        sick = [{key: one[key] for key in ("part", "problem", "action", "since")} for one in told]
    except (ValueError, KeyError, TypeError):
        return []
    findings += [
        Finding(topic=str(one["part"]), text=str(one["problem"]), action=str(one["action"]))
        for one in sick
    ]
    return sick


def _compare(metrics: str, live: Answer, node: str, findings: list[Finding]) -> None:
    """Whether it runs what is installed and configured now."""
    version = re.search(r'^wattkeeper_build_info\{[^}]*version="([^"]*)"', metrics, re.MULTILINE)
    if version is not None and version[1] != __version__:
        findings.append(
            Finding(
                topic="daemon",
                text=f"version {version[1]} runs, {__version__} is installed",
                action="restart the daemon",
            )
        )
    running = _live_name(live)
    if running is not None and running != node:
        findings.append(
            Finding(
                topic="node name",
                text=f'the running daemon is "{running}", the configuration says "{node}"',
                action="reload the daemon; if it is a container, give this check its environment",
            )
        )


def _live_name(live: Answer) -> str | None:
    try:
        told: Any = json.loads(live.body) if live.status == 200 else None  # noqa: PLR2004 - HTTP
    except ValueError:
        return None
    name = told.get("node") if isinstance(told, Mapping) else None
    return name if isinstance(name, str) else None


def _get(url: str) -> Answer:
    """Ask this machine itself; whose certificate it is does not matter to a look at health."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    handlers = (urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    opener = urllib.request.build_opener(*handlers)
    try:
        with opener.open(url, timeout=_SECONDS) as response:
            return Answer(response.status, response.read(_MOST_BYTES).decode("utf-8", "replace"))
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.read(_MOST_BYTES).decode("utf-8", "replace"))
    except (OSError, ValueError):
        return Answer(0, "")
