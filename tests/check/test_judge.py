"""What a measurement is taken to mean."""

import pytest

from collector.check.judge import Rates, judge
from collector.check.measurement import Measurement, Schedule
from collector.check.plain import PlainAnswer
from collector.energy.track import PowerTrack
from collector.model import GpuIdentity

MS = 1_000_000
SECOND = 1000 * MS
RATES = Rates(power_hz=10, telemetry_hz=1, slow_seconds=10)


def _answer(metric: str, value: float | None, *labels: str, offered: bool = True) -> PlainAnswer:
    return PlainAnswer(
        metric=metric,
        labels=labels,
        offered=offered,
        value=value,
        error="" if value is not None else "not_supported",
        way="w",
        short="w",
        spent_ns=1000,
    )


def _measurement(
    *, seconds: float = 6, counter_mw: int = 500_000, module: bool = False
) -> Measurement:
    """500 W on average, renewed every 100 ms, and a counter of so many mW, stepping each 20 ms."""
    found = Measurement(GpuIdentity(uuid="GPU-x", index=3, model="m"))
    found.scopes = ("gpu", "module") if module else ("gpu",)
    found.tracks = {scope: PowerTrack(SECOND) for scope in found.scopes}
    end_ns = round(seconds * SECOND)
    for at_ns in range(0, end_ns, 2 * MS):
        power_mw = 499_000 if at_ns // (100 * MS) % 2 else 501_000
        found.tracks["gpu"].extend([(at_ns, power_mw)])
        if module:
            found.tracks["module"].extend([(at_ns, power_mw + 200_000)])
        found.counter.append((at_ns, at_ns // (20 * MS) * 20 * MS * counter_mw // SECOND))
        found.power_spent.wall_ns.append(5_000)
        found.power_spent.core_ns.append(2_000)
        found.counter_spent.wall_ns.append(2_400_000)
    found.fast = list(
        zip(found.tracks["gpu"].times[:750], found.tracks["gpu"].milliwatts[:750], strict=True)
    )
    found.closely_counted = found.counter[:500]
    found.fast_spent.core_ns = [100_000] * 3
    found.slow_spent.core_ns = [300_000] * 3
    found.answers = [_answer("gpu_power_watts", 500.0, "gpu")]
    return found


def test_power_and_counter_of_a_healthy_gpu() -> None:
    report = judge(_measurement(), RATES)
    assert report.power is not None
    assert report.power.refresh_seconds == pytest.approx(0.1)
    assert report.power.mean_watts == pytest.approx(500, rel=0.001)
    assert (report.power.minimum_watts, report.power.maximum_watts) == (499, 501)
    assert report.recommended_power_hz == 20
    assert report.counter is not None
    assert report.counter.refresh_seconds == pytest.approx(0.02)
    assert report.counter.step_joules == pytest.approx(10)
    assert report.counter.ratio == pytest.approx(1, abs=0.001)
    assert report.counter.scope == "gpu"
    assert report.counter.cost.median_us == 2400
    # 10 Hz x 2 us + 1 Hz x 100 us + 300 us / 10 s
    assert report.core_share_ratio == pytest.approx(150e-6)
    assert report.warnings == ()


def test_a_counter_of_the_module_is_told_from_one_of_the_gpu() -> None:
    report = judge(_measurement(module=True, counter_mw=700_000), RATES)
    assert report.counter is not None
    assert report.counter.scope == "module"
    assert report.counter.ratio == pytest.approx(1, abs=0.001)
    assert "for the scope module" in " ".join(report.consequences)


def test_a_short_check_does_not_judge_the_counter() -> None:
    report = judge(_measurement(seconds=3), RATES)
    assert report.counter is not None
    assert report.counter.ratio is None
    assert report.counter.scope is None
    assert report.counter.counted_joules > 0


def test_a_counter_that_disagrees_is_warned_of() -> None:
    report = judge(_measurement(counter_mw=450_000), RATES)
    assert report.counter is not None
    assert report.counter.ratio == pytest.approx(0.9, abs=0.001)
    assert "differ by 10 %" in " ".join(report.warnings)


def test_a_counter_that_stands_still_is_warned_of() -> None:
    report = judge(_measurement(counter_mw=0), RATES)
    assert "may be frozen" in " ".join(report.warnings)
    assert report.counter is not None
    assert report.counter.refresh_seconds is None


def test_persistence_mode_off_is_warned_of_and_on_is_not() -> None:
    for value, expected in ((0.0, True), (1.0, False), (None, False)):
        found = _measurement()
        found.answers = [_answer("gpu_persistence_mode", value)]
        warned = "Persistence mode is off" in " ".join(judge(found, RATES).warnings)
        assert warned is expected


def test_steady_power_gives_no_refresh_and_no_recommendation() -> None:
    found = _measurement()
    found.fast = [(at_ns, 500_000) for at_ns, _ in found.fast]
    report = judge(found, RATES)
    assert report.power is not None
    assert report.power.refresh_seconds is None
    assert report.recommended_power_hz is None
    assert "power_hz stays 10" in " ".join(report.consequences)


def test_a_scope_that_the_power_thread_leaves_out_is_not_offered() -> None:
    found = _measurement()
    found.answers = [
        _answer("gpu_power_watts", 500.0, "gpu"),
        _answer("gpu_power_watts", 0.0, "module"),
        _answer("gpu_temperature_celsius", None, "memory", offered=False),
    ]
    gpu, module, memory = judge(found, RATES).series
    assert (gpu.offered, gpu.value) == (True, 500.0)
    assert (module.offered, module.value, module.error) == (False, None, "no_sensor")
    assert (memory.offered, memory.error) == (False, "not_supported")


def test_without_power_and_counter_nothing_is_made_up() -> None:
    found = Measurement(GpuIdentity(uuid="GPU-x", index=0, model="m"))
    report = judge(found, RATES)
    assert (report.power, report.counter, report.core_share_ratio) == (None, None, None)
    assert "No energy can be accounted for." in report.consequences


@pytest.mark.parametrize("seconds", [0.5, 1, 6, 60])
def test_the_schedule_fills_the_time_exactly(seconds: float) -> None:
    plan = Schedule.over(seconds)
    parts = (plan.opening_ns, plan.fast_ns, plan.middle_ns, plan.closing_ns)
    assert sum(parts) == seconds * SECOND
    assert all(part > 0 for part in parts)
    assert plan.fast_ns <= 1.5 * SECOND
