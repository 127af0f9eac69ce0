"""VictoriaMetrics. It takes what InfluxDB takes, and answers 204 to bad lines too."""

import json
import time
import urllib.parse
from pathlib import Path

from tests.servers.process import ServerProcess, fetched, free_port, program


class VictoriaMetrics(ServerProcess):
    """A single node.

    Args:
        folder: where it keeps its data.
    """

    def __init__(self, folder: Path) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        command = [
            program("victoria-metrics"),
            f"-storageDataPath={folder / 'data'}",
            f"-httpListenAddr=127.0.0.1:{port}",
            "-retentionPeriod=100y",
            "-dedup.minScrapeInterval=1ms",
            "-search.latencyOffset=0s",
        ]
        super().__init__(command, f"{self.url}/health", folder)

    def exported(self, name: str) -> list[tuple[dict[str, str], dict[int, float]]]:
        """Every series of a name: its labels, and its values by time in milliseconds."""
        fetched(f"{self.url}/internal/force_flush")
        matching = urllib.parse.urlencode({"match[]": name, "reduce_mem_usage": "0"})
        lines = fetched(f"{self.url}/api/v1/export?{matching}").splitlines()
        found = []
        for line in lines:
            series = json.loads(line)
            labels = series["metric"]
            labels.pop("__name__")
            found.append((labels, dict(zip(series["timestamps"], series["values"], strict=True))))
        return found

    def points(self, name: str) -> set[tuple[str, str, int]]:
        """The keys of what arrived: uuid, scope and time in milliseconds."""
        return {
            (labels["uuid"], labels["scope"], at)
            for labels, values in self.exported(name)
            for at in values
        }

    def wait_for(self, name: str, count: int, seconds: float = 10) -> set[tuple[str, str, int]]:
        """Wait until so many points are there; those that are."""
        deadline = time.monotonic() + seconds
        found = self.points(name)
        while len(found) < count and time.monotonic() < deadline:
            time.sleep(0.2)
            found = self.points(name)
        return found
