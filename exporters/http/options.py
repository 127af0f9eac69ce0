"""Where and how to serve."""

from dataclasses import dataclass
from pathlib import Path


class ServeError(Exception):
    """The server cannot start. The text says why, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpOptions:
    """Where and how to serve.

    Attributes:
        listen: HOST:PORT; IPv6 in brackets; port 0 takes a free one.
        cert_file, key_file: TLS, both or none.
        client_ca_file: clients must show a certificate of this authority.
        username, password_hash_file: basic authentication, both or none.
        web_config_file: TLS, users and headers in Prometheus's format, instead of those above.
        dialects: other exporters' words that `/metrics` speaks besides ours.
    """

    listen: str
    cert_file: Path | None = None
    key_file: Path | None = None
    client_ca_file: Path | None = None
    username: str | None = None
    password_hash_file: Path | None = None
    web_config_file: Path | None = None
    dialects: tuple[str, ...] = ()
