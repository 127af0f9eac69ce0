"""Windows as points: the design's names, and a time that no point of the series has twice."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from exporters.fields import window_fields
from exporters.influxdb import LANE, LineEncoder
from tests.influxdb.parser import Point, parse
from tests.influxdb.values import PLACE, SECOND_NS, START_NS, gap, window

MS = 1_000_000


def encoded(*windows: object) -> list[Point]:
    encoder = LineEncoder(PLACE)
    items = encoder.windows(windows)  # type: ignore[arg-type]  # all are windows
    assert {(item.lane, item.topic) for item in items} <= {(LANE, "")}
    assert len(items) == len(windows)
    return [parse(item.payload.decode()) for item in items]


def test_a_window_is_a_point_at_its_end() -> None:
    (point,) = encoded(window(3))
    assert point.measurement == "gpu_window"
    assert point.wall_ns == window(3).end_ns
    assert point.tags == {
        "site": "s1",
        "row": "r 1",
        "rack": "A,1",
        "node": "n1",
        "gpu": "0",
        "uuid": "GPU-1",
        "scope": "gpu",
    }
    assert point.fields["power_watts_mean"] == 700.1
    assert point.fields["power_ramp_watts_1s"] == 88.125
    assert point.fields["energy_joules"] == 7001.006
    assert point.fields["energy_joules_total"] == 123_456_789.015
    assert point.fields["energy_source"] == "counter"
    assert point.fields["coverage_ratio"] == 1.0
    assert point.fields["samples"] == 100
    assert isinstance(point.fields["samples"], int)
    assert point.fields["temperature_celsius_gpu_max"] == 63.0
    assert point.fields["clock_event_active_power_cap_mean"] == 0.25


def test_what_a_window_does_not_know_is_absent() -> None:
    (point,) = encoded(gap())
    assert not any(name.startswith("power_") for name in point.fields)
    assert point.fields["gap"] == "no samples"
    assert point.fields["energy_joules_high"] == 0.009
    (point,) = encoded(window())
    assert not {"gap", "power_ramp_watts_100ms", "energy_joules_low"} & point.fields.keys()


def test_a_field_never_changes_its_type() -> None:
    types: dict[str, type] = {}
    ones = [window(), gap(), replace(window(), samples=0, total_mj=0, duration_ns=0)]
    for one in ones:
        for name, value in window_fields(one).items():
            assert types.setdefault(name, type(value)) is type(value), name


def test_the_tag_follows_a_gpu_whose_index_changed() -> None:
    first, second = encoded(window(0, index=0), window(1, index=5))
    assert (first.tags["gpu"], second.tags["gpu"]) == ("0", "5")


def test_the_clock_steps_back_and_no_point_is_overwritten() -> None:
    hour = 360
    numbers = [*range(400), *range(400 - hour, 800), *range(700, 900)]
    points = encoded(*(window(number) for number in numbers))
    times = [point.wall_ns for point in points]
    assert len(set(times)) == len(numbers)
    ends = [START_NS + (number + 1) * 10 * SECOND_NS for number in numbers]
    shifts = [time - end for time, end in zip(times, ends, strict=True)]
    assert shifts[:400] == [0] * 400
    assert shifts[400 : 400 + hour] == [MS] * hour
    assert shifts[400 + hour : 1160] == [0] * 400
    assert shifts[1160:1260] == [2 * MS] * 100
    assert shifts[1260:] == [0] * 100


@settings(deadline=None)  # the machine may be busy
@given(
    runs=st.lists(
        st.tuples(st.integers(0, 50), st.integers(1, 30), st.sampled_from(["gpu", "module"])),
        max_size=8,
    )
)
def test_no_two_points_of_a_series_share_a_time(runs: list[tuple[int, int, str]]) -> None:
    windows = [
        window(number, scope=scope)
        for start, count, scope in runs
        for number in range(start, start + count)
    ]
    keys = [(point.tags["scope"], point.wall_ns) for point in encoded(*windows)]
    assert len(set(keys)) == len(windows)
