"""`wattkeeper check` on a node whose host has sensors of its own."""

from pathlib import Path

from tests.commands.test_check import Run
from tests.fake_nvml import FakeNvml
from tests.host.sysfs import acpi_meter, grace_pair, lay, rapl_zone


def test_the_host_is_a_part_of_both_forms(tmp_path: Path) -> None:
    lay(tmp_path / "sys", grace_pair() | rapl_zone("intel-rapl:0", "package-0", 5_000_000))
    with FakeNvml(tmp_path / "fake", gpus=1, profile="GB200") as fake:
        environment = fake.environment() | {"WATTKEEPER_HOST__SYSFS_ROOT": str(tmp_path / "sys")}
        table = Run("--seconds", "0.5", environment=environment)
        document = Run("--seconds", "0.5", "--json", environment=environment).result().document
        text = table.result().out
    powers = [one for one in document["gpus"][0]["series"] if one["metric"] == "gpu_power_watts"]
    offered = {one["labels"]["scope"]: one["offered"] for one in powers}
    assert offered == {"gpu": True, "module": True, "memory": True}  # memory: with the telemetry
    hwmon, rapl = document["host"]["sources"]
    assert hwmon["sensors"][0] == {
        "scope": "module",
        "device": "module-0",
        "via": "power_meter",
        "power_watts": 612.0,
        "error": None,
    }
    assert len(hwmon["sensors"]) == 8
    assert 0 < hwmon["read_seconds"] < 1
    assert rapl["sensors"][0]["power_watts"] == 0.0  # the counter of the made-up tree stands still
    assert document["host"]["input"] is None
    assert "The machine around the GPUs" in text
    rows = [line.split() for line in text.splitlines()]
    assert ["hwmon", "module", "module-0", "612.0", "W"] in [row[:5] for row in rows]
    assert "The node's input is not known" in text


def test_the_ways_and_values_are_shown_whole_beside_long_names(tmp_path: Path) -> None:
    lay(tmp_path / "sys", acpi_meter(0, 2_000_000_000))
    with FakeNvml(tmp_path / "fake", gpus=1, profile="GB200") as fake:
        environment = fake.environment() | {
            "WATTKEEPER_HOST__SYSFS_ROOT": str(tmp_path / "sys"),
            "COLUMNS": "80",
        }
        text = Run("--seconds", "0.5", environment=environment).result().out
    assert "read by" in text
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= 80
    assert "The node draws 2000.0 W by hwmon (ac_input: acpi)." in text
