"""What one client, one address and all of them together may take of the server."""

import resource
from dataclasses import dataclass

_MOST_CONNECTIONS = 256


def _connections() -> int:
    """Half of the files that this process may open, so that the ledger always gets its own."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MOST_CONNECTIONS if soft < 0 else max(min(_MOST_CONNECTIONS, soft // 2), 8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A token bucket: how many requests in the long run, and how many at once."""

    per_second: float
    burst: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits. What a proper scraper needs lies far below all of them.

    Attributes:
        connections: connections at the same time.
        connections_of_address: those of one address; plenty for a pair of Prometheus servers, and
            for a proxy in front of the page.
        rate: requests of one address.
        head_bytes: request line and headers together; single lines have the library's limit,
            8190 bytes.
        head_seconds: from the connection to the end of the first request's headers, a TLS
            handshake included; for later requests, from their first byte.
        answer_seconds: from the end of the headers until the client's machine has the answer.
        idle_seconds: between two requests; longer than scrape intervals are.
        leave_seconds: for a client that was refused to read why.
        patience_seconds: how long an answer may be under way before its connection may be taken
            away for somebody else's.
        look_seconds: between two looks at who has taken too long.
        send_buffer_bytes: what the kernel holds of an answer, for each connection.
    """

    connections: int = _connections()
    connections_of_address: int = 128
    rate: Rate = Rate(per_second=100.0, burst=200)
    head_bytes: int = 16_384
    head_seconds: float = 10.0
    answer_seconds: float = 15.0
    idle_seconds: float = 150.0
    leave_seconds: float = 1.0
    patience_seconds: float = 1.0
    look_seconds: float = 1.0
    send_buffer_bytes: int = 131_072
