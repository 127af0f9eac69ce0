"""What a node reads, by its configuration."""

from pathlib import Path

import pytest

from collector.config import load
from collector.sources.choose import choose
from collector.sources.nvml import NvmlSource

ACTIVITY = "gpu_activity_ratio"


def names(folder: Path, text: str) -> set[str]:
    """Names of the metrics that are read, and that somebody has to ask for."""
    file = folder / "wattkeeper.toml"
    file.write_text(text, encoding="utf-8")
    source = choose(load(file))
    assert isinstance(source, NvmlSource)
    # The source tells nobody else what it reads.
    return {metric.name for metric in source._metrics if not metric.default_on}


@pytest.mark.parametrize("dialect", ["dcgm", "dcgm-4.9"])
def test_a_dialect_has_all_of_its_default_counters(tmp_path: Path, dialect: str) -> None:
    assert names(tmp_path, "") == set()
    spoken = f'[prometheus]\ndialects = ["{dialect}"]\n'
    assert names(tmp_path, spoken) == {ACTIVITY}
    assert names(tmp_path, f'{spoken}[sampling]\ndisable = ["{ACTIVITY}"]\n') == set()


def test_what_is_asked_for_is_read_besides(tmp_path: Path) -> None:
    text = '[sampling]\nenable = ["gpu_pcie_errors_total"]\n'
    assert names(tmp_path, text) == {"gpu_pcie_errors_total"}
