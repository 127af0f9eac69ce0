"""Prometheus' and Alertmanager's configuration, made for a site file."""

from alerts.render.options import Layout, Options, OptionsError
from alerts.render.site import Rendered, RenderError, render

__all__ = ["Layout", "Options", "OptionsError", "RenderError", "Rendered", "render"]
