"""CSV: KEPCO's labels, encodings, what is missing; read again by the reader of such files."""

from io import BytesIO
from pathlib import Path

import pytest

from exporters.utility.formats.csv_forms import ENCODINGS, write_kepco_csv, write_own_csv
from exporters.utility.intervals.errors import IntervalError
from exporters.utility.intervals.file_source import to_intervals
from exporters.utility.meterfile import read_readings
from tests.utility.intervals.support import BERLIN, SEOUL, days, series, without


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_kepcos_form_comes_back_as_it_was(tmp_path: Path, encoding: str) -> None:
    found = without(series(days("2027-11-01", 3)), (4, 9), (100, 101))
    with (tmp_path / "k.csv").open("wb") as stream:
        write_kepco_csv([found], stream, encoding=encoding, customer="0123456789")
    rows = (tmp_path / "k.csv").read_text(encoding=encoding).splitlines()
    assert rows[0] == "계기번호,고객번호,검침일,순방향 유효전력량(KWH),품질코드"
    assert rows[1].startswith("border,0123456789,2027-11-01 00:15,9")
    assert rows[1].endswith(",17")
    assert [row.split(",")[2] for row in rows if " 24:00" in row] == [
        "2027-11-01 24:00",
        "2027-11-02 24:00",
        "2027-11-03 24:00",
    ]
    again = read_readings(tmp_path / "k.csv", SEOUL)
    ours = to_intervals(found)
    assert [(e.start, e.kwh) for e in again] == [(e.start, e.kwh) for e in ours]
    assert len(rows) == 1 + 3 * 96 - 6


def test_kepcos_form_cannot_say_an_hour_twice() -> None:
    with pytest.raises(IntervalError, match=r"sets its clocks on 2027-10-31: .* csv-iso"):
        write_kepco_csv([series(days("2027-10-30", 3, BERLIN))], BytesIO())


def test_the_own_form_can(tmp_path: Path) -> None:
    found = series(days("2027-10-30", 3, BERLIN))
    with (tmp_path / "o.csv").open("wb") as stream:
        write_own_csv([found], stream)
    text = (tmp_path / "o.csv").read_text(encoding="utf-8")
    assert "2027-10-31T02:00:00+02:00" in text
    assert "2027-10-31T02:00:00+01:00" in text
    again = read_readings(tmp_path / "o.csv", BERLIN)
    assert [e.start.timestamp() for e in again] == [
        e.start.timestamp() for e in to_intervals(found)
    ]


def test_a_name_that_an_encoding_lacks() -> None:
    with pytest.raises(IntervalError, match=r"cannot be written in cp949; take --encoding"):
        write_kepco_csv([series(days("2027-11-01", 1), meter="🔌")], BytesIO(), encoding="cp949")
