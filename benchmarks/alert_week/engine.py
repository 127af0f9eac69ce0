"""A real Prometheus over a past that is written for it."""

import json
import shutil
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.e2e.daemon import free_port

STEP_SECONDS = 60
_LOOKBACK = "50s"
"""Less than a step: what is not there at a step is not there, as after a stale marker."""
_START_SECONDS = 60.0


class Engine:
    """Prometheus and promtool in a folder; a context manager.

    Args:
        folder: for their files.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._data = folder / "data"
        self._data.mkdir(parents=True)
        self._configuration = folder / "empty.yml"
        self._configuration.write_text("global: {}\n")
        self._process: subprocess.Popen[bytes] | None = None
        self._port = free_port()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.stop()

    def take(self, lines: Iterable[str]) -> None:
        """Take in samples, as OpenMetrics text without its end; Prometheus starts anew."""
        self.stop()
        text = self._folder / "samples.txt"
        with text.open("w", encoding="utf-8") as file:
            for line in lines:
                file.write(line)
                file.write("\n")
            file.write("# EOF\n")
        made = self._folder / "blocks"
        command = ["promtool", "tsdb", "create-blocks-from", "--max-block-duration=24h"]
        subprocess.run([*command, "openmetrics", text, made, "-q"], check=True, capture_output=True)
        text.unlink()
        for block in made.iterdir():
            shutil.move(block, self._data / block.name)

    def range(self, expression: str, begin_s: float, end_s: float) -> Iterator[Mapping[str, Any]]:
        """Evaluate an expression at every step; the end is not part of it.

        Raises:
            ValueError: Prometheus refuses it.
        """
        self._start()
        asked = urllib.parse.urlencode(
            {
                "query": expression,
                "start": begin_s,
                "end": end_s - STEP_SECONDS,
                "step": STEP_SECONDS,
            }
        ).encode()
        url = f"http://127.0.0.1:{self._port}/api/v1/query_range"
        try:
            with urllib.request.urlopen(url, asked, timeout=300) as answer:
                yield from json.load(answer)["data"]["result"]
        except urllib.error.HTTPError as error:
            raise ValueError(f"{expression}: {error.read().decode()[:500]}") from None

    def stop(self) -> None:
        """End it, if it runs."""
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            process.wait(30)

    def _start(self) -> None:
        if self._process is not None:
            return
        with (self._folder / "prometheus.log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    "prometheus",
                    f"--config.file={self._configuration}",
                    f"--storage.tsdb.path={self._data}",
                    "--storage.tsdb.retention.time=100y",
                    f"--web.listen-address=127.0.0.1:{self._port}",
                    f"--query.lookback-delta={_LOOKBACK}",
                    "--query.max-samples=200000000",
                    "--query.timeout=10m",
                ],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )
        until = time.monotonic() + _START_SECONDS
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/-/ready", timeout=5):
                    return
            except OSError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)
