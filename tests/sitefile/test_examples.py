"""The example sites: as their script writes them, sound, and quick to load."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from collector.sitefile import load
from collector.sitefile.model import Level, Role
from tests.sitefile.texts import TREE

ROOT = Path(__file__).parents[2]
SITES = sorted((ROOT / "deploy/sites").glob("*.toml"))
LARGEST = ROOT / "deploy/sites/computing-centre-phase-4.toml"


def test_what_is_in_the_tree_is_what_the_script_writes(tmp_path: Path) -> None:
    script = [sys.executable, "scripts/make-example-sites"]
    subprocess.run([*script, "--to", str(tmp_path)], cwd=ROOT, check=True, capture_output=True)
    written = {file.name: file.read_text(encoding="utf-8") for file in tmp_path.iterdir()}
    assert written == {file.name: file.read_text(encoding="utf-8") for file in SITES}
    check = subprocess.run([*script, "--check"], cwd=ROOT, check=False, capture_output=True)
    assert (check.returncode, check.stdout) == (0, b"")
    (tmp_path / SITES[0].name).write_text("by hand", encoding="utf-8")
    check = subprocess.run(
        [*script, "--check", "--to", str(tmp_path)], cwd=ROOT, check=False, capture_output=True
    )
    assert check.returncode == 1
    assert SITES[0].name in check.stdout.decode()


@pytest.mark.parametrize(
    ("name", "gpus", "contract_mw"),
    [
        ("accelerator-centre", 8 * 72, 1.3),
        ("computing-centre-phase-1", 20_000, 40),
        ("computing-centre-phase-2", 35_000, 100),
        ("computing-centre-phase-3", 49_000, 200),
        ("computing-centre-phase-4", 170_000, 1000),
    ],
)
def test_an_example_is_the_site_that_it_says(name: str, gpus: int, contract_mw: float) -> None:
    file = ROOT / f"deploy/sites/{name}.toml"
    assert file.stat().st_size < 1_000_000
    site = load(file)
    assert site.warnings == ()
    assert site.branches["grid"].contract_watts == contract_mw * 1e6
    count = sum(rack.gpus or 0 for rack in site.racks.values())
    assert gpus <= count < gpus + 72
    assert len(site.nodes) == count / 4 == len(site.racks) * 18
    roles = {meter.role for meter in site.meters.values()}
    assert roles == {Role.UTILITY, Role.IT, Role.COOLING, Role.OTHER}
    assert all(len(rack.branches) == 2 for rack in site.racks.values())


@pytest.mark.parametrize("file", SITES, ids=lambda file: file.name)
def test_the_figures_at_a_file_s_head_are_those_of_its_tables(file: Path) -> None:
    """Added up anew from what was loaded."""
    site = load(file)
    head = " ".join(
        line.removeprefix("#").strip()
        for line in file.read_text(encoding="utf-8").partition("\n\n")[0].splitlines()
    )
    budgets = [one.budget_watts for one in site.branches.values() if one.level is Level.RACK]
    it_watts = sum(budget or 0 for budget in budgets)
    contract = site.branches["grid"].contract_watts or 0
    gpus = sum(rack.gpus or 0 for rack in site.racks.values())
    for figure in (
        f"{len(site.racks):,} racks ({gpus:,} GPUs, {len(site.nodes):,} nodes",
        f"= {contract / 1e3 / gpus:.2f} kW.",
        f"= {it_watts / 1e6:,.2f} MW. What",
        f"{(contract - it_watts) / 1e6:,.2f} MW (PUE at most {contract / it_watts:.3f})",
    ):
        assert figure in head
    cooling = sum(
        one.budget_watts or 0 for one in site.branches.values() if one.level is Level.SWITCHBOARD
    )
    assert it_watts + cooling <= contract


def test_the_largest_site_loads_in_seconds() -> None:
    """About 0.6 s of one core when this was written; 42,516 nodes."""
    start = time.process_time()
    site = load(LARGEST)
    seconds = time.process_time() - start
    print(f"{len(site.nodes)} nodes in {seconds:.2f} s")  # noqa: T201 - shown with pytest -s
    assert seconds < 5


def test_as_many_nodes_written_one_by_one_load_in_seconds(tmp_path: Path) -> None:
    """What a generator from an asset register would write, and with a mistake at its end."""
    nodes = "".join(
        f'[[node]]\nname = "n{i:05}"\nrack = "r1"\naddress = "n{i:05}.example:9410"\n'
        for i in range(42_500)
    )
    file = tmp_path / "site.toml"
    file.write_text(TREE + nodes, encoding="utf-8")
    start = time.process_time()
    assert len(load(file).nodes) == 42_500
    assert time.process_time() - start < 10
    file.write_text(TREE + nodes + '[[node]]\nname = "last"\nrack = "r2"\n', encoding="utf-8")
    start = time.process_time()
    line = (TREE + nodes).count("\n") + 3
    with pytest.raises(Exception, match=rf'site\.toml:{line}: node\.rack: "r2": there is no such'):
        load(file)
    assert time.process_time() - start < 20
