"""Times as people write them."""

from datetime import datetime

from collector.shown import quoted

YEARS = range(1900, 2200)
"""Meters have been read by the quarter-hour in these; dates beyond have no other time zones."""


def moment(text: str, example: str) -> datetime:
    """A time with an offset, in ISO 8601.

    Args:
        text: what somebody wrote.
        example: how it is written right.

    Raises:
        ValueError: it is no time, or has no offset.
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{quoted(text)} is no time; write it like {example}") from None
    if at.tzinfo is None:
        raise ValueError(f"{quoted(text)} has no offset; write it like {example}")
    if at.year not in YEARS:
        raise ValueError(f"{quoted(text)} is no time of a meter; write it like {example}")
    return at
