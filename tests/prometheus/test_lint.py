"""What promtool says of every family of our own, also of those that no test board has."""

import shutil
import subprocess
from collections.abc import Iterable, Mapping

import pytest

from collector.catalogue import ANY, CATALOGUE, Labels, Metric, Subject
from collector.model import GpuIdentity, GpuSnapshot, Snapshot, Tick
from exporters.prometheus.render import Renderer

_KNOWN = {
    "gpu_energy_counter_ratio metric name should not include type 'counter'",
    'site_cue_kilograms_per_kilowatt_hour use base unit "grams" instead of "kilograms"',
}
"""The hardware's energy counter is meant, not a type; and CUE is defined in kg for each kWh."""


def one_of_each(metrics: Iterable[Metric]) -> Mapping[str, Mapping[Labels, float]]:
    """A series of each metric."""
    found: dict[str, dict[Labels, float]] = {}
    for metric in metrics:
        known = [labels for reads in metric.reads.values() for labels in reads if labels != ANY]
        known = [labels for labels in known if len(labels) == len(metric.labels)]
        found[metric.name] = {known[0] if known else ("x",) * len(metric.labels): 1.0}
    return found


def exposition() -> str:
    of = {
        subject: one_of_each(metric for metric in CATALOGUE if metric.subject is subject)
        for subject in Subject
    }
    identity = GpuIdentity(uuid="GPU-1", index=0, model="H200")
    gpu = GpuSnapshot(gpu=identity, up=True, values=of[Subject.GPU])
    renderer = Renderer()
    renderer.update(
        Tick.of(
            Snapshot(
                node="n1",
                version="0",
                wall_ns=0,
                monotonic_ns=0,
                simulated=False,
                gpus=(gpu,),
                daemon=of[Subject.DAEMON],
                host=of[Subject.HOST],
                site=of[Subject.SITE],
            )
        )
    )
    return renderer.render().body.decode()


def test_every_family_is_in_the_text() -> None:
    text = exposition()
    missing = [metric.name for metric in CATALOGUE if f"\n{metric.name}" not in f"\n{text}"]
    assert missing == []


def test_promtool_finds_nothing_new_in_any_family() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed")
    found = subprocess.run(
        [promtool, "check", "metrics"],
        input=exposition(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.stdout == ""
    assert set(found.stderr.splitlines()) == _KNOWN
