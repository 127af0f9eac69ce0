"""Why clients are refused, how often, and what they are told."""

from collections import Counter
from enum import StrEnum

from collector.catalogue import Labels


class Reason(StrEnum):
    """Why a client was refused: the label of `wattkeeper_http_refused_total`."""

    CROWDED = "crowded"
    """Its connection was closed to make room, or there was no room for it."""
    SLOW = "slow"
    """It did not send a whole request in time."""
    STALLED = "stalled"
    """It did not take its answer in time."""
    HANDSHAKE = "handshake"
    """No TLS handshake came about; a client without the certificate it needs is here, too."""
    CERTIFICATE = "certificate"
    """Its certificate is good, but names nobody that is allowed."""
    MALFORMED = "malformed"
    """What it sent is no HTTP request."""
    METHOD = "method"
    """It asked for something else than GET or HEAD."""
    BODY = "body"
    """Its request had a body."""
    SIZE = "size"
    """Its request line and headers were too long."""
    RATE = "rate"
    """Its address asked too often."""
    PASSWORD = "password"  # noqa: S105 - a label
    """No password, or a wrong one."""
    BUSY = "busy"
    """Too many passwords of its address waited to be checked."""


_ANSWERS = {
    Reason.MALFORMED: ("400 Bad Request", "this is no HTTP request", ""),
    Reason.METHOD: ("405 Method Not Allowed", "only GET and HEAD are answered", "Allow: GET, HEAD"),
    Reason.BODY: ("413 Content Too Large", "a request must not have a body", ""),
    Reason.SIZE: ("431 Request Header Fields Too Large", "the headers are too long", ""),
    Reason.RATE: ("429 Too Many Requests", "too many requests; slow down", "Retry-After: 1"),
}


def _answer(status: str, text: str, header: str) -> bytes:
    lines = [
        f"HTTP/1.1 {status}",
        "Content-Type: text/plain; charset=utf-8",
        f"Content-Length: {len(text) + 1}",
        "X-Content-Type-Options: nosniff",
        "Cache-Control: no-store",
        "Connection: close",
        *([header] if header else []),
    ]
    return ("\r\n".join(lines) + f"\r\n\r\n{text}\n").encode()


ANSWERS = {reason: _answer(*words) for reason, words in _ANSWERS.items()}
"""Whole HTTP answers, for those who are refused before anybody looked at what they want."""


class Refusals:
    """Counts. Owned by the event loop."""

    def __init__(self) -> None:
        self._counts: Counter[Reason] = Counter()

    def count(self, reason: Reason) -> None:
        """One more."""
        self._counts[reason] += 1

    def __getitem__(self, reason: Reason) -> int:
        return self._counts[reason]

    def values(self) -> dict[Labels, float]:
        """All of them, by the metric's label; what never happened is 0."""
        return {(reason.value,): float(self._counts[reason]) for reason in Reason}
