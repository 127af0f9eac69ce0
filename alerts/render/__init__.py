"""Prometheus' and Alertmanager's configuration, made for a site file."""

from alerts.render.options import Options
from alerts.render.site import Rendered, RenderError, render

__all__ = ["Options", "RenderError", "Rendered", "render"]
