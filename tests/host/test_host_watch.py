"""What becomes of readings: accounts, the node's input, and what is shown."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.catalogue import BY_NAME
from collector.daemon.faults import FaultBoard
from collector.daemon.host import INPUT, INPUT_SCOPE, HostWatch
from collector.energy.edges import SECOND_NS, Edges
from collector.energy.meter import Plan
from collector.ledger import AccountKey, AccountState
from collector.model import Window
from collector.sources.host.protocol import HostReading
from tests.host.scripted import Scripted, reading

START_NS = 5_000 * SECOND_NS
WALL_NS = 1_760_000_003 * SECOND_NS
SECONDS = {"redfish": 10.0, "ipmi": 10.0, "hwmon": 1.0, "rapl": 1.0}
INPUT_KEY = AccountKey("host", INPUT.key, INPUT_SCOPE)


class Bench:
    """A watch in made-up time."""

    def __init__(
        self,
        accounts: dict[AccountKey, AccountState] | None = None,
        now_ns: int = START_NS,
        sources: Sequence[str] = tuple(SECONDS),
    ) -> None:
        self.now_ns = now_ns
        self.windows: list[Window] = []
        self.edges = Edges(now_ns, now_ns - START_NS + WALL_NS)
        plan = Plan(period_ns=SECOND_NS, window_ns=10 * SECOND_NS, boot_id="boot")
        self.watch = HostWatch(
            [(Scripted(name, tuple, seconds=SECONDS[name]), True) for name in sources],
            plan,
            self.edges,
            accounts or {},
            FaultBoard(),
        )
        self.tasks = {task.source.name: task for task in self.watch.tasks}

    def took(self, *readings: HostReading) -> None:
        """A source has read; time goes on to then."""
        self.until(max(one.monotonic_ns for one in readings))
        task = self.tasks[readings[0].source]
        task.took(readings)

    def until(self, now_ns: int) -> None:
        self.now_ns = max(now_ns, self.now_ns)
        self.edges.refresh(self.now_ns, self.now_ns - START_NS + WALL_NS)
        self.windows += self.watch.advance(self.now_ns)

    def finish(self) -> dict[AccountKey, AccountState]:
        self.windows += self.watch.finish(self.now_ns)
        return self.watch.states(clean=True)

    def value(self, name: str, *labels: str) -> float | None:
        return self.watch.values(self.now_ns).get(name, {}).get(labels)

    def input_windows(self) -> list[Window]:
        return [w for w in self.windows if w.device == INPUT]


def at(seconds: float) -> int:
    return START_NS + round(seconds * SECOND_NS)


def node(source: str, watts: float | None, seconds: float) -> HostReading:
    return reading(source, "ac_input", source, watts, at(seconds))


def test_every_sensor_has_an_account_and_is_shown_with_its_scope() -> None:
    bench = Bench()
    for second in range(1, 120):
        bench.took(
            reading("hwmon", "module", "module-0", 600, at(second)),
            reading("hwmon", "cpu", "grace-0", 160, at(second)),
        )
        if second % 10 == 0:
            bench.took(node("redfish", 1000, second + 0.1))
    assert bench.value("host_power_watts", "hwmon", "module", "module-0") == 600
    assert bench.value("host_power_watts", "redfish", "ac_input", "redfish") == 1000
    energy = bench.value("host_energy_joules_total", "hwmon", "cpu", "grace-0")
    assert energy == pytest.approx(160 * 118, abs=160)
    assert bench.value("host_energy_estimated_joules_total", "hwmon", "cpu", "grace-0") == 0
    assert bench.value("host_sensor_info", "hwmon", "cpu", "grace-0", "script") == 1
    assert bench.value("host_sample_age_seconds", "hwmon") == pytest.approx(0, abs=1)
    keys = set(bench.finish())
    assert AccountKey("host", "hwmon:module-0", "module") in keys
    assert AccountKey("host", "redfish:redfish", "ac_input") in keys
    assert INPUT_KEY in keys
    assert {window.scope for window in bench.windows} == {"module", "cpu", "ac_input", "input"}


def test_what_was_read_since_the_tick_began_is_not_of_the_future() -> None:
    bench = Bench()
    bench.tasks["hwmon"].took([reading("hwmon", "module", "module-0", 600, at(1.03))])
    ages = bench.watch.values(at(1))["host_sample_age_seconds"]
    assert ages == {("hwmon",): 0.0}


def test_all_that_is_shown_is_in_the_catalogue_with_its_labels() -> None:
    bench = Bench()
    for second in range(0, 60, 10):
        bench.took(
            node("redfish", 1000, second), reading("redfish", "cpu", "CPU", None, at(second))
        )
    bench.tasks["ipmi"].errors["timeout"] = 3
    for name, series in bench.watch.values(bench.now_ns).items():
        for labels in series:
            assert len(labels) == len(BY_NAME[name].labels), name
    assert bench.value("host_read_errors_total", "ipmi", "timeout") == 3
    assert bench.value("host_power_watts", "redfish", "cpu", "CPU") is None


def test_a_sensor_that_falls_silent_is_absent() -> None:
    bench = Bench()
    bench.took(node("redfish", 1000, 0))
    bench.took(node("redfish", 1000, 10))
    bench.until(at(39))
    assert bench.value("host_power_watts", "redfish", "ac_input", "redfish") == 1000
    assert bench.value("host_input_power_watts") == 1000
    bench.until(at(41))
    values = bench.watch.values(bench.now_ns)
    assert set(values) == {"host_sample_age_seconds"}


def test_the_input_goes_on_when_the_best_source_changes_and_counts_nothing_twice() -> None:
    bench = Bench()
    shown: list[float] = []
    for second in range(0, 600, 5):
        if second % 10 == 0 and second < 300:
            bench.took(node("redfish", 1000, second))
        elif second % 10 == 5:
            bench.took(node("ipmi", 900, second))
        energy = bench.value("host_input_energy_joules_total")
        shown += [energy] if energy is not None else []
    assert shown == sorted(shown)
    assert bench.value("host_input_power_watts") == 900
    assert bench.value("host_input_source", "ipmi", "ac_input") == 1
    bench.finish()
    windows = bench.input_windows()
    for left, right in pairwise(windows):
        assert left.end_ns == right.start_ns
    total_j = sum(window.energy.total_mj for window in windows) / 1000
    # Redfish to its end, then IPMI; what lies between, nobody measured: either of the two.
    assert 1000 * 290 + 900 * 295 <= total_j <= 1000 * 330 + 900 * 270
    estimated_j = sum(window.energy.estimated_mj for window in windows) / 1000
    assert estimated_j <= 1000 * 40


def test_a_missing_supply_leads_to_another_source_not_to_a_part() -> None:
    bench = Bench()
    for second in range(0, 120, 10):
        lost = second >= 60
        bench.took(
            reading("redfish", "ac_input", "PSU0", 700, at(second)),
            reading("redfish", "ac_input", "PSU1", None if lost else 650, at(second)),
        )
        bench.took(node("ipmi", 1300, second + 1))
        assert bench.value("host_input_power_watts") == (1300 if lost else 1350)
        assert bench.value("host_input_source", "redfish", "ac_input") == (0 if lost else 1)


def test_modules_alone_give_the_node_no_input() -> None:
    bench = Bench()
    for second in range(60):
        bench.took(reading("hwmon", "module", "module-0", 600, at(second)))
    assert bench.value("host_input_power_watts") is None
    assert INPUT_KEY not in bench.finish()


def test_energy_goes_on_over_a_clean_restart_and_the_stop_is_an_estimate() -> None:
    bench = Bench()
    for second in range(0, 200, 10):
        bench.took(node("redfish", 1000, second))
    bench.until(bench.now_ns)
    before = bench.value("host_input_energy_joules_total")
    assert before == pytest.approx(1000 * 190)
    states = bench.finish()
    later = Bench(states, now_ns=at(260))
    for second in range(260, 400, 10):
        later.took(node("redfish", 1000, second))
    later.until(later.now_ns)
    after = later.value("host_input_energy_joules_total")
    assert after == pytest.approx(1000 * 390, abs=1)
    estimated = later.value("host_input_energy_estimated_joules_total")
    assert estimated == pytest.approx(1000 * 70, abs=1)
    assert later.value("host_energy_joules_total", "redfish", "ac_input", "redfish") == after
    gaps = [window for window in later.windows if window.gap]
    assert {window.gap for window in gaps} == {"restart without counter"}


events = st.lists(
    st.tuples(
        st.sampled_from(["redfish", "ipmi", "hwmon", "rapl"]),
        st.floats(0.2, 40),
        st.none() | st.integers(1, 40_000),
        st.none() | st.integers(0, 3_000),
    ),
    min_size=2,
    max_size=60,
)


@settings(max_examples=80, deadline=None)
@given(events)
def test_however_sources_come_and_go_the_input_is_one_line_through_time(
    happened: list[tuple[str, float, int | None, int | None]],
) -> None:
    bench = Bench()
    second, seen = 0.0, [0.0]
    for source, elapsed, watts, more in happened:
        second += elapsed
        both = [reading(source, "ac_input", "a", watts, at(second))]
        if more is not None:
            both.append(reading(source, "ac_input", "b", more, at(second)))
        if all(one.error for one in both):
            continue
        bench.took(*both)
        power = bench.value("host_input_power_watts")
        if power is not None:
            assert power in totals(bench)
            seen.append(power)
        parts = bench.watch.values(bench.now_ns).get("host_input_source", {})
        assert sum(parts.values()) == (power is not None)
    bench.finish()
    windows = bench.input_windows()
    for left, right in pairwise(windows):
        assert left.end_ns == right.start_ns
        assert right.total_mj == left.total_mj + right.energy.total_mj
    total_mj = sum(window.energy.total_mj for window in windows)
    assert total_mj <= max(seen) * 1000 * second + 1


def totals(bench: Bench) -> set[float]:
    """What whole sources say now."""
    found = set()
    for task in bench.watch.tasks:
        readings = task.fresh(bench.now_ns)
        if readings and not any(one.error for one in readings):
            found.add(sum(one.milliwatts or 0 for one in readings) / 1000)
    return found
