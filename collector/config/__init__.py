"""Configuration: TOML, overridden by the environment, overridden by flags."""

from collector.config.load import ConfigError, load
from collector.config.settings import Settings

__all__ = ["ConfigError", "Settings", "load"]
