"""Interval data as CSV: in the form of KEPCO's pages, and in one without doubt about time."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from io import TextIOWrapper
from typing import BinaryIO

from exporters.utility.intervals.errors import IntervalError
from exporters.utility.intervals.series import Series

KEPCO_HEADER = ("계기번호", "고객번호", "검침일", "순방향 유효전력량(KWH)", "품질코드")
OWN_HEADER = ("meter", "start", "kwh", "quality")
ENCODINGS = ("utf-8-sig", "utf-8", "cp949", "euc-kr")


def write_kepco_csv(
    meters: Sequence[Series], stream: BinaryIO, *, encoding: str = "utf-8-sig", customer: str = ""
) -> None:
    """Write readings as KEPCO's pages give them; what is missing has no row.

    The label is the END of the quarter-hour, 00:15 to 24:00.

    Args:
        meters: one after the other.
        stream: where to.
        encoding: one of `ENCODINGS`; UTF-8 with a mark is what Excel takes for Korean.
        customer: the customer's number.

    Raises:
        IntervalError: a local time would mean two instants, or a name is not in the encoding.
    """
    for each in meters:
        if changes := each.grid.changes_clocks:
            raise IntervalError(
                f"{each.grid.zone.key} sets its clocks on {changes[0]}: KEPCO's form has no offset "
                "and would say an hour twice or not at all; take --format csv-iso"
            )
    rows = (
        (each.meter, customer, each.grid.label(index), kwh, code)
        for each in meters
        for index, kwh, code in _readings(each)
    )
    _write(KEPCO_HEADER, rows, stream, encoding)


def write_own_csv(meters: Sequence[Series], stream: BinaryIO) -> None:
    """Write `meter,start,kwh,quality`: the beginning in ISO 8601 with its offset, in UTF-8."""
    rows = (
        (each.meter, each.grid.local(index).isoformat(), kwh, code)
        for each in meters
        for index, kwh, code in _readings(each)
    )
    _write(OWN_HEADER, rows, stream, "utf-8")


def _readings(series: Series) -> Iterator[tuple[int, str, str]]:
    """Index, kilowatt-hours and ESPI's code of each reading that there is."""
    present, codes = series.present.tolist(), series.quality.tolist()
    for index, watt_hours in enumerate(series.watt_hours.tolist()):
        if present[index]:
            whole, rest = divmod(watt_hours, 1000)
            yield index, f"{whole}.{rest:03}", str(codes[index])


def _write(
    header: Sequence[str], rows: Iterable[Sequence[str]], stream: BinaryIO, encoding: str
) -> None:
    text = TextIOWrapper(stream, encoding=encoding, newline="")
    try:
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow(header)
        writer.writerows(rows)
        text.flush()
    except UnicodeEncodeError as error:
        raise IntervalError(
            f"{error.object[error.start : error.end]!r} cannot be written in {encoding}; take "
            "--encoding utf-8-sig"
        ) from None
    finally:
        text.detach()
