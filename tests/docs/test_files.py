"""The generated files in the tree say what the code says."""

import subprocess
import sys
from pathlib import Path

import pytest

from collector.docs import FILES, __main__, outdated, write

ROOT = Path(__file__).parents[2]


def test_what_is_in_the_tree_is_up_to_date() -> None:
    assert outdated(ROOT) == (), "run scripts/generate"


def test_a_missing_and_a_changed_file_are_seen_and_written_anew(tmp_path: Path) -> None:
    assert set(write(tmp_path)) == set(FILES)
    assert outdated(tmp_path) == ()
    page = tmp_path / "docs/metrics.md"
    page.write_text(page.read_text(encoding="utf-8") + "by hand\n", encoding="utf-8")
    assert outdated(tmp_path) == ("docs/metrics.md",)
    assert write(tmp_path) == ("docs/metrics.md",)
    assert outdated(tmp_path) == ()


def test_every_generated_page_says_so(tmp_path: Path) -> None:
    write(tmp_path)
    for path in FILES:
        assert "enerated by scripts/generate" in (tmp_path / path).read_text(encoding="utf-8")


def test_check_changes_nothing() -> None:
    before = {path: (ROOT / path).read_bytes() for path in FILES}
    done = subprocess.run(
        [sys.executable, "-m", "collector.docs", "--check"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")
    assert before == {path: (ROOT / path).read_bytes() for path in FILES}


def test_check_names_what_is_out_of_date_and_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path)
    (tmp_path / "docs/metrics.md").write_text("by hand\n", encoding="utf-8")
    monkeypatch.setattr(__main__, "_ROOT", tmp_path)
    monkeypatch.setattr(sys, "argv", ["generate", "--check"])
    assert __main__.main() == 1
    assert capsys.readouterr().out == "docs/metrics.md is out of date: run scripts/generate\n"
    monkeypatch.setattr(sys, "argv", ["generate"])
    assert __main__.main() == 0
    assert capsys.readouterr().out == "wrote docs/metrics.md\n"
