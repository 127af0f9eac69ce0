"""The first look at a request: what is refused before the HTTP library sees any of it."""

import re
from dataclasses import dataclass

from exporters.http.refusals import Reason

END = b"\r\n\r\n"
"""What ends a head."""
_METHODS = (b"GET ", b"HEAD ")
_LONGEST = max(map(len, _METHODS))
_WORD = re.compile(rb"[A-Za-z]+(?: |\Z)")
_LINE = re.compile(rb"(?:GET|HEAD) (\S+) HTTP/1\.[01]\r\n")
# A body announces itself in one of these two ways (RFC 9112, 6.3); a length of 0 is none.
_BODY = re.compile(
    rb"\r\n(?:transfer-encoding[ \t]*:|content-length[ \t]*:(?![ \t]*0+[ \t]*\r))", re.IGNORECASE
)
_AUTHORIZATION = re.compile(rb"\r\nauthorization[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Head:
    """What the guard wants to know of a request.

    Attributes:
        path: without the query.
        authorization: the header's value; empty without one.
    """

    path: str
    authorization: str


def refused_early(begun: bytes) -> Reason | None:
    """Look at how a request begins; a few bytes tell a method that is not answered.

    Args:
        begun: the first bytes of it, one at least.

    Returns:
        Why it is refused, or None: go on reading.
    """
    start = begun[:_LONGEST]
    if any(start.startswith(method[: len(start)]) for method in _METHODS):
        return None
    return Reason.METHOD if _WORD.match(start) or start.isalpha() else Reason.MALFORMED


def read_head(head: bytes) -> Head | Reason:
    """Look at a whole head.

    Args:
        head: request line and headers, with the empty line.

    Returns:
        What it asks for, or why it is refused.
    """
    line = _LINE.match(head)
    if line is None:
        return refused_early(head) or Reason.MALFORMED
    if _BODY.search(head):
        return Reason.BODY
    found = _AUTHORIZATION.search(head)
    return Head(
        path=line[1].partition(b"?")[0].decode("latin-1"),
        authorization=found[1].decode("latin-1").strip() if found else "",
    )
