"""Draws SVG: lines, boxes and text. All that a chart needs, and no library of 35 MB."""

import math
from collections.abc import Sequence
from html import escape
from typing import Literal

FONT = "Noto Sans KR, Apple SD Gothic Neo, Malgun Gothic, Noto Sans CJK KR, sans-serif"
INK, FAINT, GRID = "#1f2933", "#52606d", "#d9dfe6"
LOAD, LIGHT, PEAK, LIMIT, GAP = "#1f6f8b", "#a9cfdd", "#c8553d", "#7a1f1f", "#e3e3e3"
BANDS = ("#8fbcd4", "#f2b872", "#c8553d", "#7d5ba6", "#5a8f69", "#888888")
SIZE = 11
_CYCLE = (1.0, 2.0, 2.5, 5.0, 10.0)

Anchor = Literal["start", "middle", "end"]


class Drawing:
    """An SVG in the making.

    Args:
        width: in its own units; text is 11 high.
        height: likewise.
    """

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._parts: list[str] = []

    def line(
        self, x1: float, y1: float, x2: float, y2: float, colour: str, *, dash: str = "",
        width: float = 1,
    ) -> None:  # fmt: skip
        """A straight line."""
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        self._parts.append(
            f'<line x1="{n(x1)}" y1="{n(y1)}" x2="{n(x2)}" y2="{n(y2)}" stroke="{colour}" '
            f'stroke-width="{n(width)}"{dashed}/>'
        )

    def box(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        """A filled box; one without an extent is left out."""
        if width > 0 and height > 0:
            self._parts.append(
                f'<rect x="{n(x)}" y="{n(y)}" width="{n(width)}" height="{n(height)}" '
                f'fill="{colour}"/>'
            )

    def boxes(self, corners: Sequence[tuple[float, float]], size: tuple[float, float],
              colour: str) -> None:  # fmt: skip
        """Many boxes of one size and colour, as one path."""
        if corners:
            width, height = size
            path = "".join(
                f"M{n(x)} {n(y)}h{n(width)}v{n(height)}h{n(-width)}z" for x, y in corners
            )
            self._parts.append(f'<path d="{path}" fill="{colour}"/>')

    def path(self, points: Sequence[tuple[float, float]], colour: str, width: float = 1.2) -> None:
        """A line through points."""
        if points:
            path = "L".join(f"{n(x)} {n(y)}" for x, y in points)
            self._parts.append(
                f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="{n(width)}" '
                'stroke-linejoin="round"/>'
            )

    def area(self, points: Sequence[tuple[float, float]], colour: str) -> None:
        """What points enclose, filled."""
        if points:
            path = "L".join(f"{n(x)} {n(y)}" for x, y in points)
            self._parts.append(f'<path d="M{path}z" fill="{colour}"/>')

    def text(
        self, x: float, y: float, text: str, *, anchor: Anchor = "start", colour: str = FAINT
    ) -> None:
        """Text; `y` is its base line."""
        self._parts.append(
            f'<text x="{n(x)}" y="{n(y)}" text-anchor="{anchor}" fill="{colour}">'
            f"{escape(text)}</text>"
        )

    def svg(self, alt: str) -> str:
        """The picture; `alt` is what it shows, for those who cannot see it."""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" '
            f'role="img" font-family="{FONT}" font-size="{SIZE}"><title>{escape(alt)}</title>'
            f"{''.join(self._parts)}</svg>"
        )


def n(value: float) -> str:
    """A coordinate, short."""
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def ticks(high: float, wanted: int = 5) -> list[float]:
    """Round values from 0 to at least a value."""
    if high <= 0:
        return [0.0, 1.0]
    raw = high / wanted
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * each for each in _CYCLE if power * each >= raw * (1 - 1e-9))
    return [step * index for index in range(math.ceil(high / step - 1e-9) + 1)]


def label(value: float) -> str:
    """A tick's value."""
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"
