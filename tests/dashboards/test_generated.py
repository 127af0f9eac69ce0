"""The committed dashboards are what the code generates; titles are there in every language."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dashboards import __main__
from dashboards.boards import BOARDS
from dashboards.committed import GENERATED, committed
from dashboards.files import outdated, texts, write
from dashboards.korean import TITLES, korean
from dashboards.parts.assemble import panel_id
from dashboards.parts.draw_table import label_title
from dashboards.parts.panel import Listing, Matrix, Table
from tests.dashboards.panels import dashboards

UIDS = {
    *("wk-site", "wk-tree", "wk-node", "wk-gpu"),
    *("wk-energy", "wk-thermals", "wk-faults", "wk-telemetry"),
}
"""Alerts and people's bookmarks hang on them."""


def test_what_is_committed_is_what_the_code_generates() -> None:
    assert outdated(GENERATED) == [], "run scripts/generate"
    assert committed() == texts()


def test_every_dashboard_is_there() -> None:
    assert set(dashboards()) == UIDS
    assert {f"{uid}.json" for uid in UIDS} == set(committed())


def test_a_changed_a_missing_and_a_stray_file_are_seen_and_put_right(tmp_path: Path) -> None:
    assert len(write(tmp_path)) == 8
    assert outdated(tmp_path) == []
    (tmp_path / "wk-gpu.json").unlink()
    (tmp_path / "wk-site.json").write_text("by hand")
    (tmp_path / "old.json").write_text("{}")
    found = {path.name for path in outdated(tmp_path)}
    assert found == {"wk-gpu.json", "wk-site.json", "old.json"}
    assert {path.name for path in write(tmp_path)} == found
    assert outdated(tmp_path) == []


def test_check_changes_nothing_and_says_what_is_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["dashboards", "--check", "--output", str(tmp_path)])
    assert __main__.main() == 1
    assert "wk-site.json is out of date: run scripts/generate" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_the_command_as_it_is_run(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "dashboards"]
    done = subprocess.run([*command, "--check"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
    done = subprocess.run([*command, "--lang", "ko"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "needs --output FOLDER" in done.stderr
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    done = subprocess.run(
        [*command, "--output", str(in_the_way)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "cannot write" in done.stderr
    assert "Traceback" not in done.stderr


def test_every_title_has_a_korean_one_and_no_korean_one_is_left_over() -> None:
    wanted = {"Pages", "Tickets"}
    for board in BOARDS:
        wanted |= {board.title, *(one.label for one in board.variables)}
        wanted |= {row.title for row in board.rows}
        for panel in board.panels:
            wanted.add(panel.title)
            if isinstance(panel, Table):
                wanted |= {column.title for column in panel.columns}
                wanted |= {label_title(label) for label in panel.rows}
            elif isinstance(panel, Listing):
                wanted |= {panel.value, label_title(panel.label)}
            elif isinstance(panel, Matrix):
                wanted.add(label_title(panel.row))
    assert wanted - {""} == set(TITLES)
    hangul = re.compile("[가-힣]")
    same = {title for title in wanted - {""} if not hangul.search(korean(title))}
    assert same == {"Prometheus", "InfluxDB", "PUE", "GPU", "GPUs", "XID", "UUID", "VBIOS", "ECC"}


def test_the_korean_dashboards_differ_in_words_alone(tmp_path: Path) -> None:
    write(tmp_path, "ko")
    for uid, english in dashboards().items():
        other = json.loads((tmp_path / f"{uid}.json").read_text(encoding="utf-8"))
        assert other["title"] == korean(english["title"])
        for mine, theirs in zip(english["panels"], other["panels"], strict=True):
            assert (mine["id"], mine["gridPos"]) == (theirs["id"], theirs["gridPos"])
            assert mine.get("targets") is None or len(mine["targets"]) == len(theirs["targets"])
            exprs = [one.get("expr") for one in mine.get("targets", [])]
            assert exprs == [one.get("expr") for one in theirs.get("targets", [])]


def test_columns_of_one_panel_stay_apart_in_korean() -> None:
    for board in BOARDS:
        for panel in board.panels:
            if isinstance(panel, Table):
                titles = [*map(label_title, panel.rows), *(c.title for c in panel.columns)]
                assert len({korean(one) for one in titles}) == len(titles), panel.title


def test_a_panels_id_is_that_of_its_title_for_good() -> None:
    by_title = {one["title"]: one["id"] for one in dashboards()["wk-site"]["panels"]}
    assert by_title["Site power"] == panel_id("Site power")
