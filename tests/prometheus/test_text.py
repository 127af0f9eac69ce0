"""Our writer against prometheus_client's own, to the byte, in both formats."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

from collector.catalogue import CATALOGUE, Kind, Metric, Rate, Subject, Unit
from collector.model import GpuIdentity, GpuSnapshot, Snapshot, Tick
from exporters.prometheus import Renderer, SnapshotCollector
from exporters.prometheus.text import TextWriter

SPARE = Metric(
    key="gpu_spare",
    kind=Kind.COUNTER,
    unit=Unit.JOULES,
    help='A "metric" with a \\ and\na line break.',
    labels=("zone", "alpha"),
    rate=Rate.DERIVED,
)
PLAIN = Metric(
    key="plain", kind=Kind.GAUGE, help="No label at all.", rate=Rate.DERIVED, subject=Subject.DAEMON
)


def snapshot(
    values: dict[str, dict[tuple[str, ...], float]],
    daemon: dict[str, dict[tuple[str, ...], float]] | None = None,
    gpus: int = 1,
) -> Snapshot:
    return Snapshot(
        node="n",
        version="0",
        wall_ns=0,
        monotonic_ns=0,
        simulated=False,
        gpus=tuple(
            GpuSnapshot(
                gpu=GpuIdentity(uuid=f"GPU-{index}", index=index, model="M"), up=True, values=values
            )
            for index in range(gpus)
        ),
        daemon=daemon or {},
    )


def by_library(shown: Snapshot, *, openmetrics: bool) -> bytes:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(SnapshotCollector(lambda: shown, (*CATALOGUE, SPARE, PLAIN)))
    if openmetrics:
        return generate_openmetrics(registry).removesuffix(b"# EOF\n")  # type: ignore[no-untyped-call,no-any-return]
    return generate_latest(registry)


@pytest.mark.parametrize("openmetrics", [False, True])
@given(
    label=st.text(st.characters(codec="utf-8", exclude_categories=["Cs"])),
    value=st.floats(allow_nan=False) | st.integers(-(2**60), 2**60).map(float),
)
def test_every_label_and_value(openmetrics: bool, label: str, value: float) -> None:  # noqa: FBT001
    shown = snapshot(
        {
            SPARE.name: {(label, "b"): value, ("z", label): 0.0},
            "gpu_power_watts": {("gpu",): value},
            "gpu_info": {(label, "", "", "", "", "", "1"): 1.0},
        },
        {PLAIN.name: {(): value}, "wattkeeper_faults": {(): 1.0}},
        gpus=2,
    )
    writer = TextWriter((*CATALOGUE, SPARE, PLAIN))
    expected = by_library(shown, openmetrics=openmetrics)
    assert writer.write(shown, openmetrics=openmetrics) == expected
    assert writer.write(shown, openmetrics=openmetrics) == expected  # from what was kept


def test_a_series_that_goes_is_gone() -> None:
    renderer = Renderer((SPARE,))
    renderer.update(Tick.of(snapshot({SPARE.name: {(str(i), ""): 1.0 for i in range(100)}})))
    assert b'zone="7"' in renderer.render().body
    renderer.update(Tick.of(snapshot({SPARE.name: {("7", ""): 1.0}})))
    body = renderer.render().body
    assert body.count(b"gpu_spare_joules_total{") == 1


def test_one_render_serves_until_the_next_tick() -> None:
    builds: list[int] = []

    def build() -> Snapshot:
        builds.append(1)
        return snapshot({"gpu_power_watts": {("gpu",): 1.0}})

    renderer = Renderer()
    renderer.update(Tick(0, {}, build))
    assert not builds
    first = renderer.render()
    assert renderer.render() is first
    assert renderer.zipped(first) is renderer.zipped(first)
    renderer.render("application/openmetrics-text; version=1.0.0")
    assert len(builds) == 1
    renderer.update(Tick(1, {}, build))
    assert renderer.render() is not first


def test_no_nan_is_ever_shown() -> None:
    """Absent is absent; this only shows what would come out if somebody broke that rule."""
    shown = snapshot({"gpu_power_watts": {("gpu",): math.nan}})
    assert TextWriter().write(shown) == by_library(shown, openmetrics=False)
