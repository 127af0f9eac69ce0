"""`wattkeeper ledger`: copy the ledger while the daemon writes it, verify it, put a copy back."""

import argparse
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from collector.config import SiteSettings, load, load_as
from collector.ledger.backup import backup, restore
from collector.ledger.verify import Verdict, verify

_MJ_PER_KWH = 3.6e9
_NICE = 10
"""The daemon comes first."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to do, and with which file."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    copying = actions.add_parser("backup", help="copy the ledger, while the daemon runs or not")
    copying.add_argument("--to", type=Path, required=True, metavar="FILE", help="the copy")
    checking = actions.add_parser("verify", help="check that a ledger is sound and adds up")
    checking.add_argument(
        "file", type=Path, nargs="?", metavar="FILE", help="a copy (default: the ledger)"
    )
    putting = actions.add_parser("restore", help="put a copy in the ledger's place")
    putting.add_argument("file", type=Path, metavar="FILE", help="the copy")
    for action in (copying, checking, putting):
        action.add_argument(
            "--config", type=Path, metavar="FILE", default=argparse.SUPPRESS, help="as above"
        )
        action.add_argument(
            "--site", action="store_true", help="the configuration is a site daemon's"
        )
        action.add_argument(
            "--ledger", type=Path, metavar="FILE", help="the ledger (default: [ledger] path)"
        )


def run(arguments: argparse.Namespace) -> int:
    """Do it, and say what was done. Returns 0, or 1 when a ledger does not verify.

    Raises:
        ConfigError: the configuration, which names the ledger, is wrong.
        LedgerError: it could not be done.
    """
    signal.signal(signal.SIGTERM, _end)  # so that a file half written goes
    os.nice(_NICE)
    if arguments.action == "backup":
        verdict = backup(_ledger(arguments), arguments.to)
        _say(f"{arguments.to}: a checked copy of {_ledger(arguments)}, {_size(verdict)}")
        return 0
    if arguments.action == "restore":
        return _restore(arguments)
    verdict = verify(arguments.file or _ledger(arguments))
    for line in lines(verdict):
        _say(line)
    return 1 if verdict.problems else 0


def lines(verdict: Verdict) -> list[str]:
    """What was found, for people."""
    written = _time(verdict.last_commit_wall_ns)
    found = [
        f"{verdict.path}: version {verdict.version}, {_size(verdict)}, last written {written}",
    ]
    if verdict.backup_wall_ns is not None:
        found.append(f"  a copy made {_time(verdict.backup_wall_ns)}")
    found.append(
        f"  {verdict.accounts} accounts, {verdict.total_mj / _MJ_PER_KWH:,.3f} kWh; "
        f"{verdict.minutes:,} minutes, {verdict.quarter_hours:,} quarter-hours, "
        f"{verdict.gaps:,} gaps"
    )
    found += [
        f"  outbox {lane.name}: {lane.rows:,} rows ({lane.payload_bytes:,} bytes), "
        f"{lane.dropped_rows:,} ever dropped, {lane.quarantined_rows:,} ever refused"
        for lane in verdict.lanes
    ]
    found += [f"  note: {note}" for note in verdict.notes]
    found += [f"  WRONG: {problem}" for problem in verdict.problems]
    if verdict.problems:
        found.append("the ledger is not sound: keep it, and restore a copy")
    else:
        found.append("sound: every page, and the books add up to the millijoule")
    return found


def _restore(arguments: argparse.Namespace) -> int:
    ledger = _ledger(arguments)
    aside = restore(arguments.file, ledger)
    _say(f"{ledger}: restored from {arguments.file}")
    if aside is not None:
        _say(f"what was there is kept as {aside}")
    _say("start the daemon: it adds what the counters went on by since the copy was made")
    return 0


def _ledger(arguments: argparse.Namespace) -> Path:
    if arguments.ledger is not None:
        path: Path = arguments.ledger
        return path
    if arguments.site:
        return load_as(SiteSettings, arguments.config).ledger.path
    return load(arguments.config).ledger.path


def _size(verdict: Verdict) -> str:
    return f"{verdict.size_bytes / 1e6:,.1f} MB"


def _time(wall_ns: int | None) -> str:
    if wall_ns is None:
        return "never"
    return datetime.fromtimestamp(wall_ns / 1e9, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _end(_number: int, _frame: object) -> None:
    sys.exit(143)
