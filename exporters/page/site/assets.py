"""The site page's files: its own, and those that it shares with the node's page."""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from exporters.page.assets import SHARED, assets, files_of


@cache
def site_assets() -> Mapping[str, tuple[bytes, str]]:
    """URL path to content and content type, as `exporters.page.assets` says; read once."""
    shared = {path: assets()[path] for path in SHARED}
    return MappingProxyType(shared | files_of(__package__))
