"""What an error's words must be: bounded, printable, and without a secret."""

from tests.fuzz.odd import SECRET

MOST_IN_LINE = 1500
MANY_LINES = 250
"""Of parsers that tell of each mistake in a line of its own."""


def checked(text: object, *, lines: int = 1) -> None:
    """Look at the words of an error.

    Args:
        text: the error, or its text.
        lines: how many it may have.

    Raises:
        AssertionError: they are not for people.
    """
    said = str(text)
    assert said, "no words at all"
    assert SECRET not in said, "a secret is in the words"
    found = said.split("\n")
    assert len(found) <= lines, f"{len(found)} lines: {said[:200]!r}"
    for line in found:
        assert len(line) <= MOST_IN_LINE, f"a line of {len(line)} characters: {line[:200]!r}"
        assert line.isprintable(), f"not printable: {line[:300]!r}"
