"""A dashboard as a plain value."""

from dataclasses import dataclass

from dashboards.parts.panel import Panel
from dashboards.parts.variables import Variable


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under a heading.

    Attributes:
        title: the heading.
        panels: from left to right, wrapped at 24.
        folded: whether it is closed, and asks for nothing, until somebody opens it.
    """

    title: str
    panels: tuple[Panel, ...]
    folded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A dashboard.

    Attributes:
        uid: in its URL, for good.
        title: a few words.
        question: the one question that it answers.
        variables: what narrows it, widest first.
        rows: from top to bottom, symptoms above causes.
        time_from: where its range begins at first.
        refresh: how often it is asked anew.
    """

    uid: str
    title: str
    question: str
    variables: tuple[Variable, ...]
    rows: tuple[Row, ...]
    time_from: str = "now-6h"
    refresh: str = "30s"

    @property
    def panels(self) -> tuple[Panel, ...]:
        """All its panels, from top to bottom."""
        return tuple(panel for row in self.rows for panel in row.panels)
