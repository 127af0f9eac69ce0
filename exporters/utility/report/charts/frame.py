"""The frame of a chart: where values are drawn, its grid and its axes."""

from collections.abc import Iterable

from exporters.utility.report.charts.drawing import FAINT, GRID, SIZE, Drawing, label, ticks

WIDTH, HEIGHT = 760, 230
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 10, 20, 22


class Frame:
    """A chart's plot, with values from 0 up.

    Args:
        high: the highest value that must fit.
        unit: written above the axis.
        height: of the whole picture.
        width: likewise.
    """

    def __init__(self, high: float, unit: str, *, height: int = HEIGHT, width: int = WIDTH) -> None:
        self.drawing = Drawing(width, height)
        self.left, self.right = _LEFT, width - _RIGHT
        self.top, self.bottom = _TOP, height - _BOTTOM
        values = ticks(high)
        self.high = values[-1]
        self.drawing.text(self.left - 6, self.top - 8, unit, anchor="end")
        for value in values:
            y = self.y(value)
            self.drawing.line(self.left, y, self.right, y, GRID)
            self.drawing.text(self.left - 6, y + SIZE / 3, label(value), anchor="end")

    def x(self, ratio: float) -> float:
        """Where a share of the width is."""
        return self.left + ratio * (self.right - self.left)

    def y(self, value: float) -> float:
        """Where a value is."""
        return self.bottom - value / self.high * (self.bottom - self.top)

    def x_labels(self, entries: Iterable[tuple[float, str]], *, middle: bool = True) -> None:
        """Texts below the plot, at shares of its width."""
        for ratio, text in entries:
            x = self.x(ratio)
            self.drawing.line(x, self.bottom, x, self.bottom + 3, FAINT)
            self.drawing.text(x, self.bottom + 15, text, anchor="middle" if middle else "start")

    def key(self, entries: Iterable[tuple[str, str]]) -> None:
        """What the colours mean, above the plot at the right."""
        x: float = self.right
        for colour, text in reversed(list(entries)):
            wide = sum(SIZE if ord(char) > 0x1100 else SIZE * 0.58 for char in text)  # noqa: PLR2004 - Hangul
            x -= wide
            self.drawing.text(x, self.top - 8, text)
            x -= 14
            self.drawing.box(x, self.top - 17, 10, 10, colour)
            x -= 12
