"""RAPL zones, from trees as machines have them."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from collector.sources.host.protocol import HostSourceError, NothingHereError
from collector.sources.host.rapl import RaplSource
from tests.host.sysfs import lay, rapl_zone


def two_sockets() -> dict[str, object]:
    files: dict[str, object] = {"class/powercap/intel-rapl/enabled": 1}
    for socket in (0, 1):
        zone = f"intel-rapl:{socket}"
        files |= rapl_zone(zone, f"package-{socket}", 1_000_000 + socket)
        files |= rapl_zone(f"{zone}:0", "core", 500_000)
        files |= rapl_zone(f"{zone}:1", "dram", 70_000 + socket, 65_712_999_613)
        files |= rapl_zone(f"intel-rapl-mmio:{socket}", f"package-{socket}", 1_000_000 + socket)
    return files | rapl_zone("intel-rapl:2", "psys", 9_000_000)


async def opened(root: Path) -> RaplSource:
    source = RaplSource(root)
    await source.open()
    return source


async def test_packages_and_their_memory_once_each(tmp_path: Path) -> None:
    source = await opened(lay(tmp_path, two_sockets()))
    found = {(r.scope, r.device): (r.counter_uj, r.counter_range_uj) for r in await source.read()}
    assert found == {
        ("cpu", "package-0"): (1_000_000, 262_143_328_850),
        ("cpu", "package-1"): (1_000_001, 262_143_328_850),
        ("dram", "package-0-dram"): (70_000, 65_712_999_613),
        ("dram", "package-1-dram"): (70_001, 65_712_999_613),
    }
    await source.close()


async def test_dies_and_amd(tmp_path: Path) -> None:
    files = rapl_zone("intel-rapl:0", "package-0-die-1", 7) | rapl_zone("intel-rapl:0:0", "core", 3)
    source = await opened(lay(tmp_path, files))
    assert [(r.scope, r.device) for r in await source.read()] == [("cpu", "package-0-die-1")]
    await source.close()


async def test_only_mmio_is_better_than_nothing(tmp_path: Path) -> None:
    source = await opened(lay(tmp_path, rapl_zone("intel-rapl-mmio:0", "package-0", 42)))
    assert [r.counter_uj for r in await source.read()] == [42]
    await source.close()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can look into, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@contextmanager
def nobody() -> Iterator[None]:
    """Without the rights of root; all threads of a process share them."""
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to give its rights away")
async def test_without_the_right_one_clear_sentence(open_folder: Path) -> None:
    lay(open_folder, two_sockets())
    for path in counters(open_folder):
        path.chmod(0o400)
    with nobody(), pytest.raises(HostSourceError) as caught:
        await opened(open_folder)
    assert caught.value.word == "no_permission"
    assert "energy_uj may be read by root only" in str(caught.value)
    assert "CAP_DAC_READ_SEARCH" in caught.value.action
    assert caught.value.retry_seconds == 600


def counters(root: Path) -> list[Path]:
    return list(root.rglob("energy_uj"))


@pytest.mark.parametrize("content", ["", "zero", "-1", "262143328851"])
async def test_a_counter_that_cannot_be_is_absent(tmp_path: Path, content: str) -> None:
    source = await opened(lay(tmp_path, two_sockets()))
    (tmp_path / "class/powercap/intel-rapl:1/energy_uj").write_text(content)
    found = {r.device: r for r in await source.read()}
    assert (found["package-1"].counter_uj, found["package-1"].error) == (None, "invalid")
    assert found["package-0"].counter_uj == 1_000_000
    await source.close()


async def test_one_that_vanishes_is_absent_and_all_is_an_error(tmp_path: Path) -> None:
    source = await opened(lay(tmp_path, two_sockets()))
    (tmp_path / "class/powercap/intel-rapl:0/energy_uj").unlink()
    assert [r.device for r in await source.read() if r.error == "gone"] == ["package-0"]
    for path in counters(tmp_path):
        path.unlink()
    with pytest.raises(HostSourceError, match="gone"):
        await source.read()
    await source.close()


async def test_without_a_range_wraps_could_not_be_told(tmp_path: Path) -> None:
    lay(tmp_path, rapl_zone("intel-rapl:0", "package-0", 5))
    (tmp_path / "class/powercap/intel-rapl:0/max_energy_range_uj").write_text("0\n")
    with pytest.raises(NothingHereError):
        await opened(tmp_path)


async def test_nothing_there_is_nothing_wrong(tmp_path: Path) -> None:
    with pytest.raises(NothingHereError, match="class/powercap"):
        await opened(tmp_path)
