"""The page of a site: its electrical tree, the running quarter-hour, meters and figures."""

from exporters.page.site.assets import site_assets
from exporters.page.site.view import SiteView

__all__ = ["SiteView", "site_assets"]
