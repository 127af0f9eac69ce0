"""How many GPUs a node should have: as configured, or the most that were ever seen."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.daemon.gpu_count import GpuCount
from collector.ledger import Commit
from tests.ledger.values import open_ledger


def shown(count: GpuCount) -> tuple[float | None, float | None]:
    values = count.values(0)
    expected, visible = values.get("host_gpus_expected"), values.get("host_gpus_visible")
    return (expected or {}).get(()), (visible or {}).get(())


def test_before_anything_is_known_nothing_is_shown() -> None:
    assert shown(GpuCount(None, {})) == (None, None)
    assert shown(GpuCount(8, {})) == (8, None)


def test_one_that_is_lost_is_missed() -> None:
    count = GpuCount(None, {})
    assert count.note(8, 0) == {"gpus_most_seen": 8}
    assert count.note(8, 1) == {}
    assert shown(count) == (8, 7)
    assert count.note(None, 0) == {}
    assert shown(count) == (8, None)


def test_what_is_configured_has_the_last_word() -> None:
    count = GpuCount(4, {"gpus_most_seen": 8})
    count.note(5, 0)
    assert shown(count) == (4, 5)


@pytest.mark.parametrize(
    ("counted", "lost", "found", "missed"),
    [
        pytest.param(8, 0, 8, 0, id="all are there"),
        pytest.param(8, 1, 8, 1, id="one fell off the bus"),
        pytest.param(7, 0, 7, 1, id="one is not shown"),
        pytest.param(9, 0, 9, 0, id="more than configured"),
        pytest.param(None, 0, 3, 5, id="the driver does not count, three were found"),
        pytest.param(None, 0, 8, 0, id="it does not count, all were found"),
        pytest.param(None, 0, 0, 8, id="no driver"),
    ],
)
def test_lost_are_those_that_the_driver_does_not_show(
    counted: int | None, lost: int, found: int, missed: int
) -> None:
    count = GpuCount(8, {})
    count.note(counted, lost)
    assert count.values(found)["host_gpus_lost"] == {(): missed}


def test_nobody_is_missed_where_nobody_is_expected() -> None:
    assert "host_gpus_lost" not in GpuCount(None, {}).values(0)


@given(st.lists(st.tuples(st.none() | st.integers(0, 72), st.integers(0, 72)), min_size=1))
def test_it_is_the_most_ever_seen_also_over_restarts(seen: list[tuple[int | None, int]]) -> None:
    numbers: dict[str, int] = {}
    most = 0
    for counted, lost in seen:
        count = GpuCount(None, numbers)  # a restart each time
        numbers.update(count.note(counted, lost))
        most = max(most, 0 if counted is None else counted - lost)
        assert shown(count)[0] == (most or None)


def test_numbers_outlive_a_run_and_the_newest_wins(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    ledger = open_ledger(path)
    assert ledger.numbers == {}
    for value in (4, 8):
        numbers = {"gpus_most_seen": value, f"other {value}": -value}
        ledger.submit(Commit(windows=(), states={}, wall_ns=value, numbers=numbers))
    assert ledger.close(timeout_seconds=5)
    ledger = open_ledger(path)
    assert ledger.numbers == {"gpus_most_seen": 8, "other 4": -4, "other 8": -8}
    assert ledger.close(timeout_seconds=5)
