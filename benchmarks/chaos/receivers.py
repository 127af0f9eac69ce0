"""What the receivers hold at the end, each row once by its key."""

import json
import time
import urllib.parse
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from collector.model import Energy
from tests.mqtt.broker import Subscriber
from tests.servers.process import ServerProcess, fetched, free_port, program
from tests.servers.victoria import VictoriaMetrics

_SOURCES: Final = ("counter", "integrated", "estimated")
_ENERGY: Final = "energy_joules"


@dataclass(slots=True)
class Received:
    """What arrived of one GPU.

    Attributes:
        rows: how many, each key once.
        energy: their sum.
        total_mj: the sum of what they say of all sources together.
        clashes: keys under which two different rows came.
        holes: rows that are missing between those that came, where that can be told.
    """

    rows: int = 0
    energy: Energy = field(default_factory=Energy)
    total_mj: int = 0
    clashes: int = 0
    holes: int = 0


class Store:
    """VictoriaMetrics, that can be replaced by an empty one; what the old ones hold is kept.

    Args:
        folder: for all of them.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server = VictoriaMetrics(folder / "current")
        self._old = 0
        self.url = self._server.url

    def start(self) -> None:
        """Start it on its port."""
        self._server.start()

    def kill(self) -> None:
        """End it at once."""
        self._server.kill()

    def replace(self) -> None:
        """Put its data away; the next start begins with none. It must not run."""
        data = self._folder / "current" / "data"
        if data.exists():
            data.rename(self._folder / f"old-{self._old}")
            self._old += 1

    def received(self, uuids: Iterable[str]) -> dict[str, Received]:
        """What is in it and in those that it replaced, by GPU. It must run."""
        rows: dict[str, dict[tuple[str, int], float]] = defaultdict(dict)
        clashes: dict[str, int] = defaultdict(int)
        self._take(self._server, rows, clashes)
        for number in range(self._old):
            folder = self._folder / f"look-{number}"
            folder.mkdir(exist_ok=True)
            if not (folder / "data").exists():
                (folder / "data").symlink_to(self._folder / f"old-{number}")
            with VictoriaMetrics(folder) as server:
                self._take(server, rows, clashes)
        return {uuid: _summed(rows[uuid], clashes[uuid]) for uuid in uuids}

    @staticmethod
    def _take(
        server: VictoriaMetrics,
        rows: dict[str, dict[tuple[str, int], float]],
        clashes: dict[str, int],
    ) -> None:
        for name in ("", *(f"_{source}" for source in _SOURCES)):
            for labels, values in _exported(server.url, f"gpu_window_{_ENERGY}{name}"):
                mine = rows[labels["uuid"]]
                for at_ms, joules in values:
                    key = name.removeprefix("_"), at_ms
                    clashes[labels["uuid"]] += mine.setdefault(key, joules) != joules


def _exported(url: str, name: str) -> list[tuple[dict[str, str], list[tuple[int, float]]]]:
    """Every series of a name, with its values by time in milliseconds.

    Up to far ahead of now: the daemon's clock may have been there.
    """
    fetched(f"{url}/internal/force_flush")
    end = round(time.time()) + _AHEAD_SECONDS
    arguments = {"match[]": name, "reduce_mem_usage": "0", "end": str(end)}
    lines = fetched(f"{url}/api/v1/export?{urllib.parse.urlencode(arguments)}", seconds=60)
    found = []
    for line in lines.splitlines():
        series = json.loads(line)
        values = zip(series["timestamps"], series["values"], strict=True)
        found.append((series["metric"], list(values)))
    return found


def _summed(rows: Mapping[tuple[str, int], float], clashes: int) -> Received:
    sums = dict.fromkeys(("", *_SOURCES), 0)
    for (name, _), joules in rows.items():
        sums[name] += round(1000 * joules)
    return Received(
        rows=sum(1 for name, _ in rows if not name),
        energy=Energy(*(sums[source] for source in _SOURCES)),
        total_mj=sums[""],
        clashes=clashes,
    )


@dataclass(frozen=True, slots=True)
class Heard:
    """What a subscriber heard: by GPU, and how many messages came that it had already."""

    received: Mapping[str, Received]
    doubles: int


def heard(subscriber: Subscriber, uuids: Iterable[str]) -> Heard:
    """What came over MQTT, each message once by its topic and `seq`."""
    rows: dict[str, dict[int, tuple[int, Energy, int]]] = {uuid: {} for uuid in uuids}
    clashes: dict[str, int] = defaultdict(int)
    doubles = 0
    for topic, _, said in subscriber.messages():
        if "/gpu/" not in topic:
            continue
        parts = (round(1000 * said[f"{_ENERGY}_{source}"]) for source in _SOURCES)
        row = round(1000 * said[_ENERGY]), Energy(*parts), round(1000 * said[f"{_ENERGY}_total"])
        mine = rows[said["uuid"]]
        doubles += said["seq"] in mine
        clashes[said["uuid"]] += mine.setdefault(said["seq"], row) != row
    return Heard({uuid: _chained(mine, clashes[uuid]) for uuid, mine in rows.items()}, doubles)


def _chained(rows: Mapping[int, tuple[int, Energy, int]], clashes: int) -> Received:
    """Every `seq` must be there, and each total must be the one before it and the row's energy."""
    found = Received(rows=len(rows), clashes=clashes)
    before_mj = 0
    for seq in sorted(rows):
        total_mj, energy, lifetime_mj = rows[seq]
        found.energy += energy
        found.total_mj += total_mj
        found.holes += lifetime_mj != before_mj + total_mj
        before_mj = lifetime_mj
    if rows:
        found.holes += max(rows) - min(rows) + 1 - len(rows)
    return found


_AHEAD_SECONDS: Final = 86_400
_PAUSE_SECONDS: Final = 2.5
"""Without a sample; it is scraped every second."""
_CONFIG: Final = """
global: {{scrape_interval: {seconds}s, scrape_timeout: {seconds}s}}
scrape_configs: [{{job_name: wattkeeper-node, static_configs: [{{targets: ["{target}"]}}]}}]
"""


class Prometheus(ServerProcess):
    """Prometheus with one target.

    Args:
        folder: for its data.
        target: HOST:PORT of what it scrapes.
        scrape_seconds: how often.
    """

    def __init__(self, folder: Path, target: str, *, scrape_seconds: int = 1) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "prometheus.yml").write_text(
            _CONFIG.format(seconds=scrape_seconds, target=target)
        )
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        command = [
            program("prometheus"),
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ]
        super().__init__(command, f"{self.url}/-/ready", folder)

    def samples(self, query: str) -> list[tuple[dict[str, str], list[tuple[float, float]]]]:
        """The series of a range query: labels, and samples as UTC seconds and value."""
        arguments = urllib.parse.urlencode({"query": query})
        answer = json.loads(fetched(f"{self.url}/api/v1/query?{arguments}", seconds=60))
        return [
            (series["metric"], [(at, float(value)) for at, value in series["values"]])
            for series in answer["data"]["result"]
        ]


@dataclass(frozen=True, slots=True)
class Increase:
    """What a counter gained over its resets, as Prometheus adds it up.

    Attributes:
        value: the gain, the first sample included.
        blind: stretches that no sample saw: between the two around a reset, or around a pause, for
            a counter that began anew in it may have grown past where it was; UTC seconds.
        last: the time of the last sample, UTC seconds.
    """

    value: float
    blind: tuple[tuple[float, float], ...]
    last: float


def increase(samples: Sequence[tuple[float, float]]) -> Increase:
    """Add up a counter that began at zero before its first sample."""
    value, before, before_at = 0.0, 0.0, samples[0][0]
    blind = []
    for at, now in samples:
        if now < before or at - before_at > _PAUSE_SECONDS:
            blind.append((before_at, at))
        if now < before:
            before = 0.0
        value += now - before
        before, before_at = now, at
    return Increase(value, tuple(blind), before_at)
