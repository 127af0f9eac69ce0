"""Statistics of telemetry: what the plain list of all readings would say, in a bounded space."""

import tracemalloc
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.catalogue import Labels, Values
from collector.energy.edges import SECOND_NS
from collector.energy.telemetry import TelemetryHistory
from collector.model import Reading, Stat
from tests.energy.rig import MS

_LONGEST_NS = 60 * SECOND_NS
_LATEST_NS = 25 * SECOND_NS
"""So long after its end a window may close: late counters, and a scope that is not yet found."""
_SERIES = 35

series_names = st.sampled_from(["a_celsius", "b_hertz", "c_ratio"])
some_labels = st.sampled_from([(), ("gpu",), ("memory",)])
numbers = st.one_of(st.integers(-(10**9), 10**9), st.floats(-1e9, 1e9))
some_values = st.dictionaries(series_names, st.dictionaries(some_labels, numbers), max_size=3)
some_readings = st.lists(
    st.tuples(st.integers(1, 5 * SECOND_NS), some_values), min_size=1, max_size=60
)


def at(monotonic_ns: int, values: Values) -> Reading:
    return Reading(monotonic_ns=monotonic_ns, values=values)


def celsius(second: float, degrees: float) -> Reading:
    return at(round(second * SECOND_NS), {"a_celsius": {("gpu",): degrees}})


def plainly(
    readings: list[Reading], start_ns: int, end_ns: int
) -> Mapping[str, Mapping[Labels, Stat]]:
    """The same statistics, the obvious way."""
    found: dict[str, dict[Labels, list[float]]] = {}
    for reading in readings:
        if start_ns <= reading.monotonic_ns < end_ns:
            for name, series in reading.values.items():
                for labels, value in series.items():
                    found.setdefault(name, {}).setdefault(labels, []).append(value)
    return {
        name: {
            labels: Stat(
                minimum=min(seen), mean=sum(seen) / len(seen), maximum=max(seen), last=seen[-1]
            )
            for labels, seen in series.items()
        }
        for name, series in found.items()
    }


@settings(max_examples=200)
@given(
    spaced=some_readings,
    length_ns=st.integers(1, _LONGEST_NS),
    late_ns=st.integers(0, _LATEST_NS),
)
def test_statistics_are_those_of_all_readings(
    spaced: list[tuple[int, Values]], length_ns: int, late_ns: int
) -> None:
    """Of every window that closes in time, wherever its edges lie between the readings."""
    history, readings, now_ns = TelemetryHistory(), [], 1 << 40
    for spacing_ns, values in spaced:
        now_ns += spacing_ns
        readings.append(at(now_ns, values))
        history.add(readings[-1])
        end_ns = now_ns - late_ns
        start_ns = end_ns - length_ns
        assert history.stats(start_ns, end_ns) == plainly(readings, start_ns, end_ns)


def test_whole_seconds_at_ten_hertz() -> None:
    """One reading belongs to one window: its first edge is inside, its last is not."""
    history = TelemetryHistory()
    for tenth in range(300):
        history.add(celsius(tenth / 10, tenth))
    for start in range(0, 20, 10):
        stats = history.stats(start * SECOND_NS, (start + 10) * SECOND_NS)
        first, last = 10 * start, 10 * start + 99
        assert stats == {
            "a_celsius": {
                ("gpu",): Stat(minimum=first, mean=(first + last) / 2, maximum=last, last=last)
            }
        }


def test_a_gap_has_no_statistics() -> None:
    history = TelemetryHistory()
    assert history.stats(0, 1 << 62) == {}
    history.add(celsius(10, 40))
    history.add(celsius(30, 50))
    assert history.stats(11 * SECOND_NS, 30 * SECOND_NS) == {}
    assert history.stats(31 * SECOND_NS, 40 * SECOND_NS) == {}
    assert history.stats(30 * SECOND_NS, 30 * SECOND_NS) == {}


def test_a_stretch_that_is_only_half_remembered_has_no_statistics() -> None:
    """A quarter of an hour without power is one window; the telemetry of its end is not its."""
    history = TelemetryHistory()
    for second in range(900):
        history.add(celsius(second, second))
    assert history.stats(0, 900 * SECOND_NS) == {}
    assert history.stats(840 * SECOND_NS, 900 * SECOND_NS)["a_celsius"]["gpu",].minimum == 840


def test_a_reading_out_of_order_is_not_counted() -> None:
    history = TelemetryHistory()
    history.add(celsius(10, 40))
    history.add(celsius(9, 90))
    history.add(celsius(11, 42))
    stat = Stat(minimum=40, mean=41, maximum=42, last=42)
    assert history.stats(0, 20 * SECOND_NS) == {"a_celsius": {("gpu",): stat}}


@pytest.mark.parametrize("telemetry_hz", [1, 10])
def test_memory_is_small_and_does_not_grow(telemetry_hz: int) -> None:
    """Ten minutes with a hundred processes that come and go: under 90 kB for each hertz."""
    names = [f"metric_{i}" for i in range(_SERIES)]

    def feed(history: TelemetryHistory, first: int, seconds: int) -> None:
        for tick in range(first * telemetry_hz, (first + seconds) * telemetry_hz):
            values: dict[str, dict[Labels, float]] = {
                name: {("gpu",): tick + 0.5} for name in names
            }
            values["process_bytes"] = {(str(tick // (6 * telemetry_hz)),): 1.0}
            history.add(at(tick * 1000 * MS // telemetry_hz, values))

    tracemalloc.start()
    try:
        history = TelemetryHistory()
        feed(history, 0, 200)
        before = tracemalloc.get_traced_memory()[0]
        feed(history, 200, 400)
        after = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert after < 90_000 * telemetry_hz
    assert after < 1.1 * before
    assert len(history.stats(590 * SECOND_NS, 600 * SECOND_NS)) == _SERIES + 1
