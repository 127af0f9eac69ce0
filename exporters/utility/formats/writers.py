"""Writes a report in any of the forms."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from exporters.utility.formats.content import Content
from exporters.utility.formats.csv_forms import write_kepco_csv, write_own_csv
from exporters.utility.formats.espi import write_espi
from exporters.utility.formats.intervals_json import write_intervals_json
from exporters.utility.formats.metering_text import metering_text
from exporters.utility.formats.parquet import write_parquet
from exporters.utility.formats.xlsx import write_xlsx
from exporters.utility.intervals.series import Series
from exporters.utility.reconcile.document import reconciliation_text
from exporters.utility.tariff.document import as_json
from exporters.utility.tariff.document_text import as_text


@dataclass(frozen=True, slots=True)
class Options:
    """What a form can be told.

    Attributes:
        encoding: of KEPCO's CSV.
        customer: the customer's number, in KEPCO's CSV.
    """

    encoding: str = "utf-8-sig"
    customer: str = ""


def write(form: str, content: Content, stream: BinaryIO, options: Options) -> None:
    """Write a report in one form.

    Args:
        form: a name of `FORMS`.
        content: the report.
        stream: where to.
        options: what the form is told.

    Raises:
        IntervalError: the form cannot say it.
    """
    _WRITERS[form](content, stream, options)


def _json(content: Content, stream: BinaryIO, _options: Options) -> None:
    stream.write(as_json(content.document()).encode())


def _text(content: Content, stream: BinaryIO, _options: Options) -> None:
    document = content.document()
    parts = (
        as_text(document),
        metering_text(document["metering"]),
        reconciliation_text(document["reconciliation"]),
    )
    stream.write("\n".join(part for part in parts if part).encode())


def _kepco(content: Content, stream: BinaryIO, options: Options) -> None:
    write_kepco_csv(_billed(content), stream, encoding=options.encoding, customer=options.customer)


def _own(content: Content, stream: BinaryIO, _options: Options) -> None:
    write_own_csv(_every(content), stream)


def _intervals(content: Content, stream: BinaryIO, _options: Options) -> None:
    write_intervals_json(content.metering.site, _every(content), stream)


def _espi(content: Content, stream: BinaryIO, _options: Options) -> None:
    write_espi(content.metering.site, _billed(content), stream, made_at=content.made_at)


def _xlsx(content: Content, stream: BinaryIO, _options: Options) -> None:
    write_xlsx(content, stream)


def _parquet(content: Content, stream: BinaryIO, _options: Options) -> None:
    metering = content.metering
    about = {
        "site": metering.site,
        "period": content.period,
        "source": metering.source,
        "made_at": content.made_at.isoformat(),
    }
    write_parquet((*metering.meters.values(), *metering.others.values()), stream, about=about)


def _billed(content: Content) -> list[Series]:
    return [checked.series for checked in content.metering.meters.values()]


def _every(content: Content) -> list[Series]:
    return _billed(content) + [checked.series for checked in content.metering.others.values()]


_WRITERS: Mapping[str, Callable[[Content, BinaryIO, Options], None]] = {
    "json": _json,
    "text": _text,
    "csv": _kepco,
    "csv-iso": _own,
    "intervals": _intervals,
    "espi": _espi,
    "xlsx": _xlsx,
    "parquet": _parquet,
}
