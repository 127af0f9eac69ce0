"""One failing sensor leaves all others untouched: every class, by an error, a hang, nonsense."""

import time
from collections.abc import Callable
from functools import partial
from math import nan

import pytest

from tests.e2e.conftest import MakeDaemon, MakeFake
from tests.e2e.daemon import Daemon
from tests.e2e.isolation import (
    ENABLED,
    POWER,
    SENSORS,
    ages,
    counted,
    freshen,
    missing,
    shown,
    stale,
)
from tests.e2e.truth import SECOND, compare, square
from tests.fake_nvml import Constant, FakeNvml, Group
from tests.fake_nvml.fields import ValueType
from tests.fake_nvml.gpu import FakeGpu

GPUS = len(SENSORS) + 1
"""One for each class, and one that nothing happens to."""
SICK = GPUS - 1
ALL_ONES, ALL_ONES_64 = 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF
UNKNOWN = 999
EDGE_MJ = 2 * 1_000_000 * 20_000_000 // SECOND
"""Both ends of a stretch are known to one step of the counter, of 10 ms, and a read."""


def excused() -> dict[int, set[str]]:
    return {index: set(sensor.lost) for index, sensor in enumerate(SENSORS)}


def rig(make_fake: MakeFake, make_daemon: MakeDaemon) -> tuple[FakeNvml, Daemon]:
    fake = make_fake(gpus=GPUS, profile="GB200")
    for gpu in fake.gpus:
        gpu.set_waveform(square(gpu.index, gpus=GPUS, low=200_000, high=1_000_000))
    assert SENSORS[0].name == "counter"
    fake.gpu(0).set_waveform(Constant(600_000))  # which the integral gets right at any rate
    daemon = make_daemon(
        fake,
        SAMPLING__SLOW_SECONDS=1,
        SAMPLING__ENABLE="[" + ",".join(f'"{name}"' for name in ENABLED) + "]",
    )
    daemon.wait_for(lambda: up(daemon) == GPUS, "all GPUs are up", 20)
    daemon.wait_for(lambda: daemon.value("gpu_activity_ratio", gpu=str(SICK)), "all is read")
    daemon.wait_for(
        lambda: len(daemon.metrics().get("gpu_energy_joules_total", {})) == 2 * GPUS,
        "energy is counted",
        25,
    )
    return fake, daemon


def up(daemon: Daemon) -> float:
    return sum(daemon.metrics().get("gpu_up", {}).values())


def held_up(daemon: Daemon, before: dict[str, dict[str, set[frozenset[tuple[str, str]]]]]) -> None:
    """Everything but what is excused is there, and fresh."""
    assert up(daemon) == GPUS, daemon.healthz()[1]
    for gpu, gone in missing(before, shown(daemon)).items():
        assert gone <= set(SENSORS[int(gpu)].lost), (SENSORS[int(gpu)].name, gone)
    assert max(ages(daemon, "power")) < 2.5
    assert max(ages(daemon, "telemetry")) < 3.0


def energy_is_exact(fake: FakeNvml, daemon: Daemon) -> None:
    assert daemon.stop()[0] == 0
    for gpu in fake.gpus:
        found = compare(daemon, fake, gpu.index)
        if not gpu.index:
            assert abs(found.error) < 0.005  # power stood in for the counter
        else:
            assert abs(found.found_mj - found.true_mj) <= EDGE_MJ, gpu.index
            assert daemon.account(gpu.uuid).total.estimated_mj == 0


def test_sensors_that_fail(make_fake: MakeFake, make_daemon: MakeDaemon) -> None:
    fake, daemon = rig(make_fake, make_daemon)
    before = shown(daemon)
    for gpu, sensor in zip(fake.gpus, SENSORS, strict=False):
        gpu.set_error(sensor.targets, UNKNOWN)
    time.sleep(3.5)
    for gpu in fake.gpus:
        freshen(gpu)
    daemon.wait_for(lambda: not stale(daemon, GPUS, excused()), "the rest is fresh", 6)
    held_up(daemon, before)
    failed = counted(daemon)
    for index, sensor in enumerate(SENSORS):
        assert failed[str(index)] & sensor.sensors, (sensor.name, failed[str(index)])
        assert failed[str(index)] <= sensor.sensors, (sensor.name, failed[str(index)])
    assert str(SICK) not in failed
    for gpu, sensor in zip(fake.gpus, SENSORS, strict=False):
        gpu.set_error(sensor.targets, None)
    daemon.wait_for(lambda: not missing(before, shown(daemon)), "all is back", 6)
    energy_is_exact(fake, daemon)


def test_sensors_that_hang(make_fake: MakeFake, make_daemon: MakeDaemon) -> None:
    fake, daemon = rig(make_fake, make_daemon)
    before = shown(daemon)
    for gpu, sensor in zip(fake.gpus, SENSORS, strict=False):
        gpu.hang(sensor.targets)
    oldest = {"power": 0.0, "telemetry": 0.0}
    until = time.monotonic() + 6
    while time.monotonic() < until:  # while threads are relieved, too
        assert up(daemon) == GPUS, daemon.healthz()[1]
        oldest = {kind: max(*ages(daemon, kind), age) for kind, age in oldest.items()}
        time.sleep(0.2)
    assert oldest["power"] < 2.5
    for gpu in fake.gpus:
        freshen(gpu)
    daemon.wait_for(lambda: not stale(daemon, GPUS, excused()), "the rest is fresh", 6)
    held_up(daemon, before)
    named = {fault["part"]: fault["problem"] for fault in daemon.healthz()[1]["sick"]}
    failed = counted(daemon)
    for index, sensor in enumerate(SENSORS):
        problem = named.pop(f"gpu {index} sensors")
        assert any(name in problem for name in sensor.sensors), (sensor.name, problem)
        assert failed[str(index)] <= sensor.sensors, (sensor.name, failed[str(index)])
        error = {"gpu": str(index), "error": "timeout"}
        assert (daemon.value("gpu_read_errors_total", **error) or 0) >= 3, sensor.name
    assert not named
    for gpu in fake.gpus:
        gpu.release()
    daemon.wait_for(lambda: not missing(before, shown(daemon)), "all is back", 8)
    daemon.wait_for(lambda: daemon.healthz()[0] == 200, "no fault stands")
    energy_is_exact(fake, daemon)
    assert fake.shutdowns_with_outstanding_calls == 0


def _set(**readings: int) -> Callable[[FakeGpu], None]:
    def change(gpu: FakeGpu) -> None:
        for name, value in readings.items():
            setattr(gpu, name, value)

    return change


def _fast_fields(gpu: FakeGpu) -> None:
    gpu.override_power(ALL_ONES, Group.POWER_AVERAGE)
    gpu.set_field(82, nan, kind=ValueType.DOUBLE)  # the memory's temperature
    gpu.set_unsupported(Group.MEMORY_TEMPERATURE, value=False)


NONSENSE: dict[str, Callable[[FakeGpu], None]] = {
    "counter": lambda gpu: gpu.override_counter(),
    "temperature": _set(temperature_celsius=ALL_ONES),
    "utilization": _set(gpu_utilization_percent=ALL_ONES),
    "clocks": _set(sm_clock_megahertz=ALL_ONES, graphics_clock_megahertz=ALL_ONES),
    "memory": _set(memory_used_bytes=ALL_ONES_64, memory_total_bytes=1),
    "clock events": _set(clock_event_reasons=ALL_ONES_64),
    "fast fields": _fast_fields,
    "activity": lambda gpu: gpu.set_gpm(2, nan),
    "power limits": _set(enforced_power_limit_milliwatts=ALL_ONES),
    "thermal fields": lambda gpu: gpu.set_field(194, nan, kind=ValueType.DOUBLE),
    "memory health": lambda gpu: gpu.set_field(142, nan, kind=ValueType.DOUBLE),
    "ECC": lambda gpu: gpu.set_ecc_errors(ALL_ONES_64, uncorrected=True, aggregate=True),
    "PCIe width": _set(pcie_width=ALL_ONES),
    "PCIe replays": _set(pcie_replay_count=ALL_ONES),
    "NVLink bytes": lambda gpu: gpu.set_field(202, -(2**63), kind=ValueType.LONGLONG),
    "fabric": _set(fabric_state=77),
    "MIG": _set(mig_mode=ALL_ONES),
    "processes": lambda gpu: gpu.set_processes([(ALL_ONES, ALL_ONES_64)] * 9),
}


def test_sensors_that_talk_nonsense(make_fake: MakeFake, make_daemon: MakeDaemon) -> None:
    fake, daemon = rig(make_fake, make_daemon)
    before = shown(daemon)
    for gpu, sensor in zip(fake.gpus, SENSORS, strict=False):
        if sensor.name in NONSENSE:
            NONSENSE[sensor.name](gpu)
    time.sleep(3.5)
    for gpu in fake.gpus:
        freshen(gpu)
    daemon.wait_for(lambda: not stale(daemon, GPUS, excused()), "the rest is fresh", 6)
    held_up(daemon, before)
    text = daemon.get("/metrics")[1].lower()
    assert "nan" not in {line.rsplit(" ", 1)[-1] for line in text.splitlines()}
    for ones in (ALL_ONES, ALL_ONES_64):
        wrong = {float(ones) * factor for factor in (1.0, 0.001, 0.01, 1e6)}
        metrics = daemon.metrics()
        shown_wrong = {n for n, series in metrics.items() if wrong & set(series.values())}
        assert not shown_wrong
    assert '"bug"' not in text
    assert "Traceback" not in daemon.said()
    energy_is_exact(fake, daemon)


def test_power_that_fails_is_its_own_gpus_affair(
    make_fake: MakeFake, make_daemon: MakeDaemon
) -> None:
    fake = make_fake(gpus=5)
    for gpu in fake.gpus:
        gpu.set_waveform(Constant(300_000))
    failing, hanging, absurd, mistyped, well = fake.gpus
    daemon = make_daemon(fake)
    daemon.wait_for(lambda: up(daemon) == 5, "all GPUs are up")
    failing.set_error(Group.POWER_INSTANT, UNKNOWN)
    hanging.hang(Group.POWER_INSTANT)
    absurd.override_power(ALL_ONES, Group.POWER_INSTANT)
    mistyped.set_field(186, nan, scope=0, kind=ValueType.DOUBLE)
    daemon.wait_for(lambda: up(daemon) == 1, "they are sick", 8)
    time.sleep(1)
    assert daemon.value(POWER, gpu=str(well.index), scope="gpu") == 300.0
    failed = counted(daemon)
    assert {gpu for gpu, sensors in failed.items() if "gpu_power_watts" in sensors} >= {"0", "2"}
    assert str(well.index) not in failed
    failing.set_error(Group.POWER_INSTANT, None)
    absurd.override_power(None, Group.POWER_INSTANT)
    hanging.release()
    daemon.wait_for(lambda: up(daemon) >= 4, "they are back", 8)
    assert daemon.stop()[0] == 0


def _is_shown(daemon: Daemon, name: str, gpu: str) -> bool:
    return daemon.value(name, gpu=gpu) is not None


def test_sensors_that_hang_from_the_start(make_fake: MakeFake, make_daemon: MakeDaemon) -> None:
    """What a reader is made of is asked when it is first looked for: that may hang as well."""
    fake = make_fake(gpus=3, profile="GB200")
    fabric, fields, _ = fake.gpus
    fabric.hang("nvmlDeviceGetGpuFabricInfoV")
    fields.hang((Group.ROW_REMAPPER, Group.RETIRED_PAGES))
    daemon = make_daemon(fake, SAMPLING__SLOW_SECONDS=1)
    daemon.wait_for(lambda: up(daemon) == 3, "all are up", 15)
    daemon.wait_for(
        lambda: len(daemon.metrics().get("gpu_pcie_link_width", {})) == 3, "all is read", 30
    )
    daemon.wait_for(lambda: len(daemon.metrics().get("gpu_processes", {})) == 3, "to the end", 30)
    assert daemon.value("gpu_fabric_info", gpu="0") is None
    assert daemon.value("gpu_row_remap_failure", gpu="1") is None
    fabric.release()
    fields.release()
    for gpu, name in (("0", "gpu_fabric_info"), ("1", "gpu_row_remap_failure")):
        daemon.wait_for(partial(_is_shown, daemon, name, gpu), name, 12)
    assert daemon.stop()[0] == 0


def test_events_that_hang_or_fail_touch_nothing_else(
    make_fake: MakeFake, make_daemon: MakeDaemon
) -> None:
    fake = make_fake(gpus=2)
    daemon = make_daemon(fake, SAMPLING__SLOW_SECONDS=1)
    daemon.wait_for(lambda: up(daemon) == 2, "both are up")
    before = shown(daemon)
    for series in before.values():
        series.pop("gpu_xid_errors_total", None)  # not told while nobody listens
    wait = "nvmlEventSetWait_v2"
    for fails in (False, True):
        if fails:
            fake.set_error(wait, UNKNOWN)
        else:
            fake.hang(wait)
        time.sleep(4)
        assert up(daemon) == 2
        assert not missing(before, shown(daemon))
        assert max(ages(daemon, "power")) < 2.5
        fake.set_error(wait, None)
        fake.release(wait)
    daemon.wait_for(lambda: "gpu_xid_errors_total" in daemon.metrics(), "it listens again", 15)
    fake.xid(0, 48)
    daemon.wait_for(lambda: daemon.value("gpu_xid_errors_total", gpu="0", xid="48"), "events", 30)
    assert daemon.stop()[0] == 0


@pytest.mark.parametrize(
    ("profile", "there", "absent"),
    [
        ("VGPU", "gpu_memory_bytes", POWER),
        ("NO_PERMISSION", "gpu_nvlink_links", "gpu_processes"),
        ("A100-MIG", "gpu_mig_info", "gpu_utilization_ratio"),
        ("OLD470", POWER, "gpu_temperature_margin_celsius"),
    ],
)
def test_boards_that_tell_less_start_and_tell_what_they_can(
    make_fake: MakeFake,
    make_daemon: MakeDaemon,
    old_library: object,
    profile: str,
    there: str,
    absent: str,
) -> None:
    old = {"library_path": old_library, "old_driver": True} if profile == "OLD470" else {}
    name = profile.replace("NO_", "NO-")
    fake = make_fake(gpus=1, profile=name, **old)
    daemon = make_daemon(
        fake,
        SAMPLING__SLOW_SECONDS=1,
        SAMPLING__ENABLE='["gpu_activity_ratio","gpu_process_memory_bytes"]',
    )
    daemon.wait_for(lambda: up(daemon) == 1, "the GPU is up")
    daemon.wait_for(lambda: daemon.value(there) is not None, there)
    time.sleep(1.5)
    assert absent not in daemon.metrics()
    assert daemon.healthz()[0] == 200
    assert "Traceback" not in daemon.said()
    assert daemon.stop()[0] == 0
