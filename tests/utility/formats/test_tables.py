"""The workbook, Parquet, JSON and the text, read again."""

import json
from io import BytesIO
from typing import Any

import openpyxl
import pytest
from pyarrow import parquet

from exporters.utility.formats.content import Content
from exporters.utility.formats.names import FORMS
from exporters.utility.formats.writers import _WRITERS, Options, write
from exporters.utility.intervals.quality import MJ_PER_WH
from tests.utility.formats.support import content


def written(form: str, what: Content | None = None) -> BytesIO:
    stream = BytesIO()
    write(form, what or content(), stream, Options())
    stream.seek(0)
    return stream


def test_every_form_has_a_writer() -> None:
    assert list(_WRITERS) == list(FORMS)
    assert len(set(FORMS.values())) == len(FORMS)


def test_the_workbook() -> None:
    report = content()
    book = openpyxl.load_workbook(written("xlsx", report))
    assert book.sheetnames == [
        "summary", "bill", "intervals", "gaps", "findings", "changes", "reconciliation", "sources",
    ]  # fmt: skip
    assert [cell.value for cell in next(iter(book["gaps"].iter_rows(min_row=2)))][:4] == [
        "border", "2027-11-30T23:00:00+09:00", "2027-12-01T00:00:00+09:00", 4,
    ]  # fmt: skip
    rows: list[Any] = list(book["intervals"].iter_rows(min_row=2, values_only=True))
    assert len(rows) == 2880 - 4
    assert sum(round(row[4] * 1000) for row in rows) == int(report.metering.billed.watt_hours.sum())
    assert (str(rows[0][1]), str(rows[0][2])) == ("2027-11-01 00:00:00", "2027-11-01 00:15:00")
    assert rows[1001][6] == "interpolated"
    assert len(list(book["changes"].iter_rows(min_row=2))) == 4


def test_sums_in_the_workbook_are_formulas_that_come_to_the_bill() -> None:
    """What Excel would work out, worked out here: SUM over the column, and the check."""
    report = content()
    sheet = openpyxl.load_workbook(written("xlsx", report))["bill"]
    rows: list[Any] = list(sheet.iter_rows(min_row=2, values_only=True))
    *lines, total, check = rows
    assert total[6] == f"=SUM(G2:G{len(lines) + 1})"
    assert sum(line[6] for line in lines) == report.total
    assert check[6] == f"=G{len(lines) + 2}-{report.total}"
    base = next(line for line in lines if line[1] == "base")
    assert base[5] == "=C2*E2"
    assert base[2] * base[4] == base[6]


def test_text_that_begins_like_a_formula_stays_text() -> None:
    sheet = openpyxl.load_workbook(written("xlsx", content("=HYPERLINK(1)")))["summary"]
    notes = [row for row in sheet.iter_rows() if row[0].value == "note"]
    assert (notes[0][1].value, notes[0][1].data_type) == ("=1+1 is a note", "s")


def test_parquet() -> None:
    report = content()
    table = parquet.read_table(written("parquet", report))
    series = report.metering.billed
    assert table.num_rows == 2880
    assert table["energy_wh"].null_count == table["quality"].null_count == 4
    assert table["found_wh"].null_count == 8
    assert sum(filter(None, table["energy_wh"].to_pylist())) == int(series.watt_hours.sum())
    assert sum(filter(None, table["energy_mj"].to_pylist())) == series.total_mj
    starts, ends = table["start"].to_pylist(), table["end"].to_pylist()
    assert starts[0].isoformat() == "2027-10-31T15:00:00+00:00"
    assert ends[:-1] == starts[1:]
    assert set(table["meter"].to_pylist()) == {"border"}
    assert table.schema.metadata[b"site"] == b"north"


def test_the_readings_as_json() -> None:
    report = content()
    made = json.loads(written("intervals", report).read())
    (meter,) = made["meters"]
    assert made["format"] == "wattkeeper-intervals/1"
    assert (meter["start"], len(meter["energy_wh"])) == ("2027-11-01T00:00:00+09:00", 2880)
    assert meter["energy_wh"][2876:] == meter["quality"][2876:] == [None] * 4
    assert meter["energy_wh"][0] == int(report.metering.billed.energy_mj[0]) // MJ_PER_WH
    assert meter["quality"][1000:1005] == [9, 9, 9, 9, 17]


def test_the_report_as_json_and_text() -> None:
    report = content()
    made = json.loads(written("json", report).read())
    metering = made["metering"]
    assert made["format"] == "wattkeeper-report/1"
    assert metering["billed"]["quality"] == {"missing": 4, "interpolated": 4, "validated": 2872}
    assert metering["billed"]["months_kwh"] == {"2027-11": metering["billed"]["energy_kwh"]}
    assert metering["meters"][0]["gaps"][0]["readings"] == 4
    assert metering["meters"][0]["changes_count"] == 4
    assert made["energy_kwh_total"] == pytest.approx(metering["billed"]["energy_kwh"], abs=2)
    text = written("text", report).read().decode()
    assert "gap of border: 2027-11-30T23:00:00+09:00" in text
    assert "4 interpolated" in text
