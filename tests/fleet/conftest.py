"""A small site, simulated from a fixed time on."""

from pathlib import Path

import pytest

from benchmarks.fleet import Fleet
from collector.sitefile.load import load
from collector.sitefile.model import Site

ROOT = Path(__file__).resolve().parents[2]
NOW_S = 1_795_132_800.0
"""2026-11-20 00:00 UTC."""
ORIGIN_S = NOW_S - 3 * 86_400


@pytest.fixture(scope="session")
def site() -> Site:
    """The accelerator centre: 8 racks, 144 nodes, A and B."""
    return load(ROOT / "deploy" / "sites" / "accelerator-centre.toml")


@pytest.fixture
def fleet(site: Site) -> Fleet:
    """Its nodes, on which nothing has happened yet."""
    return Fleet(site, seed=1, origin_s=ORIGIN_S)
