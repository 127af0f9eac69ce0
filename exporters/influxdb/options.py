"""Where InfluxDB is and how it is spoken to."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class InfluxOptions:
    """The `[influxdb]` table, as far as the sender goes.

    Attributes:
        url: of the server, as `checked_url` allows it; `/api/v2/write` is added.
        org: the organization; InfluxDB 3 and VictoriaMetrics do not look at it.
        bucket: where the points go; VictoriaMetrics does not look at it.
        token_file: holds the token, which may write to the bucket; read again when it changes.
            None where the server asks for none.
        ca_file: the authority that signed the server's certificate; None takes the system's.
        gzip: whether bodies are compressed.
        timeout_seconds: how long one request may take.
    """

    url: str
    bucket: str
    org: str = ""
    token_file: Path | None = None
    ca_file: Path | None = None
    gzip: bool = True
    timeout_seconds: float = 30.0


def checked_url(value: str) -> str:
    """A URL of a server, without a slash at its end.

    Raises:
        ValueError: it is none, or holds what does not belong there; the text says what is allowed.
            The value is not in it, for it may hold a secret.
    """
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if parts.username is not None or parts.password is not None:
        raise ValueError("allowed is a URL without user and password; use token_file")
    plain = parts.scheme in {"http", "https"} and not parts.query and not parts.fragment
    if not host or not plain or not value.isascii() or any(char.isspace() for char in value):
        raise ValueError("allowed is http://HOST:PORT or https://HOST:PORT, a path may follow")
    return value.rstrip("/")
