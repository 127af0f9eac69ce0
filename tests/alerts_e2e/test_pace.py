"""Time is shortened, and nothing else."""

import re
from pathlib import Path

import pytest
import yaml

from alerts.render import Options, render
from tests.alerts.sites import small
from tests.alerts.tools import succeeds
from tests.alerts_e2e.pace import Pace


@pytest.fixture
def out(tmp_path: Path) -> Path:
    site, path = small(tmp_path)
    render(site, path, tmp_path / "out", Options())
    return tmp_path / "out"


def read(out: Path) -> dict[Path, str]:
    return {path: path.read_text() for path in out.rglob("*.yml")}


def test_durations() -> None:
    pace = Pace(by=20, most_seconds=30)
    assert [pace.of(each) for each in (0, 5, 30, 300, 3600)] == [0, 1, 2, 15, 30]
    assert Pace().of(3600) == 3600


def test_as_it_is_changes_nothing(out: Path) -> None:
    before = read(out)
    Pace().apply(out)
    assert read(out) == before


def test_nothing_lasts_longer_and_only_times_change(out: Path) -> None:
    before = read(out)
    Pace(by=20, most_seconds=30).apply(out)
    after = read(out)
    times = re.compile(r"\d+(ms|[smhd])\b|vector\((900|30|0.05|1)\)")
    assert {path: times.sub("", text) for path, text in after.items()} == {
        path: times.sub("", text) for path, text in before.items()
    }
    for path in (out / "rules").glob("*.yml"):
        for group in yaml.safe_load(path.read_text())["groups"]:
            waits = [group["interval"], *(rule.get("for", "0s") for rule in group["rules"])]
            assert all(int(wait.removesuffix("s")) <= 30 for wait in waits)
    kept = re.compile(r"(?:group_wait|repeat_interval): .*")
    told = out / "alertmanager.yml"
    assert kept.findall(after[told]) == kept.findall(before[told])
    succeeds("promtool", "check", "config", out / "prometheus.yml")
    succeeds("amtool", "check-config", told)
