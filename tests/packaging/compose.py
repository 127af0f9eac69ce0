"""The compose file as data, and its files where a daemon outside of a container finds them."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.packaging.manifests import ROOT

FOLDER = ROOT / "deploy/compose"
FILE = FOLDER / "compose.yaml"

Service = Mapping[str, Any]


def services() -> Mapping[str, Service]:
    """All services, by name."""
    found: Mapping[str, Service] = yaml.safe_load(FILE.read_text(encoding="utf-8"))["services"]
    return found


def ours() -> Mapping[str, Service]:
    """Those that run Wattkeeper's image."""
    return {name: one for name, one in services().items() if one["image"].startswith("wattkeeper")}


def binds(service: Service) -> Iterator[tuple[Path, str]]:
    """What of the repository a service mounts, and where it sees that."""
    for volume in service.get("volumes", []):
        source, place = volume.split(":")[:2]
        if source.startswith("."):
            yield (FOLDER / source).resolve(), place


def outside(service: Service, text: str) -> str:
    """A text with paths in the container, with those of the repository's files instead."""
    for source, place in binds(service):
        text = text.replace(place, str(source))
    return text.replace("/run/secrets/influxdb-token", str(FOLDER / "influxdb.token"))
