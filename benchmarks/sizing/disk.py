"""What a sample costs on disk, in Prometheus and in VictoriaMetrics: the same ones in both.

python -m benchmarks.sizing.disk

A day of a few simulated nodes is scraped every 15 s of their time and imported; then both have put
their parts together, as they do with data of some days' age.
"""

import argparse
import io
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks.fleet import Fleet
from benchmarks.fleet.server import Pages
from benchmarks.fleet.targets import node_path, place
from collector.sitefile import load
from tests.servers.process import ServerProcess, fetched, free_port, program

_SCRAPE_SECONDS = 15
_DAY_SECONDS = 86_400
_SAMPLE = re.compile(rb"^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$")
_METRIC = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$")


def scrapes(pages: Pages, begin_s: int, seconds: int) -> Iterator[tuple[int, str, bytes]]:
    """Every scrape of every node: when, of whom, and what it said."""
    clock = begin_s

    def now() -> float:
        return float(clock)

    pages.clock = now
    for at_s in range(begin_s, begin_s + seconds, _SCRAPE_SECONDS):
        clock = at_s
        for name in pages.fleet.machines:
            answer = pages.page(node_path(name))
            if answer is not None:
                yield at_s, name, answer[1]


def samples(body: bytes, labels: Mapping[str, str]) -> Iterator[bytes]:
    """Lines of a scrape with a node's target labels, without the value's time."""
    more = ",".join(f"{key}={json.dumps(value)}" for key, value in labels.items()).encode()
    for line in body.splitlines():
        if found := _SAMPLE.match(line):
            own = found[2] + b"," if found[2] else b""
            yield found[1] + b"{" + own + more + b"} " + found[3]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sizing.disk")
    parser.add_argument("--site", type=Path, default=Path("deploy/sites/accelerator-centre.toml"))
    parser.add_argument("--nodes", type=int, default=2)
    parser.add_argument("--seconds", type=int, default=_DAY_SECONDS)
    arguments = parser.parse_args()
    site = load(arguments.site)
    begin_s = int(time.time()) // _DAY_SECONDS * _DAY_SECONDS - _DAY_SECONDS
    fleet = Fleet(site, nodes=arguments.nodes, origin_s=float(begin_s - 7 * _DAY_SECONDS))
    pages = Pages(fleet, time.time, None)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        text = folder / "samples.txt"
        with text.open("wb") as out:
            count = _write(out, pages, begin_s, arguments.seconds)
        print(f"{count:,} samples of {arguments.nodes} nodes in {arguments.seconds / 3600:g} h")
        print(_prometheus(text, folder / "prometheus"))
        print(_victoria(text, folder / "victoria"))
    return 0


def _write(out: io.BufferedWriter, pages: Pages, begin_s: int, seconds: int) -> int:
    count = 0
    for at_s, node, body in scrapes(pages, begin_s, seconds):
        machine = pages.fleet.machines[node].node
        labels = {
            "job": "wattkeeper-node",
            "instance": machine.address,
            **place(pages.fleet.site, machine),
        }
        for line in samples(body, labels):
            out.write(line + b" %d\n" % at_s)
            count += 1
    out.write(b"# EOF\n")
    return count


def _prometheus(text: Path, data: Path) -> str:
    """Blocks of a day, as Prometheus has them when they are a day old."""
    command = [program("promtool"), "tsdb", "create-blocks-from", "--max-block-duration=24h"]
    command += ["openmetrics", str(text), str(data)]
    subprocess.run(command, check=True, capture_output=True)
    chunks = index = count = series = 0
    for block in data.iterdir():
        stats = json.loads((block / "meta.json").read_text())["stats"]
        count += stats["numSamples"]
        series += stats["numSeries"]
        chunks += sum(path.stat().st_size for path in (block / "chunks").iterdir())
        index += (block / "index").stat().st_size
    return (
        f"Prometheus: {chunks / count:.2f} bytes a sample in chunks, {index / series:.0f} bytes a "
        f"series in the index; together {(chunks + index) / count:.2f} a sample"
    )


def _victoria(text: Path, folder: Path) -> str:
    """Parts merged, as VictoriaMetrics does in the background."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [
        program("victoria-metrics"),
        f"-storageDataPath={folder / 'data'}",
        f"-httpListenAddr=127.0.0.1:{port}",
        "-retentionPeriod=1",
    ]
    with ServerProcess(command, f"{url}/health", folder):
        _import(url, text)
        fetched(f"{url}/internal/force_flush", seconds=120)
        fetched(f"{url}/internal/force_merge", seconds=600)
        time.sleep(10)
        found = _metrics(fetched(f"{url}/metrics").decode())
        rows = _sum(found, "vm_rows", "storage/")
        bytes_ = _sum(found, "vm_data_size_bytes", "storage/")
        index = _sum(found, "vm_data_size_bytes", "indexdb")
        return (
            f"VictoriaMetrics: {bytes_ / rows:.2f} bytes a sample ({rows:,.0f} samples), "
            f"{index / 1e6:.1f} MB of index"
        )


def _import(url: str, text: Path) -> None:
    """In pieces: times are in milliseconds there."""
    address = f"{url}/api/v1/import/prometheus"
    piece: list[bytes] = []
    with text.open("rb") as lines:
        for line in lines:
            if line.startswith(b"#"):
                continue
            piece.append(line.rstrip() + b"000\n")
            if len(piece) >= 200_000:
                fetched(address, b"".join(piece), seconds=120)
                piece.clear()
    fetched(address, b"".join(piece), seconds=120)


def _metrics(text: str) -> dict[tuple[str, str], float]:
    lines = (_METRIC.match(line) for line in text.splitlines())
    return {(one[1], one[2] or ""): float(one[3]) for one in lines if one}


def _sum(found: Mapping[tuple[str, str], float], name: str, kind: str) -> float:
    return sum(
        value for (metric, labels), value in found.items() if metric == name and kind in labels
    )


if __name__ == "__main__":
    sys.exit(main())
