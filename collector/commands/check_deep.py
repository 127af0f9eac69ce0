"""`wattkeeper check --deep`: the whole installation looked at, and packed for support."""

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from collector.check.model import Report
from collector.check.run import NoSuchGpuError
from collector.config import ConfigError, Settings, SiteSettings, load_as
from collector.config.load import DEFAULT_PATH
from collector.sources.protocol import SourceError
from collector.support.bundle import BundleError, pack, write
from collector.support.configuration import names
from collector.support.finding import Finding, Section
from collector.support.look import Configuration, look
from collector.support.redact import Words
from collector.support.report import checked

FORMAT = "wattkeeper-deep/1"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to look at, and whether to pack it."""
    parser.add_argument(
        "--deep", action="store_true", help="look at the whole installation, and say what is wrong"
    )
    parser.add_argument(
        "--bundle", type=Path, metavar="FILE.tar.gz", help="with --deep: pack it for support"
    )
    parser.add_argument(
        "--keep-names",
        action="store_true",
        help="with --bundle: tell names, addresses and paths (default: they are left out)",
    )
    parser.add_argument(
        "--site", action="store_true", help="with --deep: of a site daemon, which has no GPUs"
    )


def run(arguments: argparse.Namespace, check: Callable[[Settings], Report]) -> int:
    """Look, say what is wrong, pack. Returns 0 when nothing keeps the daemon from its work.

    Args:
        arguments: of the command line.
        check: reads the GPUs.
    """
    given = _configuration(arguments)
    more = () if arguments.site else (_gpus(given.settings, check),)
    sections = look(given, keep_names=arguments.keep_names, more=more)
    findings = [finding for section in sections for finding in section.findings]
    problems = sum(finding.weight == "problem" for finding in findings)
    if arguments.json:
        sys.stdout.write(_json(findings))
    else:
        _tell(findings, problems)
    sys.stdout.flush()
    try:
        if arguments.bundle is not None:
            _pack(arguments, given, sections)
    except BundleError as error:
        sys.stderr.write(f"wattkeeper: {error}\n")
        return 1
    return 1 if problems else 0


def _configuration(arguments: argparse.Namespace) -> Configuration:
    """The configuration, or the defaults: a wrong one is what support is often asked about."""
    kind: type[Settings | SiteSettings] = SiteSettings if arguments.site else Settings
    path = arguments.config or (DEFAULT_PATH if DEFAULT_PATH.exists() else None)
    try:
        return Configuration(settings=load_as(kind, arguments.config), path=path)
    except ConfigError as error:
        # Nothing of what is wrong may be read again, the environment included.
        bare = kind.model_construct(
            **{
                name: field.get_default(call_default_factory=True)
                for name, field in kind.model_fields.items()
            }
        )
        return Configuration(settings=bare, problem=str(error), path=path)


def _gpus(settings: Settings | SiteSettings, check: Callable[[Settings], Report]) -> Section:
    if not isinstance(settings, Settings):
        raise TypeError(settings)
    try:
        return checked(check(settings))
    except (SourceError, NoSuchGpuError, ConfigError) as error:
        finding = Finding(topic="gpus", text=str(error), action=getattr(error, "action", ""))
        return Section(
            name="check.json",
            about="why no GPU was read",
            document={"problem": str(error)},
            findings=(finding,),
        )


def _pack(
    arguments: argparse.Namespace, given: Configuration, sections: tuple[Section, ...]
) -> None:
    hidden = {*names(given.settings), os.uname().nodename}
    words = Words(names=hidden, also=hidden if arguments.keep_names else ())
    files = pack(sections, words, keep_names=arguments.keep_names)
    size = write(arguments.bundle, files)
    out = sys.stderr if arguments.json else sys.stdout
    out.write(f"\n{arguments.bundle} ({size:,} bytes, readable for you alone) holds:\n")
    for one in files:
        out.write(f"  {one.name:20} {one.about}\n")
    out.write(f"Look through it before you send it: tar -xzOf {arguments.bundle} | less\n")


def _tell(findings: list[Finding], problems: int) -> None:
    for finding in sorted(findings, key=lambda one: one.weight != "problem"):
        mark = "PROBLEM" if finding.weight == "problem" else "note   "
        sys.stdout.write(f"{mark} {finding.topic}: {finding.text}\n")
        if finding.action:
            sys.stdout.write(f"        -> {finding.action}\n")
    notes = len(findings) - problems
    sys.stdout.write(f"{problems} problems, {notes} notes\n")


def _json(findings: list[Finding]) -> str:
    told = [
        {
            "topic": finding.topic,
            "weight": finding.weight,
            "text": finding.text,
            "action": finding.action or None,
        }
        for finding in findings
    ]
    document = {"format": FORMAT, "findings": told}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
