"""Power meters under hwmon, from trees as machines have them."""

import asyncio
import time
from pathlib import Path

import pytest

from collector.sources.host.hwmon import HwmonSource
from collector.sources.host.protocol import HostReading, HostSourceError, NothingHereError
from tests.host.sysfs import acpi_meter, fifo, grace_pair, lay


async def opened(root: Path, timeout_seconds: float = 5.0) -> HwmonSource:
    source = HwmonSource(root, timeout_seconds=timeout_seconds)
    await source.open()
    return source


def shown(readings: object) -> dict[tuple[str, str], int | None]:
    assert isinstance(readings, list | tuple)
    return {(reading.scope, reading.device): reading.milliwatts for reading in readings}


@pytest.mark.parametrize("old", [False, True], ids=["new kernel", "old kernel"])
async def test_grace_tells_each_socket_by_its_label(tmp_path: Path, *, old: bool) -> None:
    source = await opened(lay(tmp_path, grace_pair(old=old)))
    before_ns = time.monotonic_ns()
    readings = await source.read()
    assert shown(readings) == {
        ("module", "module-0"): 612_000,
        ("cpu", "grace-0"): 168_000,
        ("cpu_rail", "cpu-0"): 104_000,
        ("sysio_rail", "sysio-0"): 31_000,
        ("module", "module-1"): 613_000,
        ("cpu", "grace-1"): 169_000,
        ("cpu_rail", "cpu-1"): 105_000,
        ("sysio_rail", "sysio-1"): 32_000,
    }
    assert all(before_ns <= reading.monotonic_ns <= time.monotonic_ns() for reading in readings)
    assert {reading.source for reading in readings} == {"hwmon"}
    await source.close()


async def test_no_watt_of_a_socket_is_in_a_scope_twice(tmp_path: Path) -> None:
    """The Grace socket contains its rails: within one scope, devices may be added."""
    source = await opened(lay(tmp_path, grace_pair()))
    by_scope: dict[str, int] = {}
    for reading in await source.read():
        by_scope[reading.scope] = by_scope.get(reading.scope, 0) + (reading.milliwatts or 0)
    assert by_scope["cpu"] == 168_000 + 169_000
    await source.close()


async def test_a_meter_without_a_label_is_the_nodes_input(tmp_path: Path) -> None:
    source = await opened(lay(tmp_path, acpi_meter(3, 734_000_000)))
    assert shown(await source.read()) == {("ac_input", "acpi"): 734_000}
    await source.close()


async def test_several_meters_without_a_label_are_not_guessed_at(tmp_path: Path) -> None:
    lay(tmp_path, acpi_meter(0, 734_000_000) | acpi_meter(1, 210_000_000))
    with pytest.raises(NothingHereError):
        await opened(tmp_path)


async def test_a_meter_without_a_label_beside_grace_is_not_the_node(tmp_path: Path) -> None:
    lay(tmp_path, grace_pair() | acpi_meter(20, 210_000_000))
    source = await opened(tmp_path)
    assert "ac_input" not in {reading.scope for reading in await source.read()}
    await source.close()


async def test_hsmp_shows_each_socket(tmp_path: Path) -> None:
    files: dict[str, object] = {}
    for number, microwatts in ((1, 241_500_400), (10, 198_000_600)):
        files[f"class/hwmon/hwmon{number}/name"] = "amd_hsmp_hwmon"
        files[f"class/hwmon/hwmon{number}/power1_input"] = microwatts
    source = await opened(lay(tmp_path, files))
    assert shown(await source.read()) == {
        ("cpu", "socket-0"): 241_500,
        ("cpu", "socket-1"): 198_001,
    }
    await source.close()


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("4294967295000", "no_reading"),
        ("4294967295", "no_reading"),
        ("0", "no_reading"),
        ("-5", "no_reading"),
        ("", "invalid"),
        ("n/a", "invalid"),
        ("12.5", "invalid"),
    ],
)
async def test_what_is_no_reading_is_absent(tmp_path: Path, content: str, word: str) -> None:
    lay(tmp_path, grace_pair())
    (tmp_path / "class/hwmon/hwmon1/power1_average").write_text(content)
    source = await opened(tmp_path)
    broken = by_device(await source.read())["grace-0"]
    assert (broken.milliwatts, broken.error) == (None, word)
    await source.close()


async def test_one_that_vanishes_is_absent_and_the_others_go_on(tmp_path: Path) -> None:
    source = await opened(lay(tmp_path, grace_pair()))
    (tmp_path / "class/hwmon/hwmon4/power1_average").unlink()
    found = by_device(await source.read())
    assert (found["module-1"].milliwatts, found["module-1"].error) == (None, "gone")
    assert found["module-0"].milliwatts == 612_000
    await source.close()


async def test_one_that_hangs_costs_the_others_nothing(tmp_path: Path) -> None:
    lay(tmp_path, grace_pair())
    source = await opened(tmp_path, timeout_seconds=0.2)
    slow = tmp_path / "class/hwmon/hwmon0/power1_average"
    fifo(slow)
    began = time.monotonic()
    ticks = asyncio.create_task(count_turns())
    found = by_device(await source.read())
    assert found["module-0"].error == "timeout"
    assert found["module-1"].milliwatts == 613_000
    assert time.monotonic() - began < 2
    assert await ticks > 3, "the event loop stood still"
    again = time.monotonic()
    assert by_device(await source.read())["module-0"].error == "timeout"
    assert time.monotonic() - again < 0.15, "a call that hangs is not waited for twice"
    slow.write_text("5000000\n")  # lets the reader go, and with it the thread
    await source.close()


async def count_turns() -> int:
    """How often the event loop came round in a tenth of a second."""
    turns, until = 0, time.monotonic() + 0.1
    while time.monotonic() < until:
        await asyncio.sleep(0.01)
        turns += 1
    return turns


async def test_nothing_there_is_nothing_wrong(tmp_path: Path) -> None:
    with pytest.raises(NothingHereError, match="class/hwmon"):
        await opened(tmp_path)


async def test_all_gone_is_an_error_and_opening_anew_finds_the_rest(tmp_path: Path) -> None:
    source = await opened(lay(tmp_path, acpi_meter(0, 5_000_000, "Module Power Socket 0")))
    (tmp_path / "class/hwmon/hwmon0/power1_average").rename(tmp_path / "elsewhere")
    with pytest.raises(HostSourceError) as caught:
        await source.read()
    assert caught.value.word == "gone"
    await source.close()
    lay(tmp_path, acpi_meter(2, 7_000_000, "Module Power Socket 0"))
    await source.open()
    assert shown(await source.read()) == {("module", "module-0"): 7_000}
    await source.close()


def by_device(readings: object) -> dict[str, HostReading]:
    assert isinstance(readings, list | tuple)
    return {reading.device: reading for reading in readings}
