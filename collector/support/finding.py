"""What a look at an installation brings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Weight = Literal["problem", "note"]


class Known(str):
    """Text that may leave the site as it is: a version, a product, a word from a fixed list.

    Each place that makes one decides so; any other text passes through `redact` first.
    """

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that somebody should know, and what to do about it.

    Attributes:
        topic: what it is about, in a word or two.
        text: what was found.
        action: what to do; empty for a note that asks for nothing.
        weight: `problem` when it keeps the daemon from doing its work, or will.
    """

    topic: str
    text: str
    action: str = ""
    weight: Weight = "problem"


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """What one probe found.

    Attributes:
        name: of its file in a bundle.
        about: what it holds, in a few words.
        document: what was seen: mappings, lists, numbers and text. Text that is not `Known` is
            redacted before it leaves the site.
        findings: what is to be said of it.
    """

    name: str
    about: str
    document: Mapping[str, object]
    findings: tuple[Finding, ...] = field(default=())
