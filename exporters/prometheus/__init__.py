"""The latest snapshot for Prometheus, and the HTTP server that also carries the page."""

from exporters.prometheus.families import SnapshotCollector
from exporters.prometheus.render import Rendered, Renderer
from exporters.prometheus.server import HttpOptions, ServeError, Server

__all__ = ["HttpOptions", "Rendered", "Renderer", "ServeError", "Server", "SnapshotCollector"]
