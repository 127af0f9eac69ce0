"""IPMI by the real tools against ipmi_sim, and by tools that misbehave."""

import asyncio
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.sources.host.ipmi import IpmiSource
from collector.sources.host.protocol import HostSourceError
from tests.host.controller import Controller, running, script


@pytest.fixture(scope="module")
def controller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Controller]:
    with running(tmp_path_factory.mktemp("ipmi")) as started:
        yield started


@pytest.mark.parametrize("tool", ["ipmitool", "ipmi-dcmi"])
async def test_a_real_tool_reads_a_real_controller(controller: Controller, tool: str) -> None:
    controller.say(734)
    source = IpmiSource(search=controller.tools(tool))
    await source.open()
    before_ns = time.monotonic_ns()
    (reading,) = await source.read()
    assert (reading.source, reading.scope, reading.device) == ("ipmi", "ac_input", "dcmi")
    assert (reading.milliwatts, reading.via) == (734_000, tool)
    assert before_ns < reading.monotonic_ns < time.monotonic_ns()
    controller.say(1206)
    (reading,) = await source.read()
    assert reading.milliwatts == 1_206_000
    await source.close()


@pytest.mark.parametrize("tool", ["ipmitool", "ipmi-dcmi"])
async def test_a_controller_that_measures_nothing(controller: Controller, tool: str) -> None:
    controller.say(0, measures=False)
    with pytest.raises(HostSourceError) as caught:
        await IpmiSource(search=controller.tools(tool)).open()
    assert caught.value.word == "no_reading"


@pytest.mark.parametrize("tool", ["ipmitool", "ipmi-dcmi"])
async def test_a_controller_without_dcmi(controller: Controller, tool: str) -> None:
    controller.said.unlink(missing_ok=True)
    with pytest.raises(HostSourceError) as caught:
        await IpmiSource(search=controller.tools(tool)).open()
    assert caught.value.word == "unsupported"
    assert "remove [host.ipmi]" in caught.value.action


@pytest.mark.skipif(
    os.path.exists("/dev/ipmi0") or not shutil.which("ipmitool"),  # noqa: PTH110 - short
    reason="needs ipmitool, and a machine without a controller",
)
async def test_without_a_device_the_tool_says_so() -> None:
    with pytest.raises(HostSourceError) as caught:
        await IpmiSource(search="/usr/bin:/usr/sbin").open()
    assert caught.value.word == "no_device"


async def test_no_tool_is_said_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(HostSourceError, match="neither ipmitool nor ipmi-dcmi") as caught:
        await IpmiSource(search=str(tmp_path)).open()
    assert "install" in caught.value.action


async def test_the_second_tool_is_tried_where_the_first_fails(tmp_path: Path) -> None:
    script(tmp_path / "ipmitool", "echo broken >&2; exit 1")
    script(tmp_path / "ipmi-dcmi", "echo 'Current Power : 500 Watts'")
    source = IpmiSource(search=f"{tmp_path}:/bin")
    await source.open()
    (reading,) = await source.read()
    assert (reading.milliwatts, reading.via) == (500_000, "ipmi-dcmi")


async def test_a_tool_that_hangs_is_killed_with_what_it_started(tmp_path: Path) -> None:
    script(tmp_path / "ipmitool", f"sleep 60 & echo $! > {tmp_path}/child; wait")
    source = IpmiSource(search=f"{tmp_path}:/bin", timeout_seconds=0.5)
    began = time.monotonic()
    with pytest.raises(HostSourceError, match=r"did not answer within 0\.5 s") as caught:
        await source.open()
    assert caught.value.word == "timeout"
    assert time.monotonic() - began < 2
    child = (tmp_path / "child").read_text().strip()
    await asyncio.sleep(0.1)
    assert not alive(child)


def alive(pid: str) -> bool:
    """Whether a process runs; one that ended and that nobody has asked for does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


async def test_a_tool_that_talks_without_end_costs_no_memory(tmp_path: Path) -> None:
    script(tmp_path / "ipmitool", "yes 'Power reading state is: activated'")
    source = IpmiSource(search=f"{tmp_path}:/bin:/usr/bin", timeout_seconds=0.5)
    with pytest.raises(HostSourceError) as caught:
        await source.open()
    assert caught.value.word == "timeout"


async def test_cancelling_a_read_kills_the_tool(tmp_path: Path) -> None:
    script(tmp_path / "ipmitool", f"echo $$ > {tmp_path}/self; exec sleep 60")
    source = IpmiSource(search=f"{tmp_path}:/bin")
    reading = asyncio.create_task(source.open())
    await asyncio.sleep(0.5)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert not alive((tmp_path / "self").read_text().strip())


async def test_a_tool_that_cannot_be_started_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "ipmitool").write_text("#!/no/such/interpreter\n")
    (tmp_path / "ipmitool").chmod(0o755)
    with pytest.raises(HostSourceError, match="cannot be started"):
        await IpmiSource(search=str(tmp_path)).open()
