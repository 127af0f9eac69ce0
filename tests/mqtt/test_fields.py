"""The fields of a window: their names, their types, and that no energy is lost in them."""

from dataclasses import replace

from hypothesis import given

from collector.catalogue import BY_NAME, Kind, Metric, Rate, Unit
from collector.model import Energy, Stat, Window
from exporters.fields import WINDOW_FIELDS, telemetry_fields, window_fields
from tests.mqtt.values import SERIES, window, windows


@given(windows())
def test_every_field_is_described_and_of_its_type(made: Window) -> None:
    described = dict(WINDOW_FIELDS) | telemetry_fields()
    fields = window_fields(made)
    assert set(fields) <= set(described)
    for name, value in fields.items():
        assert type(value) is described[name].kind, name
    assert {name for name, field in described.items() if field.always} <= set(fields)


@given(windows())
def test_energy_is_exact_to_the_millijoule(made: Window) -> None:
    fields = window_fields(made)
    mj = {name: round(value * 1000) for name, value in fields.items() if isinstance(value, float)}
    assert mj["energy_joules"] == made.energy.total_mj
    assert mj["energy_joules_counter"] == made.energy.counter_mj
    assert mj["energy_joules_integrated"] == made.energy.integrated_mj
    assert mj["energy_joules_estimated"] == made.energy.estimated_mj
    assert mj["energy_joules_total"] == made.total_mj
    assert mj.get("energy_joules_low") == made.low_mj
    assert mj.get("energy_joules_high") == made.high_mj


@given(windows())
def test_absent_stays_absent(made: Window) -> None:
    fields = window_fields(made)
    assert ("power_watts_mean" in fields) == (made.power is not None)
    assert ("power_ramp_watts_1s" in fields) == (
        made.power is not None and made.power.ramp_1s is not None
    )
    assert ("gap" in fields) == bool(made.gap)
    telemetry = set(fields) - set(WINDOW_FIELDS)
    assert bool(telemetry) == (made.scope == "gpu" and bool(made.stats))


def test_the_order_is_the_documented_one() -> None:
    made = replace(window(), gap="no samples", low_mj=1, high_mj=2)
    assert made.power is not None
    made = replace(made, power=replace(made.power, ramp_100ms=3.0))
    assert list(window_fields(made))[: len(WINDOW_FIELDS)] == list(WINDOW_FIELDS)


def test_names_say_series_and_statistic() -> None:
    fields = window_fields(window())
    for name in (
        "temperature_celsius_gpu_min",
        "temperature_celsius_gpu_mean",
        "temperature_celsius_gpu_max",
        "power_average_watts_mean",
        "utilization_ratio_sm_mean",
        "utilization_ratio_encoder_last",
        "clock_event_active_power_cap_mean",
        "power_limit_watts_enforced_last",
        "memory_total_bytes_last",
    ):
        assert name in fields, name
    assert "clock_event_active_power_cap_max" not in fields
    assert "power_limit_watts_enforced_mean" not in fields


def test_no_two_series_share_a_name() -> None:
    """Each series alone, and all at once: as many fields."""
    alone = 0
    for name, labels in SERIES:
        stat = window().stats[name][labels]
        one = replace(window(), stats={name: {labels: stat}})
        alone += len(window_fields(one)) - len(window_fields(replace(window(), stats={})))
    assert alone == len(set(window_fields(window())) - set(WINDOW_FIELDS)) > 50
    assert not set(telemetry_fields()) & set(WINDOW_FIELDS)


def test_each_statistic_is_the_one_it_says() -> None:
    stat = Stat(minimum=30.0, mean=40.12345, maximum=50.0, last=60.0)
    made = replace(window(), stats={"gpu_temperature_celsius": {("gpu",): stat}})
    fields = window_fields(made)
    assert fields["temperature_celsius_gpu_min"] == 30.0
    assert fields["temperature_celsius_gpu_mean"] == 40.123
    assert fields["temperature_celsius_gpu_max"] == 50.0
    limit = replace(window(), stats={"gpu_temperature_limit_celsius": {("shutdown",): stat}})
    assert window_fields(limit)["temperature_limit_celsius_shutdown_last"] == 60.0


def test_an_estimate_says_so() -> None:
    made = replace(window(), energy=Energy(5, 0, 1))
    assert window_fields(made)["energy_source"] == "estimated"


def test_a_metric_is_added_in_one_entry() -> None:
    added = Metric(
        key="gpu_fan_speed",
        kind=Kind.GAUGE,
        unit=Unit.HERTZ,
        help="How fast it turns.",
        labels=("fan",),
        rate=Rate.TELEMETRY,
        reads={"nvml": {("0",): "whatever"}},
    )
    catalogue = {**BY_NAME, added.name: added}
    stat = Stat(minimum=1.0, mean=2.0, maximum=3.0, last=3.0)
    made = replace(window(), stats={added.name: {("0",): stat}})
    assert window_fields(made, catalogue)["fan_speed_hertz_0_mean"] == 2.0
    assert "Series: fan 0." in telemetry_fields(catalogue)["fan_speed_hertz_0_mean"].help
