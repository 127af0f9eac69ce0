"""What pages are made of, whatever they are written in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; level 1 begins a section."""

    text: str
    level: int = 1


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph; `small` is for remarks."""

    text: str
    small: bool = False


@dataclass(frozen=True, slots=True)
class Notice:
    """What nobody may overlook; `warning` needs action, `info` does not."""

    text: str
    kind: Literal["warning", "info"] = "warning"


@dataclass(frozen=True, slots=True)
class Figures:
    """The key figures: name, value, and what to know about it."""

    entries: Sequence[tuple[str, str, str]]


Align = Literal["left", "right", "wrap"]
"""`wrap` is text that takes the room that is left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table.

    Attributes:
        align: of each column.
        header: may be empty.
        rows: cells of text.
        strong: rows that stand out, by their index; sums.
        small: whether the letters are smaller.
    """

    align: Sequence[Align]
    header: Sequence[str] = ()
    rows: Sequence[Sequence[str]]
    strong: Sequence[int] = ()
    small: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as SVG, its title, and what it shows in words; two narrow ones stand abreast."""

    svg: str
    title: str
    alt: str
    narrow: bool = False


@dataclass(frozen=True, slots=True)
class PageBreak:
    """What follows begins on a new page."""


Block = Heading | Text | Notice | Figures | Table | Picture | PageBreak
