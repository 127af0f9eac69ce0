"""Configuration: TOML, overridden by the environment, overridden by flags."""

from collector.config.load import ConfigError, load, load_as
from collector.config.settings import Settings
from collector.config.site_settings import SiteSettings

__all__ = ["ConfigError", "Settings", "SiteSettings", "load", "load_as"]
