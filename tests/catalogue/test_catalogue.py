"""What every entry keeps to, and which are read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.catalogue import ANY, BY_NAME, CATALOGUE, DEFAULT_ON, Subject, selected
from collector.catalogue.gpu import FAMILIES, GPU_METRICS
from collector.config.settings import Settings
from collector.sources.choose import choose
from collector.sources.nvml import NvmlSource
from collector.sources.nvml.spec import alternatives
from collector.sources.simulated.quantities import ENERGY_COUNTER, POWER_SCOPES, QUANTITIES

_NAMES = st.sets(st.sampled_from([metric.name for metric in CATALOGUE]), max_size=5)
_OFF = "gpu_activity_ratio"


@pytest.mark.parametrize("metric", CATALOGUE, ids=lambda metric: metric.name)
def test_an_entry_is_whole(metric: object) -> None:
    found = BY_NAME[metric.name]  # type: ignore[attr-defined]
    assert found is metric
    assert found.help.endswith(".")
    assert len(found.help) < 160
    for source, series in found.reads.items():
        for labels, spec in series.items():
            fits = len(labels) == len(found.labels) or labels == ANY
            assert fits or found.key == "gpu_energy", labels
            if source == "nvml":
                assert alternatives(spec)
            elif source == "simulated":
                assert spec in QUANTITIES or spec in POWER_SCOPES or spec == ENERGY_COUNTER


def test_names_are_used_once() -> None:
    assert len(BY_NAME) == len(CATALOGUE)


def test_a_family_knows_its_metrics() -> None:
    for family, metrics in FAMILIES.items():
        assert {metric.name for metric in metrics} == {
            metric.name for metric in GPU_METRICS if metric.family == family
        }
    assert all(metric.subject is Subject.GPU for metric in GPU_METRICS)


@given(enable=_NAMES, disable=_NAMES)
def test_what_is_asked_for_is_read(enable: set[str], disable: set[str]) -> None:
    names = [metric.name for metric in selected(enable=enable, disable=disable)]
    usual = {metric.name for metric in DEFAULT_ON}
    assert set(names) == (usual | enable) - disable
    assert names == [metric.name for metric in CATALOGUE if metric.name in names]


def test_the_configuration_switches_metrics_on() -> None:
    assert not BY_NAME[_OFF].default_on
    assert _OFF not in _read_with(enable=())
    assert _OFF in _read_with(enable=(_OFF,))
    assert _OFF not in _read_with(enable=(_OFF,), disable=(_OFF,))


def _read_with(**sampling: tuple[str, ...]) -> set[str]:
    settings = Settings.model_validate({"sampling": {"source": "nvml", **sampling}})
    source = choose(settings)
    assert isinstance(source, NvmlSource)
    return {metric.name for metric in source._metrics}
