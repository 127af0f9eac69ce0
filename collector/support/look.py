"""Looks at everything: what `wattkeeper check --deep` says, and what a bundle holds."""

import logging
import os
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from collector.config import Settings, SiteSettings
from collector.config.changes import named_files
from collector.support.configuration import document, variables
from collector.support.finding import Finding, Section
from collector.support.probes.books import books
from collector.support.probes.clock import clock
from collector.support.probes.daemon import daemon
from collector.support.probes.driver import driver
from collector.support.probes.machine import daemon_pid, machine
from collector.support.probes.place import place
from collector.support.probes.program import program
from collector.support.probes.secrets import secrets
from collector.support.probes.unit import unit

log = logging.getLogger(__name__)

_NO_NAMES = {"localhost", "localhost.localdomain", "(none)"}
_CONTAINER_DIGITS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """The configuration to look at.

    Attributes:
        settings: as read; the defaults where it could not be.
        problem: why it could not be read; empty when it could.
        path: its file; None for none.
    """

    settings: Settings | SiteSettings
    problem: str = ""
    path: Path | None = None


def look(
    given: Configuration, *, keep_names: bool = False, more: Iterable[Section] = ()
) -> tuple[Section, ...]:
    """Look at everything. Blocks for some seconds; changes nothing.

    Args:
        given: the configuration.
        keep_names: whether the configuration's section tells names and addresses.
        more: what else was found: a check's report.
    """
    settings = given.settings
    ledger = settings.ledger.path.absolute()
    site = isinstance(settings, SiteSettings)
    found = [_configuration(given, keep_names=keep_names), *more]

    def probe(work: Callable[[], Section | tuple[Section, ...] | None]) -> None:
        try:
            seen = work()
        except Exception as error:
            log.debug("a probe failed", exc_info=True)
            found.append(_failed(error))
        else:
            found.extend(seen if isinstance(seen, tuple) else [] if seen is None else [seen])

    probe(program)
    probe(lambda: machine(daemon_pid(ledger)))
    probe(clock)
    probe(lambda: place(ledger))
    probe(lambda: books(ledger))
    probe(lambda: secrets(named_files(settings)))
    if settings.prometheus.enabled:
        probe(lambda: daemon(settings.prometheus.listen, "" if site else settings.node.name))
    if not site:
        probe(driver)
    probe(lambda: unit("wattkeeper-site" if site else "wattkeeper-node"))
    return tuple(found)


def _configuration(given: Configuration, *, keep_names: bool) -> Section:
    findings = []
    if given.problem:
        findings.append(
            Finding(
                topic="configuration",
                text=given.problem,
                action="correct it; what follows was looked at with the defaults",
            )
        )
    else:
        findings += _name(given.settings.node.name)
    return Section(
        name="configuration.json",
        about="every key; names and addresses are shown"
        if keep_names
        else "every key; names, addresses and paths of your own are not shown",
        document={
            "file_given": given.path is not None,
            "problem": given.problem,
            "variables": variables(type(given.settings), os.environ),
            "keys": document(given.settings, keep_names=keep_names),
        },
        findings=tuple(findings),
    )


def _name(name: str) -> Iterable[Finding]:
    """Whether a node's name is one to tell it by."""
    if name in _NO_NAMES:
        yield Finding(
            topic="node name",
            text=f'the node is called "{name}", as others are',
            action="set the host's name, or [node] name",
        )
    digits = len(name) == _CONTAINER_DIGITS and set(name) <= set("0123456789abcdef")
    if digits and name == socket.gethostname():
        yield Finding(
            topic="node name",
            text=f'the node is called "{name}", which is the number of a container',
            action="set [node] name, or give the container the host's name",
        )


def _failed(error: Exception) -> Section:
    """A look that failed must not keep the others from being told."""
    kind = type(error).__name__
    return Section(
        name=f"failed-{kind}.json",
        about="a look that failed by a mistake of ours",
        document={"error": kind},
        findings=(
            Finding(
                topic="this check",
                text=f"a part of it failed by a mistake of ours: {kind}: {error}",
                action="report it; --debug logs more",
                weight="note",
            ),
        ),
    )
