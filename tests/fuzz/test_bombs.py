"""Little that unpacks to a lot: refused before memory or time are spent on it."""

import gzip
import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from collector.config import ConfigError, Settings, load_as
from collector.sitefile import SiteFileError, load
from collector.sources.meters.dsx.metadata import metadata_of
from collector.sources.meters.mapfile import load_map
from collector.sources.meters.rejection import Rejected
from collector.sources.meters.sparkplug.message import parsed
from collector.sources.nvml.kmsg import MOST_BYTES, Splitter
from collector.sources.simulated.trace import TraceError, load_trace
from exporters.utility.meterfile import read_readings, table
from exporters.utility.tariff import ReadingsError, TariffFileError
from exporters.utility.tariff.shelf import from_file
from tests.fuzz.test_mended_files import SEOUL
from tests.meters.wire import chunk

MEGABYTE = 1 << 20


def peak_of(use: Callable[[], object]) -> int:
    """The most memory that Python had in use meanwhile, in bytes."""
    tracemalloc.start()
    try:
        use()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def refused(use: Callable[[], object], error: type[Exception], words: str) -> Callable[[], object]:
    def run() -> None:
        with pytest.raises(error, match=words):
            use()

    return run


def test_a_trace_that_unpacks_to_one_endless_line(tmp_path: Path) -> None:
    path = tmp_path / "trace.csv.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(b"time_ms,watts\n")
        for _ in range(256):
            file.write(b"1" * MEGABYTE)
    assert path.stat().st_size < 2 * MEGABYTE
    use = refused(lambda: load_trace(path), TraceError, "line 2: 200,000 characters or more")
    assert peak_of(use) < 8 * MEGABYTE


def test_a_trace_of_nodes_without_end(tmp_path: Path) -> None:
    path = tmp_path / "trace.csv"
    rows = "".join(f"n{at},0,1\n" for at in range(5000))
    path.write_text(f"node,time_ms,watts\n{rows}")
    use = refused(lambda: load_trace(path), TraceError, "allowed are 1000 nodes")
    assert peak_of(use) < 8 * MEGABYTE


@pytest.mark.parametrize(
    ("read", "error", "size"),
    [
        (lambda path: load_as(Settings, path), ConfigError, 2),
        (load, SiteFileError, 17),
        (load_map, ConfigError, 17),
        (from_file, TariffFileError, 5),
        (lambda path: read_readings(path, SEOUL), ReadingsError, 65),
    ],
)
def test_a_file_that_is_another(
    tmp_path: Path, read: Callable[[Path], object], error: type[Exception], size: int
) -> None:
    path = tmp_path / "file.toml"
    with path.open("wb") as file:
        file.truncate(size * MEGABYTE)
    use = refused(lambda: read(path), error, "larger than")
    assert peak_of(use) < 3 * size * MEGABYTE


def test_readings_of_lines_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "_MOST_LINES", 1000)
    path = tmp_path / "readings.csv"
    path.write_bytes(b"start,kwh\n" + b"\n" * 1001)
    refused(lambda: read_readings(path, SEOUL), ReadingsError, "more than 1,000 lines")()


def test_half_a_million_metrics_in_a_message() -> None:
    """Each takes two bytes; looking at all of them took 4 s and 590 MB."""
    payload = chunk(2, b"") * (MEGABYTE // 2 - 8)
    with pytest.raises(Rejected, match="up to 50000 are looked at"):
        parsed(payload)
    assert len(parsed(chunk(2, b"") * 50_000).metrics) == 50_000


def test_a_point_named_by_a_page() -> None:
    """It is kept for as long as the daemon runs, and there may be 50,000 of them."""
    said = {"objectId": "a", "processArea": ["x" * 250] * 200}
    with pytest.raises(Rejected, match="processArea is a text of up to"):
        metadata_of("UPS", "Status", json.dumps(said).encode())


def test_a_kernel_log_without_an_end_of_line() -> None:
    splitter = Splitter()
    record = b"4,1,5,-;NVRM: Xid (PCI:0000:c1:00): 79, x\n"

    def use() -> None:
        for _ in range(200):
            assert not list(splitter.records(b"x" * MOST_BYTES))

    assert peak_of(use) < 4 * MEGABYTE
    assert [one.xid for one in splitter.records(b"\n" + record)] == [("0000:c1:00", 79)]
