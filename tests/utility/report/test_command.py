"""`wattkeeper report` with pages, PUE, carbon and a split, as a person runs it."""

import csv
import json
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from collector.commands import main
from exporters.utility.intervals.grid import Grid
from tests.servers.process import free_port
from tests.utility.intervals.support import SEOUL, SITE, make_ledger, wavy
from tests.utility.split.test_servers import HOUR, START, counter, host, prometheus
from tests.utility.tariff.test_meterfile import written

Run = Callable[..., tuple[int, str, str]]
GRID = Grid.of(date(2026, 10, 1), date(2026, 11, 1), SEOUL)
IT_SHARE = 0.8
MORE = """
[[meter]]
id = "it-hall"
branch = "hall"
role = "it"
register = true

[[rack]]
id = "a1"
hall = "h"
row = "a"

[[node]]
name = "n1"
rack = "a1"
address = "n1:9410"

[[node]]
name = "n2"
rack = "a1"
address = "n2:9410"

[[tenant]]
name = "alpha"
nodes = ["n1"]

[[emission_factor]]
name = "consumption"
valid_from = 2025-12-17
kg_per_kwh = 0.4173
source = "published"
"""


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
    """A site that used 36 MW in October 2026, four fifths of it by IT."""
    (tmp_path / "site.toml").write_text(SITE.replace("north", "seoul") + MORE, encoding="utf-8")
    border = wavy(GRID)
    it = np.rint(border * IT_SHARE).astype(np.int64)
    make_ledger(tmp_path / "l.sqlite3", GRID, {"border": border, "it-hall": it})
    return [
        *("--site", tmp_path / "site.toml", "--ledger", tmp_path / "l.sqlite3"),
        *("--period", "2026-10", "--adder", 14, "--contract-since", "2026-10-01"),
        *("--out", tmp_path / "out"),
    ]


def made(tmp_path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((tmp_path / "out/report.json").read_text(encoding="utf-8"))
    return found


def test_pages_with_pue_carbon_and_split(run: Run, site: list[object], tmp_path: Path) -> None:
    pytest.importorskip("typst")
    pytest.importorskip("pylopdf_fonts_ko")
    shift = (GRID.start_s - START) / HOUR
    span = (shift, shift + len(GRID) / 4)
    lines = [
        *counter(host("n1"), 9_000_000, hours=span, every=HOUR // 2),
        *counter(host("n2"), 9_000_000, hours=span, every=HOUR // 2),
    ]
    with prometheus(tmp_path / "p", lines) as url:
        code, said, err = run(
            *site, "--format", "json,html,pdf", "--lang", "ko", "--prometheus", url
        )
    assert (code, err) == (0, "")
    out = tmp_path / "out"
    names = ["report.json", "report.html", "report.pdf", "split.csv"]
    assert said.splitlines() == [str(out / name) for name in names]
    report = made(tmp_path)
    assert report["pue"]["value"] == 1.25
    assert report["pue"]["it_meters"] == ["it-hall"]
    assert report["contract_kw"] == 40_000
    energy = report["metering"]["billed"]["energy_kwh"]
    assert report["carbon"][0]["kg"] == pytest.approx(energy * 0.4173, abs=0.01)
    split = report["split"]
    assert split["coverage_ratio"] == 1
    shares = {each["name"] or each["kind"]: each for each in split["cuts"]["tenant"]}
    # Of the IT energy each node is 9 MW of 28.8; of the whole the same share.
    assert shares["alpha"]["cost"] == pytest.approx(report["bill"]["total"] * 9 / 28.8, rel=0.01)
    assert shares["alpha"]["cost"] == pytest.approx(shares["nobody"]["cost"], rel=1e-3)
    assert sum(each["cost"] for each in split["cuts"]["tenant"]) == report["bill"]["total"]
    assert (out / "report.pdf").read_bytes().startswith(b"%PDF-")
    assert "노드별" in (out / "report.html").read_text(encoding="utf-8")
    with (out / "split.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    nodes = [row for row in rows if row["cut"] == "node"]
    assert [row["name"] for row in nodes] == ["n1", "n2", ""]
    assert sum(int(row["cost"]) for row in nodes) == report["bill"]["total"]


def test_without_the_server_the_report_goes_on_and_says_why(
    run: Run, site: list[object], tmp_path: Path
) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    code, said, err = run(*site, "--format", "json,html", "--prometheus", url)
    assert (code, err) == (0, "")
    assert "split.csv" not in said
    assert f"{url} cannot be reached" in made(tmp_path)["split"]["missing"]
    page = (tmp_path / "out/report.html").read_text(encoding="utf-8")
    assert f"There is no split by tenant and rack: {url} cannot be reached" in page


def test_no_server_no_split_and_no_word_of_it(run: Run, site: list[object], tmp_path: Path) -> None:
    assert run(*site, "--format", "json")[0] == 0
    assert made(tmp_path)["split"] is None


def test_a_meter_that_the_ledger_does_not_know_makes_no_pue(
    run: Run, site: list[object], tmp_path: Path
) -> None:
    text = (tmp_path / "site.toml").read_text(encoding="utf-8")
    (tmp_path / "site.toml").write_text(text.replace("it-hall", "it-new"), encoding="utf-8")
    assert run(*site, "--format", "json,html")[0] == 0
    assert made(tmp_path)["pue"] is None
    page = (tmp_path / "out/report.html").read_text(encoding="utf-8")
    assert "the ledger knows nothing of meter it-new" in page


def test_pages_of_a_file_need_no_site(run: Run, tmp_path: Path) -> None:
    rows = [f"{GRID.local(n).isoformat()},9000" for n in range(len(GRID))]
    code, _, err = run(
        *("--readings", written(tmp_path / "r.csv", ["start,kwh", *rows])),
        *("--tariff", "kepco-industrial-eul-hv-b-2", "--contract-kw", 40_000, "--adder", 14),
        *("--period", "2026-10", "--contract-since", "2026-10-01"),
        *("--format", "html,json", "--out", tmp_path / "out"),
    )
    assert (code, err) == (0, "")
    report = made(tmp_path)
    assert (report["pue"], report["carbon"], report["split"]) == (None, [], None)
    assert [each["kind"] for each in report["sources"]] == [
        "readings", "quarter_hours_found", "quarter_hours"
    ]  # fmt: skip


def test_a_pdf_without_the_extra_is_one_sentence(
    run: Run, site: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "exporters.utility.report.pdf", raising=False)
    monkeypatch.setitem(sys.modules, "typst", None)
    code, out, err = run(*site, "--format", "pdf")
    assert (code, out) == (1, "")
    assert err == (
        "wattkeeper: a report needs typst, which is not installed: pip install wattkeeper[report]\n"
    )


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (["--prometheus", "http://user:secret@host"], "without user and password"),
        (["--prometheus", "host:9090"], "http://HOST:PORT"),
        (["--lang", "de"], "invalid choice"),
        (["--format", "docx"], "forms are json"),
    ],
)
def test_wrong_arguments(run: Run, site: list[object], wrong: list[str], said: str) -> None:
    code, _, err = run(*site, *wrong)
    assert code == 2
    assert said in err
    assert "secret" not in err
