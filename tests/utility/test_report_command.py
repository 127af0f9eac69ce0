"""`wattkeeper report` from a site's ledger, in every form, beside what the utility says."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from collector.commands import main
from exporters.utility.formats.names import FORMS
from exporters.utility.intervals.journal import verify
from tests.utility.intervals.support import SITE, days, make_ledger, wavy
from tests.utility.tariff.support import flat, month
from tests.utility.tariff.test_meterfile import kepco_form, written

Run = Callable[..., tuple[int, str, str]]
GRID = days("2027-10-20", 60)
NOVEMBER = 12 * 96


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def command(*arguments: object) -> tuple[int, str, str]:
        try:
            code = main([str(each) for each in ("report", *arguments)])
        except SystemExit as error:
            code = int(str(error.code))
        out, err = capsys.readouterr()
        return code, out, err

    return command


@pytest.fixture
def site(tmp_path: Path) -> list[object]:
    """A site whose ledger lacks half an hour, and five hours, of November."""
    (tmp_path / "site.toml").write_text(SITE, encoding="utf-8")
    lost = (*range(NOVEMBER + 500, NOVEMBER + 502), *range(NOVEMBER + 700, NOVEMBER + 720))
    make_ledger(tmp_path / "l.sqlite3", GRID, {"border": wavy(GRID)}, without=lost)
    return [
        *("--site", tmp_path / "site.toml", "--ledger", tmp_path / "l.sqlite3"),
        *("--period", "2027-11", "--adder", 14, "--contract-since", "2027-10-01"),
        *("--demand-history", written(tmp_path / "h.csv", ["month,kw", "2027-10,39000"])),
    ]


def report(run: Run, *arguments: object) -> dict[str, Any]:
    code, out, err = run(*arguments)
    assert (code, err) == (0, "")
    found: dict[str, Any] = json.loads(out)
    return found


def test_a_bill_from_the_ledger(run: Run, site: list[object], tmp_path: Path) -> None:
    made = report(run, *site)
    assert made["tariff"] == "kepco-industrial-eul-hv-b-2"  # the site file's
    metering = made["metering"]
    assert metering["billed"]["meters"] == ["border"]
    assert metering["billed"]["quality"] == {
        "reference_day": 20, "interpolated": 2, "validated": 2858,
    }  # fmt: skip
    assert made["missing_hours"] == 0
    assert made["bill"]["total"] > 5_000_000_000
    assert made["energy_kwh_total"] == pytest.approx(metering["billed"]["energy_kwh"], abs=2)
    # Every change is in the journal beside the site file, once.
    assert verify(tmp_path / "site.changes.jsonl") == 22
    report(run, *site)
    assert verify(tmp_path / "site.changes.jsonl") == 22


def test_without_estimates_the_gaps_are_named(run: Run, site: list[object]) -> None:
    code, _, err = run(*site, "--no-estimate")
    assert code == 1
    assert "5.5 hours of readings are missing" in err
    assert "2027-11-06 05:00 to 2027-11-06 05:30 is missing" in err
    made = report(run, *site, "--no-estimate", "--allow-gaps")
    assert [gap["readings"] for gap in made["metering"]["billed"]["gaps"]] == [2, 20]
    assert made["missing_hours"] == 5.5


def test_every_form_at_once(run: Run, site: list[object], tmp_path: Path) -> None:
    out = tmp_path / "reports"
    code, said, err = run(*site, "--format", ",".join(FORMS), "--out", out, "--all-meters")
    assert (code, err) == (0, "")
    assert said.splitlines() == [str(out / name) for name in FORMS.values()]
    assert sorted(path.name for path in out.iterdir()) == sorted(FORMS.values())
    again = report(run, *site[4:], "--readings", out / "intervals-kepco.csv", "--tariff",
        "kepco-industrial-eul-hv-b-2", "--contract-kw", 40_000)  # fmt: skip
    first = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert again["bill"] == first["bill"]


def test_the_text_form_on_the_terminal(run: Run, site: list[object]) -> None:
    code, out, _ = run(*site, "--format", "text")
    assert code == 0
    assert "readings from ledger l.sqlite3, north, days of Asia/Seoul" in out
    assert "20 reference_day" in out


def test_an_edit_beside_the_site_file(run: Run, site: list[object], tmp_path: Path) -> None:
    edits = tmp_path / "site.edits.csv"
    edits.write_text(
        "meter,start,kwh,reason,user\nborder,2027-11-06T05:00+09:00,9999,by hand,kim\n",
        encoding="utf-8",
    )
    made = report(run, *site)
    assert made["metering"]["billed"]["quality"]["edited"] == 1
    edits.write_text(edits.read_text(encoding="utf-8").replace("9999", "1"), encoding="utf-8")
    code, _, err = run(*site)
    assert code == 1
    assert "its first 2 lines are not what they were" in err
    other = written(tmp_path / "e.csv", ["meter,start,kwh,reason,user", "brder,x,1,a,b"])
    code, _, err = run(*site, "--edits", other)
    assert (code, err) == (
        1, "wattkeeper: e.csv, line 2: there is no meter 'brder'; there are border\n",
    )  # fmt: skip


def test_beside_the_utilitys_readings_and_bill(
    run: Run, site: list[object], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert run(*site, "--format", "csv,json", "--out", out)[0] == 0
    total = json.loads((out / "report.json").read_text(encoding="utf-8"))["bill"]["total"]
    bill = written(tmp_path / "b.csv", ["항목,금액", f"청구금액,{total + 10}"], "cp949")
    made = report(
        run, *site, "--reconcile-readings", out / "intervals-kepco.csv", "--reconcile-bill", bill
    )
    found = made["reconciliation"]
    assert (found["readings"]["difference_kwh"], found["readings"]["alike"]) == (0, 2880)
    assert found["bill"]["lines"][-1]["difference"] == -10
    flat_bill = written(tmp_path / "k.csv", kepco_form(flat(month("2027-11"), 36_000)), "cp949")
    code, text, _ = run(*site, "--format", "text", "--reconcile-readings", flat_bill)
    assert code == 0
    assert "unexplained" in text
    assert "estimated_or_edited_ours" in text


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        (["--site", "gone.toml"], 2, "name the site file with --site, or give --readings"),
        (["--ledger", "gone.sqlite3"], 1, "there is no ledger"),
        (["--period", "2028-05"], 1, "it has no reading of border in 2028-05"),
        (["--format", "json,docx"], 2, "'docx': forms are json"),
        (["--format", "xlsx"], 2, "say with --out where to write it"),
        (["--format", "json,csv"], 2, "say with --out where to write it"),
        (["--multiplier", "2"], 2, "--multiplier is for --readings"),
        (["--contract-kw", "4000"], 1, "is more than twice the contract's 4000 kW"),
        (["--register-readings", "gone.csv"], 1, "gone.csv: No such file"),
        (["--reconcile-bill", "gone.csv"], 1, "gone.csv: No such file"),
        (["--journal", "/nowhere/j"], 1, "say with --journal where to keep it"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(
    run: Run, site: list[object], change: list[str], code: int, message: str
) -> None:
    found, _, err = run(*site, *change)
    assert message in err
    assert found == code
    assert "Traceback" not in err


def test_the_contract_is_the_feeds(run: Run, site: list[object]) -> None:
    """30 % of the feed's 40 MW is the floor; without a contract there would be none."""
    made = report(run, *site)
    assert made["billing_demand_from"] == "current"
    assert made["demand"][0]["measured_kw"] > 36_000


def test_a_half_written_report_is_none(run: Run, site: list[object], tmp_path: Path) -> None:
    """KEPCO's CSV in an encoding that lacks the meter's name fails; nothing of it is left."""
    out = tmp_path / "out"
    code, _, err = run(*site, "--format", "csv", "--encoding", "cp949", "--customer", "🔌",
        "--out", out)  # fmt: skip
    assert code == 1
    assert "--encoding" in err
    assert list(out.iterdir()) == []


def test_a_node_loads_none_of_it() -> None:
    """The parser knows the forms without the libraries that write them."""
    code = (
        "import sys, collector.commands.report\n"
        "print([m for m in ('numpy', 'lxml', 'openpyxl', 'pyarrow') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("lost", ["numpy", "lxml", "openpyxl", "pyarrow"])
def test_without_the_extra(site: list[object], lost: str) -> None:
    code = (
        f"import sys; sys.modules[{lost!r}] = None\n"
        f"from collector.commands import main; sys.exit(main({['report', *map(str, site)]!r}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "pip install wattkeeper[report]" in done.stderr
    assert "Traceback" not in done.stderr
