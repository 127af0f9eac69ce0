"""A real InfluxDB 1.6, which Debian has. `tests.servers.front` makes it speak the v2 API."""

import json
import urllib.parse
from pathlib import Path

from tests.servers.process import ServerProcess, fetched, free_port, program

_CONFIG = """
reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
dir = "{folder}/meta"
[data]
dir = "{folder}/data"
wal-dir = "{folder}/wal"
query-log-enabled = false
max-values-per-tag = {most_tag_values}
[http]
bind-address = "127.0.0.1:{http}"
log-enabled = false
max-body-size = {most_bytes}
[monitor]
store-enabled = false
"""


class Influx(ServerProcess):
    """InfluxDB 1.6 with one database.

    Args:
        folder: where it keeps its data.
        database: made at each start, if it is not there.
        most_bytes: larger bodies get 413.
        most_tag_values: points with further values of a tag are refused.
    """

    def __init__(
        self,
        folder: Path,
        database: str = "power",
        *,
        most_bytes: int = 25_000_000,
        most_tag_values: int = 0,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.database = database
        config = folder / "influxdb.conf"
        config.write_text(
            _CONFIG.format(
                folder=folder,
                rpc=free_port(),
                http=port,
                most_bytes=most_bytes,
                most_tag_values=most_tag_values,
            )
        )
        super().__init__([program("influxd"), "-config", str(config)], f"{self.url}/ping", folder)

    def start(self) -> None:
        """Start it, with its database."""
        super().start()
        self.query(f'CREATE DATABASE "{self.database}"', post=True)

    def query(self, influxql: str, *, post: bool = False) -> list[dict[str, object]]:
        """The rows of a query's first result, by column; tags of a series as columns too.

        Raises:
            AssertionError: the server says that the query is wrong.
        """
        arguments = urllib.parse.urlencode({"db": self.database, "epoch": "ns", "q": influxql})
        url, data = f"{self.url}/query?{arguments}", None
        if post:
            url, data = f"{self.url}/query", arguments.encode()
        result = json.loads(fetched(url, data))["results"][0]
        assert "error" not in result, result["error"]
        return [
            dict(zip(series["columns"], row, strict=True)) | series.get("tags", {})
            for series in result.get("series", [])
            for row in series.get("values", [])
        ]
