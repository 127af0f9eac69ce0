"""The live page at `/`: what a newcomer sees first, without Prometheus or Grafana."""

from exporters.page.assets import CONTENT_SECURITY_POLICY, assets
from exporters.page.live import LiveView
from exporters.page.view import View

__all__ = ["CONTENT_SECURITY_POLICY", "LiveView", "View", "assets"]
