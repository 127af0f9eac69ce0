"""Names of metrics in a PromQL expression, without a parser: what is left when all else is gone."""

import re
from collections.abc import Iterator

_NOISE = (
    r'"(?:[^"\\]|\\.)*"',  # texts
    r"\{[^}]*\}",  # label matchers
    r"\[[^\]]*\]",  # ranges
    r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)",
)
_WORDS = {"and", "or", "unless", "bool", "offset"}
_NAME = re.compile(r"(?<![\w.:])[a-zA-Z_:][\w:]*(?!\w|\s*\()")


def names(expression: str) -> Iterator[str]:
    """The metrics and recorded series that an expression reads."""
    for pattern in _NOISE:
        expression = re.sub(pattern, " ", expression)
    for found in _NAME.findall(expression):
        if found not in _WORDS:
            yield found
