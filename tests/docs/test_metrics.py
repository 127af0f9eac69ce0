"""`docs/metrics.md` derives from the catalogue."""

import re

from hypothesis import given
from hypothesis import strategies as st

from collector.catalogue import CATALOGUE, Kind, Metric, Rate, Subject, Unit
from collector.docs.coverage import COVERAGE
from collector.docs.metrics import metrics_page

CELLS = re.compile(r"(?<!\\)\|")


def rows(page: str) -> dict[str, list[str]]:
    """The cells of each metric's row, by the metric's name."""
    found = {}
    for line in page.splitlines():
        if line.startswith("| `"):
            cells = [cell.strip() for cell in CELLS.split(line)[1:-1]]
            found[cells[0].strip("`")] = cells[1:]
    return found


def test_every_metric_of_the_catalogue_has_one_row_in_order() -> None:
    page = metrics_page(CATALOGUE)
    assert list(rows(page)) == [metric.name for metric in CATALOGUE]
    for metric in CATALOGUE:
        assert page.count(f"| `{metric.name}` |") == 1


def test_a_new_entry_is_all_that_a_new_row_needs() -> None:
    metric = Metric(
        key="gpu_fan",
        kind=Kind.COUNTER,
        unit=Unit.SECONDS,
        help="How long fans ran | by fan.",
        labels=("fan",),
        rate=Rate.SLOW,
        reads={"nvml": {("0",): "a", ("1",): "b"}, "simulated": {("0",): "c"}},
    )
    assert rows(metrics_page([*CATALOGUE, metric]))["gpu_fan_seconds_total"] == [
        "counter",
        "seconds",
        "`fan`",
        "slow",
        "nvml (2), simulated (1)",
        "How long fans ran \\| by fan.",
    ]


def test_a_source_that_does_not_read_a_metric_is_not_named() -> None:
    cells = rows(metrics_page(CATALOGUE))
    assert cells["gpu_temperature_margin_limit_celsius"][4] == "nvml"
    assert cells["gpu_up"][4] == ""
    assert cells["gpu_persistence_mode"][4] == "nvml, simulated"


@given(st.lists(st.sampled_from(list(Subject)), max_size=6), st.text(max_size=60))
def test_any_catalogue_gives_rows_of_seven_cells(subjects: list[Subject], text: str) -> None:
    metrics = [
        Metric(key=f"m{n}", kind=Kind.GAUGE, help=text, rate=Rate.DERIVED, subject=subject)
        for n, subject in enumerate(subjects)
    ]
    found = rows(metrics_page(metrics))
    assert found.keys() == {metric.name for metric in metrics}
    assert all(len(cells) == 6 for cells in found.values())


def test_what_is_off_is_marked() -> None:
    cells = rows(metrics_page(CATALOGUE))
    assert cells["gpu_activity_ratio"][3] == "telemetry, off"
    assert cells["gpu_memory_bytes"][3] == "telemetry; off: `reserved`"
    assert cells["gpu_power_watts"][3] == "power"


def test_every_feature_says_where_it_is_and_every_sensor_is_a_feature() -> None:
    named = set(re.findall(r"`((?:gpu|host)_\w+)`", " ".join(COVERAGE.values())))
    known = {metric.name for metric in CATALOGUE}
    assert named <= known
    read = {metric.name for metric in CATALOGUE if "nvml" in metric.reads}
    # Those that only say how far another one may go.
    assert read - named == {"gpu_pcie_link_generation_max", "gpu_pcie_link_width_max"}
    for feature, where in COVERAGE.items():
        assert "`" in where or "out of scope" in where, feature
