"""Files of readings and of demand: both forms, every encoding, and what is wrong with its line."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from exporters.utility.meterfile import (
    check_multiplier,
    meter_changes,
    read_history,
    read_readings,
)
from exporters.utility.tariff import Interval, Month, MonthDemand, ReadingsError, Tariff, price
from exporters.utility.tariff.bill import Bill, Contract
from tests.utility.tariff.support import ADDER, B2, SEOUL, flat, history, month, seen, with_peak

PERIOD = month("2027-11")
KEPCO_HEADER = "계기번호, 고객번호, 검침일, 순방향 유효전력량(KWH)"


def own_form(intervals: list[Interval]) -> list[str]:
    return ["start,kwh", *(f"{each.start.isoformat()},{each.kwh}" for each in intervals)]


def kepco_form(intervals: list[Interval]) -> list[str]:
    rows = []
    for each in intervals:
        end = each.start + timedelta(minutes=15)
        label = f"{end:%Y-%m-%d %H:%M}"
        if end.hour == end.minute == 0:
            label = f"{each.start:%Y-%m-%d} 24:00"
        rows.append(f"'55-282007100',196705100,'{label}',{each.kwh}")
    return [KEPCO_HEADER, *rows]


def written(path: Path, lines: list[str], encoding: str = "utf-8") -> Path:
    path.write_bytes("\r\n".join([*lines, ""]).encode(encoding))
    return path


def bill(intervals: list[Interval], *, allow_gaps: bool = False) -> Bill:
    return price(
        intervals,
        versions=Tariff.versions(B2),
        period=PERIOD,
        contract=Contract(kw=Decimal(40_000)),
        history=history(PERIOD),
        adder=ADDER,
        allow_gaps=allow_gaps,
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "euc-kr"])
def test_kepcos_form_is_the_own_form_labelled_by_the_end(tmp_path: Path, encoding: str) -> None:
    intervals = [
        Interval(each.start, each.kwh + n % 7) for n, each in enumerate(flat(PERIOD, 36_000))
    ]
    own = read_readings(written(tmp_path / "own.csv", own_form(intervals)), SEOUL)
    lines = kepco_form(intervals)
    assert "'2027-11-30 24:00'" in lines[-1]
    kepco = read_readings(written(tmp_path / "k.csv", lines, encoding), SEOUL)
    assert [(each.start, each.kwh) for each in kepco] == [(e.start, e.kwh) for e in own]
    assert bill(kepco).total == bill(own).total


def test_kepcos_usage_column(tmp_path: Path) -> None:
    path = written(
        tmp_path / "k.csv",
        ["일시,사용량(kWh),최대수요(kW)", '2027/11/01 00:15,"9,000.5",36002', "20271101 0030,1,4"],
        "cp949",
    )
    first, second = read_readings(path, SEOUL)
    assert (first.start, first.kwh) == (datetime(2027, 11, 1, tzinfo=SEOUL), Decimal("9000.5"))
    assert second.start == datetime(2027, 11, 1, 0, 15, tzinfo=SEOUL)


def test_offsets_count_and_reactive_energy_is_read(tmp_path: Path) -> None:
    path = written(
        tmp_path / "r.csv",
        ["start,kwh,lagging_kvarh,leading_kvarh", "2027-10-31T15:00Z,10,3,0"],
    )
    (only,) = read_readings(path, SEOUL, multiplier=Decimal(2))
    assert only.start == datetime(2027, 11, 1, tzinfo=SEOUL)
    assert seen(only.kwh, only.lagging_kvarh, only.leading_kvarh, only.line) == (20, 6, 0, 2)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "it is empty"),
        (["start,kwh"], "it has no readings"),
        (["begin,energy", "x,1"], "line 1: no known form: 'begin,energy'"),
        (["start,kwh", "2027-11-01T00:00,9000"], "line 2: .* has no offset"),
        (["start,kwh", "", "yesterday,9000"], "line 3: 'yesterday' is no time"),
        (["start,kwh", "2027-11-01T00:00+09:00,many"], "line 2: 'many' is no number"),
        (["start,kwh", "2027-11-01T00:00+09:00,NaN"], "line 2: 'NaN' is no number"),
        (["start,kwh", "2027-11-01T00:00+09:00,9e9999999"], "line 2: '9e9999999' is no number"),
        ([KEPCO_HEADER, "'1',1,'2027-11-01 25:00',1"], "line 2: '2027-11-01 25:00' is no time"),
    ],
)
def test_what_is_refused_when_it_is_read(tmp_path: Path, lines: list[str], message: str) -> None:
    path = tmp_path / "r.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(ReadingsError, match=message):
        read_readings(path, SEOUL)


def test_other_encodings_are_named(tmp_path: Path) -> None:
    lines = own_form(flat(PERIOD, 36_000)[:4])
    with pytest.raises(ReadingsError, match="not in UTF-8 or CP949"):
        read_readings(written(tmp_path / "r.csv", lines, "utf-16"), SEOUL)
    path = tmp_path / "bad.csv"
    path.write_bytes(b"start,kwh\n2027-11-01T00:00+09:00,1\n\xff\xff,2\n")
    with pytest.raises(ReadingsError, match="line 3: it is neither UTF-8 nor CP949"):
        read_readings(path, SEOUL)
    with pytest.raises(ReadingsError, match="No such file"):
        read_readings(tmp_path / "gone.csv", SEOUL)


def readings(tmp_path: Path, edit: list[str]) -> list[Interval]:
    return read_readings(written(tmp_path / "r.csv", edit), SEOUL)


def test_a_gap_is_named_and_refused_and_told_when_allowed(tmp_path: Path) -> None:
    """Lines 100 to 110 are 11 readings, from 2 November 00:30 on."""
    lines = own_form(flat(PERIOD, 36_000))
    found = readings(tmp_path, lines[:99] + lines[110:])
    with pytest.raises(ReadingsError, match=r"2\.75 hours of readings are missing") as raised:
        bill(found)
    assert "after line 99: 2027-11-02 00:30 to 2027-11-02 03:15 is missing" in str(raised.value)
    made = bill(found, allow_gaps=True)
    assert sum(made.hours.values()) == Decimal("717.25")
    assert [gap.quarters for gap in made.gaps] == [11]
    assert any("2.75 hours" in note for note in made.notes)
    # 11 quarter-hours of off-peak: 99,000 kWh less.
    assert made.energy_kwh["off_peak"] == 12_816_000 - 99_000


def test_gaps_at_both_ends_and_empty_cells(tmp_path: Path) -> None:
    lines = own_form(flat(PERIOD, 36_000))
    lines[5] = lines[5].split(",")[0] + ","
    found = readings(tmp_path, [lines[0], *lines[2:-1]])
    made = bill(found, allow_gaps=True)
    assert [(gap.start.strftime("%d %H:%M"), gap.quarters) for gap in made.gaps] == [
        ("01 00:00", 1),
        ("01 01:00", 1),
        ("30 23:45", 1),
    ]


def test_no_readings_of_the_period_at_all() -> None:
    with pytest.raises(ReadingsError, match="720 hours of readings are missing"):
        bill(flat(month("2027-10"), 36_000))


def test_a_duplicate_is_named(tmp_path: Path) -> None:
    lines = own_form(flat(PERIOD, 36_000))
    with pytest.raises(ReadingsError, match="line 51: 2027-11-01 12:00 stands twice"):
        bill(readings(tmp_path, lines[:50] + lines[49:]), allow_gaps=True)


def test_a_reading_out_of_order_is_named(tmp_path: Path) -> None:
    lines = own_form(flat(PERIOD, 36_000))
    lines[50], lines[60] = lines[60], lines[50]
    with pytest.raises(ReadingsError, match=r"line 52: .* is out of order: line 51 before it"):
        bill(readings(tmp_path, lines), allow_gaps=True)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("2027-11-01T12:07+09:00,9000", "2027-11-01 12:07 is not on a quarter-hour"),
        ("2027-11-01T12:15+09:00,-1", "-1 kWh cannot be"),
    ],
)
def test_what_cannot_be_is_named(tmp_path: Path, row: str, message: str) -> None:
    lines = own_form(flat(PERIOD, 36_000))
    lines[50] = row
    with pytest.raises(ReadingsError, match=f"line 51: .*{message}"):
        bill(readings(tmp_path, lines), allow_gaps=True)


def numbered(intervals: list[Interval]) -> list[Interval]:
    return [Interval(e.start, e.kwh, line=n) for n, e in enumerate(intervals, 2)]


@pytest.mark.parametrize(
    ("kw", "line", "message"),
    [
        (36_000_000, 2, "more than twice the contract's 40000 kW"),
        (80_001, 2, "more than twice"),
        (399, 2, "not 1 % of the contract's"),
        (4_000, 2, "far below the 36000 kW of other months"),
    ],
)
def test_a_wrong_multiplier(kw: int, line: int, message: str) -> None:
    with pytest.raises(ReadingsError, match=f"line {line}: .*{message}.*--multiplier"):
        check_multiplier(numbered(flat(PERIOD, kw)), Decimal(40_000), history(PERIOD))


@pytest.mark.parametrize("factor", [10, 100, 1000])
def test_a_multiplier_that_changes_within_the_file(factor: int) -> None:
    intervals = numbered(flat(PERIOD, 36_000))
    intervals[500:] = [
        Interval(each.start, each.kwh / factor, line=each.line) for each in intervals[500:]
    ]
    with pytest.raises(ReadingsError, match=r"line 502: .* a jump by a power of ten"):
        check_multiplier(intervals, Decimal(40_000), history(PERIOD))


def test_a_load_that_rises_is_no_wrong_multiplier() -> None:
    intervals = flat(PERIOD, 3_000)
    rising = [Interval(each.start, each.kwh * min(1 + n, 12)) for n, each in enumerate(intervals)]
    check_multiplier(rising, Decimal(40_000), history(PERIOD))
    noisy = [Interval(each.start, each.kwh * (1 + 9 * (n % 2))) for n, each in enumerate(intervals)]
    check_multiplier(noisy, Decimal(40_000), history(PERIOD))


@pytest.mark.parametrize("kw", [0, 5_000, 36_000, 64_000])
def test_what_is_no_wrong_multiplier(kw: int) -> None:
    check_multiplier(flat(PERIOD, kw), Decimal(40_000), history(PERIOD))
    check_multiplier(
        with_peak(flat(PERIOD, 40), "2027-11-03T10:15", 36_000), Decimal(40_000), history(PERIOD)
    )
    check_multiplier(flat(PERIOD, 500), Decimal(40_000), ())


def test_a_history_is_read(tmp_path: Path) -> None:
    path = written(
        tmp_path / "h.csv",
        [
            "Month, kW, kW off-peak, lagging_percent, leading_percent, note",
            '2027-02,"36,900",1,97,,hot',
            "2027-01,35000",
        ],
        "utf-8-sig",
    )
    assert read_history(path) == [
        MonthDemand(month=Month(2027, 1), kw=Decimal(35_000)),
        MonthDemand(
            month=Month(2027, 2),
            kw=Decimal(36_900),
            kw_off_peak=Decimal(1),
            lagging_percent=Decimal(97),
        ),
    ]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["month,kilowatts", "2027-01,1"], "line 1: the header must have"),
        (["month,kw", "2027-01,1", "2027-01,2"], "line 3: 2027-01 stands twice"),
        (["month,kw", "2027-13,1"], "line 2: '2027-13' is no month"),
        (["month,kw", "2027-01,"], "line 2: '' is no number"),
        (["month,kw", "2027-01,-5"], "line 2: -5 kW cannot be"),
        (["month,kw,lagging_percent", "2027-01,5,0.97"], "line 2: a power factor of 0.97 %"),
        (["month,kw,kw_night", "2027-01,5,9"], "line 1: 'kw_night' is no column"),
    ],
)
def test_what_is_refused_in_a_history(tmp_path: Path, lines: list[str], message: str) -> None:
    with pytest.raises(ReadingsError, match=message):
        read_history(written(tmp_path / "h.csv", lines))


def test_a_reading_without_a_time_zone_is_refused() -> None:
    naive = [Interval(datetime(2027, 11, 1), Decimal(1))]  # noqa: DTZ001 - that is the point
    with pytest.raises(ReadingsError, match="2027-11-01 00:00 has no time zone"):
        bill(naive, allow_gaps=True)


def test_a_meter_changed_in_the_month_is_named(tmp_path: Path) -> None:
    """Line 51 is 1 November 12:15; a change outside the period is no matter of its bill."""
    lines = kepco_form(flat(PERIOD, 36_000))
    lines[50:] = [line.replace("55-282007100", "55-282007999") for line in lines[50:]]
    found = readings(tmp_path, lines)
    assert meter_changes(found, PERIOD.start, PERIOD.end, SEOUL) == [
        "line 51: 2027-11-01 12:15: meter 55-282007999 follows meter 55-282007100"
    ]
    assert meter_changes(found, date(2027, 11, 2), PERIOD.end, SEOUL) == []
    assert meter_changes(flat(PERIOD, 1), PERIOD.start, PERIOD.end, SEOUL) == []


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ("55-282007100", r"line 2882: meter 55-2 after 55-282007100 goes back in time"),
        ("196705100", r"line 2882: customer 55-2 follows customer 196705100"),
    ],
)
def test_a_file_of_several_meters_or_customers_is_refused(
    tmp_path: Path, column: str, message: str
) -> None:
    lines = kepco_form(flat(PERIOD, 36_000))
    second = [line.replace(column, "55-2") for line in lines[1:]]
    with pytest.raises(ReadingsError, match=f"r.csv, {message}"):
        readings(tmp_path, lines + second)
