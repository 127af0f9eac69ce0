"""Scenario files, and what is said of wrong ones."""

from math import inf
from pathlib import Path

import pytest

from benchmarks.fleet import Event, EventKind, Fleet, ScenarioError, load_scenario
from tests.fleet.conftest import NOW_S

GOOD = """
[[event]]
kind = "xid"
at_seconds = 60
node = "h01r01k1n01"
gpu = 2
xid = 48

[[event]]
kind = "over_budget"
at_seconds = -10.5
for_seconds = 600
"""


def test_a_scenario(tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    path.write_text(GOOD)
    assert load_scenario(path, NOW_S) == (
        Event(kind=EventKind.XID, begin_s=NOW_S + 60, node="h01r01k1n01", gpu=2, xid=48),
        Event(kind=EventKind.OVER_BUDGET, begin_s=NOW_S - 10.5, end_s=NOW_S + 589.5),
    )
    assert load_scenario(path, NOW_S)[0].end_s == inf


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[event]]\nkind = 'nonsense'", "event 1: kind must be one of node_down"),
        ("[[event]]\nkind = 'xid'\nnode = 1", "event 1: unknown or wrong: node"),
        ("[[event]]\nkind = 'xid'\nwhere = 'x'", "event 1: unknown or wrong: where"),
        ("[[event]]\nkind = 'xid'\nbegin_s = 1.0", "event 1: unknown or wrong: begin_s"),
        ("[[event]]\nkind = 'xid'\nat_seconds = true", "event 1: unknown or wrong: at_seconds"),
        ("[events]", "only \\[\\[event\\]\\] tables"),
        ("[[", "s.toml: "),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "s.toml"
    path.write_text(text)
    with pytest.raises(ScenarioError, match=said):
        load_scenario(path, NOW_S)


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="No such file"):
        load_scenario(tmp_path / "none.toml", NOW_S)


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (Event(kind=EventKind.NODE_DOWN, node="x", begin_s=0), "has no node 'x'"),
        (Event(kind=EventKind.NODE_DOWN, begin_s=0), "say which node"),
        (Event(kind=EventKind.FEED_LOST, branch="y", begin_s=0), "has no branch 'y'"),
        (Event(kind=EventKind.OVER_BUDGET, begin_s=5, end_s=5), "ends before it begins"),
    ],
)
def test_what_the_site_has_not_does_not_happen(fleet: Fleet, event: Event, said: str) -> None:
    with pytest.raises(ScenarioError, match=said):
        fleet.apply(event)
    assert fleet.events == ()
