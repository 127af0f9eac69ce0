"""`wattkeeper tariff`: which there are, what one says at a time and why, import of others."""

import argparse
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any

from collector.config import ConfigError
from collector.shown import quoted
from collector.toml import bytes_of
from exporters.utility.meterfile.moment import YEARS
from exporters.utility.tariff import (
    Tariff,
    TariffError,
    TariffFileError,
    UnknownTariffError,
)
from exporters.utility.tariff.document import as_json
from exporters.utility.tariff.explain import Explanation, explain
from exporters.utility.tariff.shelf import from_file, shelf
from exporters.utility.tariff.urdb import import_urdb

_MOST_RATE_BYTES = 16 << 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to say, of which tariff."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    what = actions.add_parser("explain", help="band and price at a time, and why")
    what.add_argument(
        "--at",
        type=_moment,
        required=True,
        metavar="TIME",
        help="like 2027-11-03T10:15; local to the tariff without an offset",
    )
    what.add_argument("--tariff", metavar="ID", help="default: all that are valid then")
    what.add_argument(
        "--deferred", action="store_true", help="for a customer who kept the old version"
    )
    add_own(what)
    what.add_argument("--json", action="store_true", help="one JSON document")
    known = actions.add_parser("list", help="the tariffs that there are")
    add_own(known)
    other = actions.add_parser("import", help="make a tariff file from OpenEI's URDB form (JSON)")
    other.add_argument("file", type=Path, metavar="FILE", help="one rate, asked with detail=full")
    other.add_argument("--zone", required=True, help="its time zone, such as America/Los_Angeles")
    other.add_argument("--id", default="", help="how to call it (default: by its label)")
    other.add_argument("--valid-from", type=date.fromisoformat, metavar="DAY")
    other.add_argument("--out", type=Path, required=True, metavar="FILE", help="where to write it")


def add_own(parser: argparse.ArgumentParser) -> None:
    """Where tariffs of one's own are."""
    parser.add_argument(
        "--tariffs", type=Path, metavar="PATH", help="a file or folder of tariffs of your own"
    )


def run(arguments: argparse.Namespace) -> int:
    """Say it. Returns 0, or 1 when a file is wrong or something is missing.

    Raises:
        ConfigError: there is no such tariff, or none for that time.
    """
    actions = {"explain": _explain, "list": _list, "import": _import}
    try:
        sys.stdout.write(actions[arguments.action](arguments))
    except UnknownTariffError as error:
        raise ConfigError(str(error)) from None
    except TariffError as error:
        return fail(error)
    return 0


def fail(error: TariffError) -> int:
    """Tell a person what is wrong."""
    for line in str(error).splitlines():
        sys.stderr.write(f"wattkeeper: {line}\n")
    return 1


def _explain(arguments: argparse.Namespace) -> str:
    wanted = [arguments.tariff] if arguments.tariff else _ids(arguments.tariffs)
    found: list[Explanation] = []
    for name in wanted:
        try:
            found.append(_at(name, arguments))
        except UnknownTariffError:
            if arguments.tariff:
                raise
    if not found:
        raise UnknownTariffError(f"no tariff is valid at {arguments.at}")
    if arguments.json:
        parts: list[dict[str, Any]] = [each.as_dict() for each in found]
        return as_json(parts[0] if arguments.tariff else {"tariffs": parts})
    return "\n\n".join(each.as_text() for each in found) + "\n"


def _at(name: str, arguments: argparse.Namespace) -> Explanation:
    zone = Tariff.versions(name, own=arguments.tariffs)[0].zone
    at = arguments.at
    day = (at if at.tzinfo is None else at.astimezone(zone)).date()
    tariff = Tariff.load(name, day, own=arguments.tariffs, deferred=arguments.deferred)
    return explain(tariff, at)


def _ids(own: Path | None) -> list[str]:
    if own is not None and own.is_file():
        return [each.option.id for each in from_file(own)]
    return list(shelf(own))


def _list(arguments: argparse.Namespace) -> str:
    rows = [
        f"{version.id:<30} {version.meta.valid_from} to {version.meta.valid_to or 'further notice'}"
        f"{'' if version.meta.verified else ', not verified'}: {version.name}\n"
        for name in _ids(arguments.tariffs)
        for version in Tariff.versions(name, own=arguments.tariffs)
    ]
    return "".join(rows)


def _import(arguments: argparse.Namespace) -> str:
    try:
        content = bytes_of(arguments.file, _MOST_RATE_BYTES).decode()
    except (OSError, ValueError) as error:  # too large, or no text
        raise TariffFileError(f"{arguments.file}: {error}") from None
    try:
        imported = import_urdb(
            content, zone=arguments.zone, tariff_id=arguments.id, valid_from=arguments.valid_from
        )
    except TariffFileError as error:
        raise TariffFileError(f"{arguments.file}: {error}") from None
    try:
        arguments.out.write_text(imported.text, encoding="utf-8")
    except OSError as error:
        raise TariffFileError(f"{arguments.out}: {error.strerror}") from None
    from_file(arguments.out)  # it must be a tariff file like any other
    lines = [f"{arguments.out} is written. Compare it with the utility's own text."]
    lines += [f"  left out: {text}" for text in imported.left_out]
    lines += [f"  the form cannot say: {text}" for text in imported.cannot_say]
    return "\n".join(lines) + "\n"


def _moment(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.year not in YEARS:  # at the ends of all days, another zone's day is none
        raise argparse.ArgumentTypeError(
            f"{quoted(text)} is no time; write it like 2027-11-03T10:15"
        )
    return at
