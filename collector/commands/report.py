"""`wattkeeper report`: what a period used and costs, from the site's ledger or a file."""

import argparse
import importlib
import sys
from contextlib import AbstractContextManager, nullcontext
from datetime import date
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from rich.console import Console

from collector.commands.tariff import add_own, fail
from collector.config import ConfigError
from collector.ledger import LedgerError
from exporters.influxdb.options import checked_url
from exporters.utility.formats.names import BINARY, FORMS
from exporters.utility.meterfile.table import number
from exporters.utility.report.names import LANGUAGES, PAGES, SPLIT_FILE
from exporters.utility.tariff import TariffError, UnknownTariffError

_FILES = {**FORMS, **PAGES}
_SPLIT = "split"
_ENCODINGS = ("utf-8-sig", "utf-8", "cp949", "euc-kr")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to bill, by what, and in what forms."""
    add = parser.add_argument
    add("--readings", type=Path, metavar="FILE", help="15-minute readings (CSV), not the ledger's")
    add("--site", type=Path, metavar="FILE", help="the site file (default: [site] file)")
    add("--ledger", type=Path, metavar="FILE", help="the site's ledger (default: [ledger] path)")
    add("--all-meters", action="store_true", help="check and write the meters inside as well")
    add("--tariff", metavar="ID", help="see 'wattkeeper tariff list' (default: the site's)")
    add("--period", required=True, help="a month 2027-11, a quarter 2027-Q4 or a year 2027")
    add("--contract-kw", type=_positive, metavar="KW", help="the contract's power")
    add("--demand-history", type=Path, metavar="FILE", help="month,kw,kw_off_peak (CSV)")
    add("--contract-since", type=date.fromisoformat, metavar="DAY", help="when supply began")
    add("--reading-day", type=int, default=1, metavar="DAY", help="day of meter reading (1)")
    add("--adder", type=_decimal, metavar="PRICE", help="per kWh, instead of the tariff's adders")
    add("--lagging-percent", type=_percent, metavar="P", help="power factor by day, if known")
    add("--leading-percent", type=_percent, metavar="P", help="power factor by night, if known")
    add("--billing-demand-kw", type=_positive, metavar="KW", help="bill this, not by the rule")
    add(
        "--exceeded-before",
        action=argparse.BooleanOptionalAction,
        help="whether the contract was exceeded before (default: by the history)",
    )
    add("--contract-raised", action="store_true", help="in this month: no excess is charged then")
    add(
        "--surcharged-before",
        action=argparse.BooleanOptionalAction,
        help="whether the power factor was too low before (default: by the history)",
    )
    add("--deferred", action="store_true", help="the customer kept the old version of the tariff")
    add("--what-if", action="append", default=[], metavar="ID", help="compare another tariff")
    add("--multiplier", type=_positive, default=Decimal(1), help="of the meter's readings (1)")
    add("--multiplier-checked", action="store_true", help="readings look odd, and are right")
    add("--allow-gaps", action="store_true", help="bill what there is, and say what is missing")
    _add_checks(parser)
    _add_pages(parser)
    add(
        "--format",
        type=_forms,
        default=("json",),
        metavar="FORM,...",
        help=f"{', '.join(_FILES)} (default: json)",
    )
    add("--encoding", choices=_ENCODINGS, default="utf-8-sig", help="of the form csv")
    add("--customer", default="", metavar="NUMBER", help="the customer's number, in the form csv")
    add("--out", type=Path, metavar="DIR", help="where to write it (default: standard output)")
    add_own(parser)


def _add_checks(parser: argparse.ArgumentParser) -> None:
    """How readings are checked, and what they are compared with."""
    add = parser.add_argument
    add(
        "--estimate",
        action=argparse.BooleanOptionalAction,
        help="estimate gaps by the rules (default: of the ledger yes, of a file no)",
    )
    add("--edits", type=Path, metavar="FILE", help="meter,start,kwh,reason,user (CSV)")
    add("--journal", type=Path, metavar="FILE", help="where every changed value is logged")
    add("--register-readings", type=Path, metavar="FILE", help="meter,time,kwh,new (CSV)")
    add("--reconcile-readings", type=Path, metavar="FILE", help="the utility's readings (CSV)")
    add("--reconcile-bill", type=Path, metavar="FILE", help="the real bill: id,amount (CSV)")


def _add_pages(parser: argparse.ArgumentParser) -> None:
    """What the pages are like, and who gets which share."""
    add = parser.add_argument
    add("--lang", choices=LANGUAGES, default="en", help="of the forms html and pdf (en)")
    add(
        "--prometheus",
        type=_url,
        metavar="URL",
        help="split cost and carbon by its energy of nodes (default: [site] prometheus_url)",
    )
    add(
        "--common",
        choices=("proportional", "own_line"),
        default="proportional",
        help="losses and cooling: shared by IT energy, or a line of their own (proportional)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Make the report. Returns 0, or 1 when readings or files are wrong.

    Raises:
        ConfigError: wrong arguments.
    """
    forms: tuple[str, ...] = arguments.format
    if arguments.out is None and (len(forms) > 1 or forms[0] in (*BINARY, "pdf")):
        raise ConfigError(f"--format {','.join(forms)}: say with --out where to write it")
    try:
        if "pdf" in forms:
            _loaded("exporters.utility.report.pdf")  # before long work: it may be missing
        with _busy("reading, checking and billing"):
            content = _loaded("collector.commands.report_content").make(arguments)
        content = _loaded("collector.commands.report_extras").extend(arguments, content)
        _write(arguments, content, forms)
    except UnknownTariffError as error:
        raise ConfigError(str(error)) from None
    except TariffError as error:
        return fail(error)
    except LedgerError as error:
        return fail(TariffError(str(error)))
    return 0


def _busy(what: str) -> AbstractContextManager[object]:
    """Says on a terminal what takes its time."""
    return Console(stderr=True).status(what) if sys.stderr.isatty() else nullcontext()


def _loaded(name: str) -> Any:
    """A module with libraries that only a report needs."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise TariffError(
            f"a report needs {error.name}, which is not installed: pip install wattkeeper[report]"
        ) from None


def _write(arguments: argparse.Namespace, content: Any, forms: tuple[str, ...]) -> None:
    writers = _loaded("exporters.utility.formats.writers")
    pages = _loaded("exporters.utility.report.writers")
    options = writers.Options(encoding=arguments.encoding, customer=arguments.customer)

    def write(form: str, stream: BinaryIO) -> None:
        if form == "pdf":
            pdf = _loaded("exporters.utility.report.pdf")
            stream.write(pdf.report_pdf(content, arguments.lang))
        elif form == "html":
            pages.write_html(content, arguments.lang, stream)
        elif form == _SPLIT:
            pages.write_split(content, stream)
        else:
            writers.write(form, content, stream, options)

    if arguments.out is None:
        shown = BytesIO()
        write(forms[0], shown)
        sys.stdout.buffer.write(shown.getvalue())
        return
    try:
        arguments.out.mkdir(parents=True, exist_ok=True)
        files = {form: _FILES[form] for form in forms}
        files |= {_SPLIT: SPLIT_FILE} if content.extras.split else {}
        for form, name in files.items():
            path = arguments.out / name
            part = path.with_name(f".{path.name}.part")
            try:
                with part.open("wb") as stream:
                    write(form, stream)
                part.replace(path)  # never half a report
            finally:
                part.unlink(missing_ok=True)
            sys.stdout.write(f"{path}\n")
    except OSError as error:
        raise ConfigError(f"--out {arguments.out}: {error.strerror}") from None


def _forms(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(part.strip() for part in text.split(",")))
    if unknown := [name for name in names if name not in _FILES]:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r}: forms are {', '.join(_FILES)}")
    return names


def _url(text: str) -> str:
    try:
        return checked_url(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _decimal(text: str) -> Decimal:
    try:
        return number(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _percent(text: str) -> Decimal:
    found = _decimal(text)
    if not 1 < found <= 100:  # noqa: PLR2004 - per cent, not a share
        raise argparse.ArgumentTypeError(f"{text!r}: allowed are 1 to 100 (per cent)")
    return found


def _positive(text: str) -> Decimal:
    found = _decimal(text)
    if found <= 0:
        raise argparse.ArgumentTypeError(f"{text!r}: it must be above 0")
    return found
