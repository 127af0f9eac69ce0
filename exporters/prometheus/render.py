"""Renders a snapshot at most once, in each format, and serves the bytes until the next one."""

import gzip
from collections.abc import Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder

from collector.catalogue import CATALOGUE, Metric
from collector.model import Snapshot, Tick
from exporters.prometheus.dcgm import DcgmWriter
from exporters.prometheus.text import TextWriter

_GZIP_LEVEL = 1


@dataclass(frozen=True, slots=True)
class Rendered:
    """An exposition."""

    body: bytes
    content_type: str


class Renderer:
    """Keeps the latest snapshot and its expositions.

    Args:
        catalogue: the metrics to show.
        dialects: other exporters' words, spoken besides ours. OpenMetrics would rename their
            counters, so with any of them every answer is in the text format 0.0.4.
    """

    def __init__(
        self, catalogue: Sequence[Metric] = CATALOGUE, dialects: Sequence[str] = ()
    ) -> None:
        self._tick: Tick | None = None
        self._rendered: dict[str, Rendered] = {}
        self._zipped: dict[str, bytes] = {}
        self._process = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=self._process)
        self._text = TextWriter(catalogue)
        self._dcgm = DcgmWriter(dialects) if dialects else None

    def update(self, tick: Tick) -> None:
        """Take the newest tick; nothing is rendered before somebody asks."""
        self._tick = tick
        self._rendered.clear()
        self._zipped.clear()

    def render(self, accept: str = "") -> Rendered:
        """The exposition that a scraper asks for: text, or OpenMetrics.

        Args:
            accept: its `Accept` header.
        """
        encoder, content_type = choose_encoder("" if self._dcgm else accept)
        rendered = self._rendered.get(content_type)
        if rendered is None:
            snapshot = self._latest()
            own = b""
            if snapshot is not None:
                own = self._text.write(snapshot, openmetrics="openmetrics" in content_type)
                if self._dcgm is not None:
                    own += self._dcgm.write(snapshot)
            rendered = Rendered(own + encoder(self._process), content_type)
            self._rendered[content_type] = rendered
        return rendered

    def _latest(self) -> Snapshot | None:
        return None if self._tick is None else self._tick.snapshot

    def zipped(self, rendered: Rendered) -> bytes:
        """The same, compressed with gzip."""
        body = self._zipped.get(rendered.content_type)
        if body is None:
            body = gzip.compress(rendered.body, _GZIP_LEVEL, mtime=0)
            self._zipped[rendered.content_type] = body
        return body
