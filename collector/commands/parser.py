"""Arguments of the `wattkeeper` command, and its way of failing."""

import argparse
import importlib
import logging
import os
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Protocol, cast

from collector import __version__
from collector.config.load import DEFAULT_PATH, ConfigError
from collector.daemon.run import StartError
from collector.ledger import LedgerError
from collector.sources.protocol import SourceError

_COMMANDS = {
    "node": "the daemon on a GPU node",
    "site": "the daemon for a site: meters, power budget, 15-minute demand",
    "demo": "a node and a small site on this machine; prints the addresses of their pages",
    "check": "read every sensor once: what is supported, what it says, what the read costs",
    "ledger": "back up the ledger while the daemon runs, verify it, restore it",
    "render": "Prometheus, Alertmanager, rules and targets for a site file",
    "report": "an energy report for a period: what it costs, line by line",
    "tariff": "explain a tariff: band, price and why at a time",
}


class _Command(Protocol):
    def add_arguments(self, parser: argparse.ArgumentParser) -> None: ...
    def run(self, arguments: argparse.Namespace) -> int: ...


def _module(command: str) -> _Command:
    """A command's module, loaded only when it is used: a node needs neither tables nor demo."""
    return cast("_Command", importlib.import_module(f"collector.commands.{command}"))


def _parser(asked: Collection[str]) -> argparse.ArgumentParser:
    """The parser; of the commands only those that are asked for are loaded."""
    parser = argparse.ArgumentParser(
        prog="wattkeeper",
        description="Measures, budgets and accounts for every watt of a GPU site.",
    )
    parser.add_argument("--version", action="version", version=f"wattkeeper {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, text in _COMMANDS.items():
        command = commands.add_parser(name, help=text, description=text.capitalize() + ".")
        command.add_argument(
            "--config",
            type=Path,
            metavar="FILE",
            help=f"TOML configuration (default: {DEFAULT_PATH} if it exists)",
        )
        command.add_argument("--debug", action="store_true", help="log more")
        command.add_argument("--version", action="version", version=f"wattkeeper {__version__}")
        if name in asked:
            _module(name).add_arguments(command)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command. Returns the exit code."""
    given = sys.argv[1:] if argv is None else argv
    arguments = _parser(given).parse_args(given)
    try:
        return _module(arguments.command).run(arguments)
    except ConfigError as error:
        return _complain(error, 2)
    except (StartError, SourceError, LedgerError) as error:
        return _complain(error, 1)
    except BrokenPipeError:
        # The reader of our output went away (`| head`); nothing is wrong.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    finally:
        logging.shutdown()


def _complain(error: Exception, code: int) -> int:
    for line in str(error).splitlines():
        print(f"wattkeeper: {line}", file=sys.stderr)  # noqa: T201 - what the user reads
    return code
