"""Rules of the code that no tool checks: names, layers, and that a metric is one entry."""

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pynvml
import pytest

from collector.catalogue import ANY, BY_NAME, CATALOGUE, Kind, Metric, Rate, Unit
from collector.docs.metrics import metrics_page
from collector.energy.edges import Edges
from collector.sources.nvml import NvmlSource
from collector.sources.nvml.spec import CallSpec, alternatives
from tests.replay import ReplayDoor, read_capture

ROOT = Path(__file__).resolve().parent.parent
LONG = 400
KNOWN_TO_PYNVML = inspect.getsource(pynvml)


def modules(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from (ROOT / folder).rglob("*.py")


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_only_one_module_knows_pynvml() -> None:
    knowing = [path for path in modules("collector", "exporters") if "pynvml" in imported(path)]
    assert knowing == [ROOT / "collector/sources/nvml/library.py"]


def test_only_the_nvml_package_is_asked_for_nvidia() -> None:
    for path in modules("collector/energy", "collector/sampling", "collector/daemon", "exporters"):
        assert "nvml" not in "".join(imported(path)), path


def test_the_energy_core_reads_no_clock_and_no_file() -> None:
    for path in modules("collector/energy"):
        assert not {"time", "os", "pathlib", "datetime", "logging"} & set(imported(path)), path


def test_metric_names_follow_the_conventions() -> None:
    assert len(BY_NAME) == len(CATALOGUE)
    for metric in CATALOGUE:
        assert re.fullmatch(r"[a-z][a-z0-9_]*", metric.name), metric.name
        assert metric.help.endswith("."), metric.name
        assert len(set(metric.all_labels)) == len(metric.all_labels)
        if metric.unit:
            assert metric.unit.value in metric.name
        for series in metric.reads.values():
            # An energy counter's scope is found out, so its one read has no labels; where only the
            # source knows the label values, there is one read for all of them.
            assert all(labels == ANY or len(labels) in {len(metric.labels), 0} for labels in series)


@pytest.mark.parametrize(
    "metric", [m for m in CATALOGUE if "nvml" in m.reads], ids=lambda m: m.name
)
def test_every_nvml_read_names_what_exists(metric: Metric) -> None:
    for spec in metric.reads["nvml"].values():
        for parsed in alternatives(spec):
            if isinstance(parsed, CallSpec):
                assert f'"{parsed.function}"' in KNOWN_TO_PYNVML, parsed.function


def test_a_metric_is_added_in_one_entry() -> None:
    """One entry, and the reading, the exposition's name and the documentation follow."""
    added = Metric(
        key="gpu_performance_state",
        kind=Kind.GAUGE,
        unit=Unit.NONE,
        help="P-state of the GPU, 0 is the fastest.",
        rate=Rate.TELEMETRY,
        reads={"nvml": {(): "call nvmlDeviceGetTemperature(NVML_TEMPERATURE_GPU) C"}},
    )
    capture = read_capture(ROOT / "tests/captures/fake/fake-h200.json")
    source = NvmlSource((*CATALOGUE, added), door=ReplayDoor(capture))
    source.open()
    reading = source.discover()[0].read(slow=False)
    celsius = reading.values["gpu_temperature_celsius"]["gpu",]
    assert reading.values["gpu_performance_state"] == {(): celsius}
    assert f"`{added.name}`" in metrics_page((*CATALOGUE, added))


def test_no_file_is_long() -> None:
    for path in modules("collector", "exporters", "benchmarks"):
        lines = len(path.read_text().splitlines())
        assert lines <= LONG, f"{path} has {lines} lines"


def test_edges_are_the_only_wall_clock_of_windows() -> None:
    edges = Edges(0, 10**18)
    edges.refresh(3 * 10**9, 10**18 + 3 * 10**9)
    assert [edge.wall_before_ns % 10**9 for edge in edges.between(0, 3 * 10**9)] == [0, 0, 0]
