"""Which file derives from what."""

from collections.abc import Callable, Mapping
from pathlib import Path

from alerts.reading import alerts
from collector.catalogue import CATALOGUE
from collector.config.settings import Settings
from collector.config.site_settings import SiteSettings
from collector.docs.alerts import alerts_page
from collector.docs.configuration import configuration_page
from collector.docs.example import example_file
from collector.docs.keys import tables
from collector.docs.metrics import metrics_page
from collector.docs.site_key_texts import SITE_KEY_TEXTS
from collector.docs.sitefile import site_file_page
from exporters.mqtt.schema import gpu_schema

FILES: Mapping[str, Callable[[], str]] = {
    "docs/metrics.md": lambda: metrics_page(CATALOGUE),
    "docs/alerts.md": lambda: alerts_page(alerts()),
    "docs/configuration.md": lambda: configuration_page(
        tables(Settings), tables(SiteSettings, SITE_KEY_TEXTS)
    ),
    "docs/site-file.md": site_file_page,
    "docs/schemas/mqtt-gpu.schema.json": gpu_schema,
    "deploy/examples/wattkeeper.toml": lambda: example_file(tables(Settings)),
}
"""Path below the repository's root, and what makes its text."""


def outdated(root: Path) -> tuple[str, ...]:
    """The files that do not say what the code says now.

    Args:
        root: the repository's root.

    Raises:
        UndescribedKeyError: a configuration key has no description.
    """
    return tuple(path for path, make in FILES.items() if _text(root / path) != make())


def write(root: Path) -> tuple[str, ...]:
    """Write what is out of date. Returns what was written.

    Args:
        root: the repository's root.

    Raises:
        UndescribedKeyError: a configuration key has no description.
    """
    old = outdated(root)
    for path in old:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(FILES[path](), encoding="utf-8")
    return old


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None
