"""The latest snapshot in the formats that Prometheus reads."""

from exporters.prometheus.families import SnapshotCollector
from exporters.prometheus.render import Rendered, Renderer

__all__ = ["Rendered", "Renderer", "SnapshotCollector"]
