"""What is rendered from: rule files, templates, runbooks, dashboards."""

import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from collector.sitefile.model import Site

SOURCE = Path(__file__).resolve().parents[1]
"""The folder `alerts`."""
_SCALE = SOURCE / "scale"
_KEEP = re.compile(r"^ *keep_firing_for:.*\n", re.MULTILINE)


def rule_texts() -> Iterator[tuple[str, str]]:
    """The rule files of a site, by file name."""
    for path in sorted((SOURCE / "rules").glob("*.yml")):
        yield path.name, path.read_text(encoding="utf-8")


def scale_rules(*names: str) -> Iterator[tuple[str, str]]:
    """Rule files that more than one server needs, by file name.

    Args:
        names: without `.yml`.
    """
    for name in names:
        path = _SCALE / "rules" / f"{name}.yml"
        yield path.name, path.read_text(encoding="utf-8")


def addressed(site: Site, text: str) -> str:
    """Rules with the site's own addresses of runbooks and dashboards."""
    runbooks = site.runbook_url.rstrip("/") or "runbooks"
    text = text.replace("RUNBOOKS/", f"{runbooks}/")
    return text.replace("GRAFANA/", f"{site.grafana_url.rstrip('/')}/")


def without_keep_firing(text: str) -> str:
    """Rules for a vmalert that refuses `keep_firing_for`."""
    return _KEEP.sub("", text)


def pages(*, scale: bool) -> Iterator[tuple[str, str]]:
    """Templates of messages, runbooks and dashboards, by file name.

    Args:
        scale: with the runbooks that more than one server needs.
    """
    folders = [
        ("templates", SOURCE / "templates", "*.tmpl"),
        ("runbooks", SOURCE / "runbooks", "*.md"),
    ]
    if scale:
        folders.append(("runbooks", _SCALE / "runbooks", "*.md"))
    for name, folder, pattern in folders:
        for path in sorted(folder.glob(pattern)):
            yield f"{name}/{path.name}", path.read_text(encoding="utf-8")
    generated = files("dashboards") / "generated"
    if generated.is_dir():  # not every installation has them
        for entry in sorted(generated.iterdir(), key=lambda entry: entry.name):
            if entry.name.endswith(".json"):
                yield f"dashboards/{entry.name}", entry.read_text(encoding="utf-8")


def guide(layout: str, words: dict[str, str]) -> str:
    """The README of a layout.

    Args:
        layout: its name.
        words: what stands for `@NAME@` in it.
    """
    text = (_SCALE / "readme" / f"{layout}.md").read_text(encoding="utf-8")
    for name, word in words.items():
        text = text.replace(f"@{name}@", word)
    return text
