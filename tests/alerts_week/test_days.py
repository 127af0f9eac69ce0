"""A day of 50 nodes: nothing pages; then a bad one, whose every page is right."""

import shutil
from pathlib import Path

import pytest

from benchmarks.alert_week.evaluate import firings, incidents
from benchmarks.alert_week.world import World, bad_day, ordinary

pytestmark = [
    pytest.mark.skipif(
        not (shutil.which("prometheus") and shutil.which("promtool")),
        reason="prometheus is not installed; scripts/test tells how",
    ),
    pytest.mark.timeout(300),
]


def told(world: World, folder: Path) -> dict[str, list[set[str]]]:
    """By severity, the names of the alerts of each thing that was told."""
    found: dict[str, list[set[str]]] = {"page": [], "ticket": [], "info": []}
    for one in incidents(world, firings(world, folder / "prometheus"), folder / "out"):
        severity = one.receiver.rpartition("-")[2]
        found.setdefault(severity, []).append(set(one.names))
    return found


def test_nobody_is_woken_on_an_ordinary_day(tmp_path: Path) -> None:
    world = ordinary(tmp_path, racks=5, nodes=2, days=1)
    found = told(world, tmp_path)
    assert found["page"] == []
    # In racks of two nodes the switches and power shelves are a large share, which no node tells.
    assert len([names for names in found["ticket"] if names != {"RackMeterMismatch"}]) <= 5
    # The two GPUs that are lost are told, each as one ticket.
    lost = [names for names in found["ticket"] if "GpuXidFatal" in names]
    assert len(lost) == 2
    assert all("GpuLost" in names for names in lost)


def test_a_bad_day_is_three_pages(tmp_path: Path) -> None:
    found = told(bad_day(tmp_path, racks=5, nodes=2), tmp_path)
    assert found["page"] == [{"BranchPowerLost"}, {"RackThermalSlowdown"}, {"NodesDownMany"}]
