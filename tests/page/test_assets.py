"""The page's files: served whole, legible, and asking nobody else for anything."""

import re
from itertools import product

import pytest

from exporters.page import assets

INK_ON = {
    "--text": "--page --panel --bad-soft",
    "--quiet": "--page --panel",
    "--accent": "--page",
    "--bad": "--panel --bad-soft --page",
    "--warn": "--panel --warn-soft",
    "--well": "--panel",
}
PAIRS = [(ink, ground) for ink, grounds in INK_ON.items() for ground in grounds.split()]


def text(path: str) -> str:
    return assets()[path][0].decode()


def themes() -> list[dict[str, str]]:
    """The light and the dark colours of the style sheet, by variable."""
    blocks = re.findall(r":root \{(.*?)\}", text("/style.css"), re.DOTALL)
    light, dark = (dict(re.findall(r"(--[\w-]+): (#[0-9a-f]{6});", block)) for block in blocks)
    return [light, light | dark]


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    parts = (int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(("theme", "pair"), [*product((0, 1), PAIRS)])
def test_text_is_legible(theme: int, pair: tuple[str, str]) -> None:
    """Contrast of at least 4.5:1, the AA level of WCAG 2.2."""
    colours = themes()[theme]
    light, dark = sorted((luminance(colours[name]) for name in pair), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_everything_that_is_referred_to_is_there() -> None:
    referred = set(re.findall(r'(?:src|href)="(?!data:)([^"]+)"', text("/")))
    for path in assets():
        referred |= set(re.findall(r'from "\./([^"]+)"', text(path)))
    assert {"page.js", "style.css", "metrics", "healthz", "card.js"} <= referred
    assert referred - {"metrics", "healthz"} == {path[1:] for path in assets()} - {""}


def test_it_asks_nobody_else() -> None:
    for path in assets():
        addresses = set(re.findall(r"https?://[\w.]+", text(path)))
        assert addresses <= {"http://www.w3.org"}, path  # the name of SVG, never fetched
        assert "url(" not in text(path), path


def test_nothing_is_inline() -> None:
    """A strict policy would refuse it."""
    page = text("/")
    assert not re.search(r"<style|\sstyle=|\son\w+=", page)
    assert re.findall(r"<script[^>]*>(.*?)</script>", page, re.DOTALL) == [""]
    for path in assets():
        assert "innerHTML" not in text(path), path


def test_content_types() -> None:
    assert assets()["/"][1] == "text/html; charset=utf-8"
    assert assets()["/page.js"][1] == "text/javascript; charset=utf-8"
    assert assets()["/style.css"][1] == "text/css; charset=utf-8"
    assert not any(path.endswith((".py", ".pyc")) for path in assets())
