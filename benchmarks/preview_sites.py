"""A day of two simulated sites in VictoriaMetrics and InfluxDB, to draw the dashboards from.

python -m benchmarks.preview_sites --folder DIR

Every page that nodes and site daemons would have shown within the day goes in as it is, the rules
are replayed over them with vmalert, and behind that day lie two months of recorded series. It takes
some minutes, prints how to call scripts/preview-dashboards, and serves until Ctrl-C. A folder that
is filled already is served as it is.
"""

import argparse
import http.client
import json
import re
import subprocess
import sys
import time
import urllib.parse
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from graphlib import TopologicalSorter
from pathlib import Path

from alerts.reading import Rule, alerts, recordings
from benchmarks.fleet import Event, EventKind, Fleet
from benchmarks.fleet.exposition import Exposition
from benchmarks.fleet.fleet import DAY_SECONDS
from benchmarks.fleet.node_values import NodeTruth
from benchmarks.fleet.past import METER_DAYS, write_past
from benchmarks.fleet.site_side import SiteSide
from benchmarks.fleet.targets import place
from collector.sitefile.load import load
from dashboards.parts.queries import names
from tests.dashboards.points import californian_band, korean_band, points
from tests.servers.influx import Influx
from tests.servers.process import fetched, program
from tests.servers.victoria import VictoriaMetrics

ROOT = Path(__file__).resolve().parents[1]
STEP_SECONDS = 180
_PAST_DAYS = 62
_SITE_STEP_SECONDS = 30.0
_MOST_BYTES = 32 << 20


def sites(now_s: float) -> tuple[Fleet, Fleet]:
    """A site of GB200 trays and one of H200 nodes, and what went wrong in their last day."""
    origin_s = (now_s // DAY_SECONDS - _PAST_DAYS - METER_DAYS - 2) * DAY_SECONDS
    trays = Fleet(load(ROOT / "deploy" / "sites" / "accelerator-centre.toml"), origin_s=origin_s)
    servers = Fleet(
        load(ROOT / "tests" / "dashboards" / "small-site.toml"),
        model="H200",
        gpus=8,
        origin_s=origin_s,
    )
    kind = EventKind

    def ago(hours: float) -> float:
        return now_s - 3600 * hours

    trays.apply(
        Event(kind=kind.COOLING_LOST, hall="h01", begin_s=ago(15), end_s=ago(14.4), celsius=30),
        Event(kind=kind.NODE_DOWN, node="h01r01k1n07", begin_s=ago(9), end_s=ago(6.5)),
        Event(kind=kind.GPU_LOST, node="h01r01k1n03", gpu=1, begin_s=ago(4)),
        Event(kind=kind.SENSOR_HUNG, node="h01r01k2n04", gpu=2, begin_s=ago(1)),
        Event(kind=kind.NODE_MISSING, node="h01r01k2n11", begin_s=ago(0.4)),
        Event(kind=kind.XID, node="h01r01k1n03", gpu=1, xid=79, begin_s=ago(4)),
        Event(kind=kind.XID, node="h01r01k1n05", gpu=0, xid=94, begin_s=ago(0.1)),
        Event(kind=kind.XID, node="h01r01k2n02", gpu=3, xid=48, begin_s=ago(0.15)),
        Event(kind=kind.OUTBOX_FULL, node="h01r01k2n06", begin_s=ago(3), end_s=ago(1.5)),
    )
    return trays, servers


class Importer:
    """Writes text of Prometheus's format into VictoriaMetrics.

    Args:
        url: the server's.
    """

    def __init__(self, url: str) -> None:
        where = urllib.parse.urlsplit(url)
        self._connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=120)

    def page(self, text: bytes, at_s: float, labels: Mapping[str, str]) -> None:
        """Write a scraped page with its target's labels."""
        named = [("extra_label", f"{name}={value}") for name, value in labels.items()]
        query = urllib.parse.urlencode([("timestamp", f"{at_s * 1000:.0f}"), *named])
        self.post(f"/api/v1/import/prometheus?{query}", text)

    def files(self, paths: Iterable[Path], scraped_from_s: float) -> None:
        """Write OpenMetrics files, whose times are in seconds.

        Args:
            paths: the files.
            scraped_from_s: from when on only what rules record is taken; counters come from
                scrapes then, and two tellings of one counter would look like resets.
        """

        def in_milliseconds(found: re.Match[str]) -> str:
            name, rest, at_s = found.groups()
            return (
                "" if ":" not in name and int(at_s) >= scraped_from_s else f"{name}{rest}{at_s}000"
            )

        for path in paths:
            for part in _parts(path):
                text = re.sub(r"(?m)^([\w:]+)(.* )(\d+)$", in_milliseconds, part)
                self.post("/api/v1/import/prometheus", text.encode())

    def post(self, path: str, body: bytes) -> None:
        """Send it.

        Raises:
            RuntimeError: the server refuses it; the text is its own.
        """
        try:
            status, said = self._ask(path, body)
        except (ConnectionError, http.client.HTTPException):
            self._connection.close()  # servers hang up on whoever is silent for a minute
            status, said = self._ask(path, body)
        if status >= 300:
            raise RuntimeError(f"VictoriaMetrics: {status} {said.decode()[:200]}")

    def _ask(self, path: str, body: bytes) -> tuple[int, bytes]:
        self._connection.request("POST", path, body)
        answer = self._connection.getresponse()
        return answer.status, answer.read()


def _parts(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8") as file:
        while lines := file.readlines(_MOST_BYTES):
            yield "".join(lines)


def scrape_day(fleet: Fleet, importer: Importer, begin_s: float, end_s: float) -> None:
    """Write what every node and the site daemon showed."""
    truth, exposition = NodeTruth(fleet), Exposition()
    side = SiteSide(fleet, begin_s - 3600, kept_days=_PAST_DAYS)
    site = fleet.site.name
    daemon = {"job": "wattkeeper-site", "instance": f"{site}:9411", "site": site}
    for at_s in range(int(begin_s), int(end_s) + 1, STEP_SECONDS):
        side.advance(at_s - 60, step_seconds=_SITE_STEP_SECONDS)
        side.advance(at_s)
        importer.page(side.exposition(at_s) + b"up 1\n", at_s, daemon)
        for name, machine in fleet.machines.items():
            text = b"up 0\n"
            if truth.answers(machine, at_s):
                started_s = truth.started_s(machine, at_s)
                text = exposition.write(truth.show(name, at_s), started_s)
                text += b"up 1\nscrape_duration_seconds 0.012\n"
            labels = {"job": "wattkeeper-node", "instance": machine.node.address}
            importer.page(text, at_s, {**labels, **place(fleet.site, machine.node)})


def replay(url: str, folder: Path, begin_s: float, end_s: float) -> None:
    """Evaluate every rule over a range that is past.

    Recordings go one by one, and what one has written is made visible before the next: a rule that
    reads too early records nothing, and so does every rule that hangs on it.

    Raises:
        RuntimeError: vmalert fails; the text is its own.
    """
    folder.mkdir(parents=True, exist_ok=True)
    moments = [
        f"{datetime.fromtimestamp(at_s, UTC):%Y-%m-%dT%H:%M:%SZ}" for at_s in (begin_s, end_s)
    ]
    for number, rules in enumerate([*((rule,) for rule in in_order(recordings())), alerts()]):
        path = folder / f"{number:03}-{rules[0].name.replace(':', '-')}.yml"
        group = {"name": path.stem, "interval": f"{STEP_SECONDS}s", "rules": _shown(rules)}
        path.write_text(json.dumps({"groups": [group]}))  # JSON is YAML too
        command = [
            program("vmalert"),
            f"-rule={path}",
            f"-datasource.url={url}",
            f"-remoteWrite.url={url}",
            "-remoteWrite.flushInterval=100ms",
            f"-replay.timeFrom={moments[0]}",
            f"-replay.timeTo={moments[1]}",
            "-replay.rulesDelay=0s",
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"vmalert, {path.name}: {done.stderr[-500:]}")
        fetched(f"{url}/internal/force_flush")


def in_order(rules: Iterable[Rule]) -> list[Rule]:
    """Recording rules, each after all that it reads; its own past does not count."""
    of: defaultdict[str, list[Rule]] = defaultdict(list)
    for rule in rules:
        of[rule.name].append(rule)
    read = {
        name: {one for rule in found for one in names(rule.expression)} & of.keys() - {name}
        for name, found in of.items()
    }
    return [rule for name in TopologicalSorter(read).static_order() for rule in of[name]]


def _shown(rules: Iterable[Rule]) -> list[dict[str, object]]:
    """Rules as vmalert reads them, without annotations: it cannot ask for them in a replay."""
    return [
        {"alert": rule.name, "expr": rule.expression, "for": rule.wait or "0s"}
        | {"labels": dict(rule.labels)}
        if rule.severity
        else {"record": rule.name, "expr": rule.expression}
        for rule in rules
    ]


def fill(folder: Path, victoria: VictoriaMetrics, influx: Influx, end_s: float) -> None:
    """Write the day and the two months before it."""
    begin_s = end_s - DAY_SECONDS  # an hour later than what is scraped, for rules that look back
    importer, lines = Importer(victoria.url), Importer(influx.url)
    for fleet, band in zip(sites(end_s), (korean_band, californian_band), strict=True):
        past = write_past(fleet, folder / fleet.site.name, begin_s, days=_PAST_DAYS)
        importer.files(past, begin_s - 3600)
        for body in points(fleet, end_s - 40 * DAY_SECONDS, end_s, band):
            lines.post(f"/write?db={influx.database}", body)
        print(f"{fleet.site.name}: the past is in", flush=True)
        scrape_day(fleet, importer, begin_s - 3600, end_s)
        print(f"{fleet.site.name}: the day is in", flush=True)
    fetched(f"{victoria.url}/internal/force_flush")
    print("replaying the rules", flush=True)
    replay(victoria.url, folder / "rules", begin_s, end_s)


def main() -> int:
    """Fill and serve. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.preview_sites")
    parser.add_argument("--folder", type=Path, required=True, help="for all data")
    folder: Path = parser.parse_args().folder
    filled = folder / "filled-until"
    with VictoriaMetrics(folder / "victoria") as victoria, Influx(folder / "influx") as influx:
        if not filled.exists():
            end_s = time.time() // STEP_SECONDS * STEP_SECONDS
            fill(folder, victoria, influx, end_s)
            filled.write_text(f"{end_s:.0f}")
        print(
            f"scripts/preview-dashboards --prometheus {victoria.url} --influxdb {influx.url} "
            f"--range {DAY_SECONDS} --at {filled.read_text()} --output FOLDER",
            flush=True,
        )
        with suppress(KeyboardInterrupt):
            while True:
                time.sleep(60)
    return 0


if __name__ == "__main__":
    sys.exit(main())
