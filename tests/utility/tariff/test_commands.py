"""`wattkeeper report` and `wattkeeper tariff`, as a person runs them."""

import json
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from collector.commands import main
from exporters.utility.tariff import BillingPeriod, Month
from exporters.utility.tariff.calendar import _holidays
from tests.utility.tariff.support import B2, flat, history, month, with_peak
from tests.utility.tariff.test_meterfile import kepco_form, own_form, written
from tests.utility.tariff.test_urdb import rate

PERIOD = month("2027-11")
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def command(*arguments: object) -> tuple[int, str, str]:
        try:
            code = main([str(each) for each in arguments])
        except SystemExit as error:
            code = int(str(error.code))
        out, err = capsys.readouterr()
        return code, out, err

    return command


@pytest.fixture
def files(tmp_path: Path) -> list[object]:
    readings = written(tmp_path / "readings.csv", own_form(flat(PERIOD, 36_000)))
    earlier = written(
        tmp_path / "history.csv",
        [
            "month,kw,kw_off_peak",
            *(f"{e.month},{e.kw},{e.kw_off_peak}" for e in history(PERIOD, m2027_08=40_000)),
        ],
    )
    return ["--readings", readings, "--demand-history", earlier, "--contract-kw", 40_000]


def report(run: Run, *arguments: object) -> dict[str, Any]:
    code, out, err = run("report", *arguments)
    assert (code, err) == (0, "")
    found: dict[str, Any] = json.loads(out)
    return found


def test_a_report(run: Run, files: list[object], tmp_path: Path) -> None:
    out = tmp_path / "new/folder"
    code, said, err = run(
        *("report", *files, "--tariff", B2, "--adder", "14.0", "--period", "2027-11"),
        *("--format", "json", "--out", out),
    )
    assert (code, said, err) == (0, f"{out / 'report.json'}\n", "")
    made = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert made["energy_kwh"] == {"off_peak": 12_816_000, "mid": 8_352_000, "peak": 4_752_000}
    assert made["hours"] == {"off_peak": 356, "mid": 232, "peak": 132}
    assert made["billing_demand_kw"] == 40_000
    assert made["billing_demand_from"] == "2027-08"
    bill = made["bill"]
    assert (bill["before_levies"], bill["total"]) == (4_860_446_400, 5_477_723_090)
    lines = {line["id"]: line for line in bill["lines"]}
    assert lines["base"] | {"formula": ""} == {
        "id": "base",
        "kind": "charge",
        "quantity": 40_000,
        "unit": "kW",
        "rate": 7_380,
        "amount": 295_200_000,
        "formula": "",
        "assumed": False,
        "note": None,
    }
    assert (lines["power_factor"]["amount"], lines["power_factor"]["assumed"]) == (0, True)
    assert [file["name"] for file in made["files"]] == [
        "kepco-industrial-eul-2026-04-16.toml",
        "kepco-common.toml",
    ]
    assert all(len(file["sha256"]) == 64 for file in made["files"])
    assert "5477723090" in (out / "report.json").read_text(encoding="utf-8")


def test_kepcos_file_makes_the_same_report(run: Run, files: list[object], tmp_path: Path) -> None:
    kepco = written(tmp_path / "k.csv", kepco_form(flat(PERIOD, 36_000)), "cp949")
    rest = ["--tariff", B2, "--adder", 14, "--period", "2027-11"]
    ours = report(run, *files, *rest)
    theirs = report(run, "--readings", kepco, *files[2:], *rest)
    assert theirs["metering"].pop("source") == "file k.csv"
    assert ours["metering"].pop("source") == "file readings.csv"
    assert ours["sources"].pop(0) != theirs["sources"].pop(0)  # another file, the same readings
    assert theirs == ours


def test_what_if(run: Run, files: list[object]) -> None:
    """The general tariff, option II, of the same month: 4,606,528,650 (see the bills of months)."""
    made = report(
        run,
        *(*files, "--tariff", B2, "--adder", 14, "--period", "2027-11"),
        *("--what-if", "kepco-general-eul-hv-b-2", "--what-if", "kepco-industrial-eul-hv-b-3"),
    )
    general, third = made["what_if"]
    assert (general["tariff"], general["total"]) == ("kepco-general-eul-hv-b-2", 4_606_528_650)
    assert general["difference"] == 4_606_528_650 - 5_477_723_090
    assert third["tariff"] == "kepco-industrial-eul-hv-b-3"


def test_a_text_for_people(run: Run, files: list[object]) -> None:
    code, out, _ = run(
        *("report", *files, "--tariff", B2, "--adder", 14, "--period", "2027-11"),
        *("--format", "text"),
    )
    assert code == 0
    assert "5,477,723,090  KRW" in out
    assert "12,816,000 kWh x 134.6" in out


def test_gaps(run: Run, files: list[object], tmp_path: Path) -> None:
    lines = own_form(flat(PERIOD, 36_000))
    holed = written(tmp_path / "holed.csv", lines[:99] + lines[110:])
    rest = [*files[2:], "--tariff", B2, "--adder", 14, "--period", "2027-11"]
    code, out, err = run("report", "--readings", holed, *rest)
    assert (code, out) == (1, "")
    assert "after line 99: 2027-11-02 00:30 to 2027-11-02 03:15 is missing" in err
    assert "--allow-gaps" in err
    assert all(line.startswith("wattkeeper: ") for line in err.splitlines())
    made = report(run, "--readings", holed, *rest, "--allow-gaps")
    assert made["missing_hours"] == 2.75
    assert made["gaps"] == [
        {
            "start": "2027-11-02T00:30:00+09:00",
            "end": "2027-11-02T03:15:00+09:00",
            "readings": 11,
            "after_line": 99,
        }
    ]
    assert any("2.75 hours" in note for note in made["notes"])


def test_a_wrong_multiplier(run: Run, files: list[object], tmp_path: Path) -> None:
    dials = written(tmp_path / "dials.csv", own_form(flat(PERIOD, 10)))
    rest = [*files[2:], "--tariff", B2, "--adder", 14, "--period", "2027-11"]
    code, _, err = run("report", "--readings", dials, *rest)
    assert code == 1
    assert "line 2: " in err
    assert "--multiplier" in err
    made = report(run, "--readings", dials, *rest, "--multiplier", 3600)
    assert made["bill"]["total"] == 5_477_723_090
    made = report(run, "--readings", dials, *rest, "--multiplier-checked")
    assert made["billing_demand_from"] == "2027-08"


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        (["--tariff", "kepco-general-eul-hv-c-2"], 2, "no tariff 'kepco-general-eul-hv-c-2'"),
        (["--tariff", "pge-b-20-secondary"], 1, "hours of readings are missing"),
        (["--period", "2027-13"], 2, "'2027-13' is no period"),
        (["--period", "2024-09"], 2, "costs on 2024-09-01"),
        (["--reading-day", "31"], 2, "allowed are 1 to 28"),
        (["--contract-kw", "-1"], 2, "it must be above 0"),
        (["--what-if", "nothing"], 2, "no tariff 'nothing'"),
        (["--what-if", "pge-b-20-secondary"], 2, "another currency"),
        (["--readings", "gone.csv"], 1, "gone.csv: No such file"),
        (["--adder", "dear"], 2, "'dear' is no number"),
        (["--tariffs", "gone"], 1, "gone: No such file"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(
    run: Run, files: list[object], change: list[str], code: int, message: str
) -> None:
    base = ["--tariff", B2, "--adder", 14, "--period", "2027-11"]
    found, _, err = run("report", *files, *base, *change)
    assert message in err
    assert found == code
    assert "Traceback" not in err


def test_no_adder_for_2027(run: Run, files: list[object]) -> None:
    code, _, err = run("report", *files, "--tariff", B2, "--period", "2027-11")
    assert code == 2
    assert "no source says what the adder 'climate'" in err
    assert "--adder" in err


def test_without_the_extra(run: Run, files: list[object], monkeypatch: pytest.MonkeyPatch) -> None:
    _holidays.cache_clear()
    monkeypatch.setitem(sys.modules, "holidays", None)
    code, _, err = run("report", *files, "--tariff", B2, "--adder", 14, "--period", "2027-11")
    assert (code, err.count("\n")) == (1, 1)
    assert "pip install wattkeeper[report]" in err


def test_explain(run: Run) -> None:
    code, out, err = run("tariff", "explain", "--at", "2027-11-03T10:15", "--tariff", B2)
    assert (code, err) == (0, "")
    assert out.startswith("2027-11-03 10:15 Asia/Seoul: peak, 214.1 KRW/kWh\n")
    for part in (
        "winter: months 11, 12, 1, 2",
        "Wednesday: weekday",
        "peak: 09:00-12:00, 16:00-19:00",
        "kepco-industrial-eul-2026-04-16.toml",
        "data/tariff_kr_20260601.json",
        "NO: a transcription",
    ):
        assert part in out


def test_explain_a_discount_on_a_holiday(run: Run) -> None:
    code, out, _ = run(
        *("tariff", "explain", "--at", "2027-05-13T02:15:00+00:00", "--tariff", B2, "--json")
    )
    made = json.loads(out)
    assert code == 0
    assert made["at"] == "2027-05-13T11:15:00+09:00"
    assert (made["day_type"], made["holiday"]) == ("holiday", "Buddha's Birthday")
    assert (made["band"], made["price"]) == ("off_peak", 127.6)
    assert list(made["discounts"].values()) == [63.8]
    assert made["counts_for_demand"] == []
    assert made["adders"] == {"기후환경요금": None, "연료비조정요금": None}


def test_explain_all_that_are_valid(run: Run) -> None:
    _, out, _ = run("tariff", "explain", "--at", "2025-11-03T10:15")
    assert out.count("Asia/Seoul: peak") == 9
    assert "기후환경요금 +9, 연료비조정요금 +5" in out
    assert "pge" not in out
    code, _, err = run("tariff", "explain", "--at", "2020-11-03T10:15")
    assert code == 2
    assert "no tariff is valid" in err


def test_explain_the_old_version_for_who_kept_it(run: Run) -> None:
    arguments = ("tariff", "explain", "--at", "2026-07-15T11:15", "--tariff", B2)
    assert "mid, 174.8" in run(*arguments)[1]
    assert "peak, 256 " in run(*arguments, "--deferred")[1]


def test_explain_what_no_file_says(run: Run) -> None:
    code, _, err = run("tariff", "explain", "--at", "2024-01-01T00:00", "--tariff", B2)
    assert code == 2
    assert "no file says what" in err
    assert run("tariff", "explain", "--at", "noon")[0] == 2


def test_the_list(run: Run) -> None:
    code, out, _ = run("tariff", "list")
    assert code == 0
    assert len(out.splitlines()) == 19
    assert "2026-04-16 to further notice, not verified" in out


def test_import(run: Run, tmp_path: Path) -> None:
    source, out = tmp_path / "rate.json", tmp_path / "rate.toml"
    source.write_text(json.dumps(rate(mincharge=5)), encoding="utf-8")
    code, said, _ = run(
        *("tariff", "import", source, "--zone", "America/Los_Angeles"),
        *("--id", "tou-8", "--out", out),
    )
    assert code == 0
    assert "left out: a least charge (mincharge)" in said
    assert "the form cannot say: holidays" in said
    code, said, _ = run(
        *("tariff", "explain", "--at", "2026-07-01T17:00", "--tariff", "tou-8", "--tariffs", out)
    )
    assert code == 0
    assert "energy_1_demand_1, 0.3 USD/kWh" in said
    source.write_text("{}", encoding="utf-8")
    code, _, err = run("tariff", "import", source, "--zone", "America/Los_Angeles", "--out", out)
    assert code == 1
    assert "energyratestructure" in err


def test_a_file_of_ones_own_that_is_wrong(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("[meta]\ntitle = 3\n", encoding="utf-8")
    code, _, err = run("tariff", "list", "--tariffs", path)
    assert code == 1
    assert "mine.toml, line 2: meta.title" in err


@pytest.mark.parametrize("percent", ["0.96", "101"])
def test_a_power_factor_is_in_per_cent(run: Run, files: list[object], percent: str) -> None:
    code, _, err = run("report", *files, "--period", "2027-11", "--lagging-percent", percent)
    assert code == 2
    assert f"'{percent}': allowed are 1 to 100" in err


def test_a_changed_meter_is_refused_until_it_is_checked(
    run: Run, files: list[object], tmp_path: Path
) -> None:
    lines = kepco_form(flat(PERIOD, 36_000))
    lines[50:] = [line.replace("55-282007100", "55-282007999") for line in lines[50:]]
    read = ("--readings", written(tmp_path / "k.csv", lines))
    asked = (*files, *read, "--tariff", B2, "--adder", 14, "--period", "2027-11")
    code, _, err = run("report", *asked)
    assert code == 1
    assert "line 51: 2027-11-01 12:15: meter 55-282007999 follows meter 55-282007100" in err
    assert "--multiplier-checked" in err
    made = report(run, *asked, "--multiplier-checked")
    assert made["bill"]["total"] == 5_477_723_090
    assert any("follows meter 55-282007100" in note for note in made["metering"]["notes"])


def test_reactive_readings_are_kept_where_gaps_are_estimated(
    run: Run, files: list[object], tmp_path: Path
) -> None:
    """0.75 kvarh to a kWh by day and night: 80 %, and leading 100 %."""
    lines = [
        "start,kwh,lagging_kvarh,leading_kvarh",
        *(f"{line},6750,0" for line in own_form(flat(PERIOD, 36_000))[1:]),
    ]
    asked = (*files, "--readings", written(tmp_path / "r.csv", lines), "--tariff", B2,
        "--adder", 14, "--period", "2027-11", "--surcharged-before")  # fmt: skip
    made = report(run, *asked, "--estimate")
    assert made["lagging_percent"] == 80
    assert made["bill"] == report(run, *asked)["bill"]


def test_a_contract_that_was_raised_in_this_month(
    run: Run, files: list[object], tmp_path: Path
) -> None:
    lines = own_form(with_peak(flat(PERIOD, 36_000), "2027-11-03T23:00", 41_230))
    asked = (*files, "--readings", written(tmp_path / "r.csv", lines), "--tariff", B2,
        "--adder", 14, "--period", "2027-11", "--exceeded-before")  # fmt: skip
    line = next(e for e in report(run, *asked)["bill"]["lines"] if e["id"] == "excess")
    assert line["amount"] == 13_616_100
    made = report(run, *asked, "--contract-raised")
    line = next(e for e in made["bill"]["lines"] if e["id"] == "excess")
    assert line["amount"] == 0
    assert "the contract was raised in this month" in line["formula"]


def test_lines_of_a_year_stand_as_on_a_bill(run: Run, files: list[object], tmp_path: Path) -> None:
    """The weekend discount begins in March; it stands after energy all the same."""
    period = BillingPeriod(Month(2027, 1), date(2027, 1, 1), date(2027, 4, 1))
    lines = own_form(flat(period, 36_000))
    made = report(
        run, *files, "--readings", written(tmp_path / "r.csv", lines), "--tariff", B2,
        "--adder", 14, "--period", "2027-Q1", "--contract-since", "2027-01-01",
    )  # fmt: skip
    assert [line["id"] for line in made["bill"]["lines"]][4:8] == [
        "discount_weekend_off_peak", "discount_weekend_mid", "adder", "power_factor",
    ]  # fmt: skip
