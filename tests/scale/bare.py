"""A site of racks and nodes, and nothing else."""

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from collector.sitefile import load
from collector.sitefile.model import Node, Rack, Site


def _loaded() -> Site:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "site.toml"
        path.write_text('[site]\nname = "bare"\nzone = "Asia/Seoul"\n', encoding="utf-8")
        return load(path)


_BARE = _loaded()


def bare_site(racks: Mapping[str, Rack], nodes: Mapping[str, Node]) -> Site:
    """The site with these, whatever they hang on."""
    return replace(_BARE, racks=racks, nodes=nodes)
