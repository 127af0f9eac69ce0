"""Where the management controller is and how it is spoken to."""

from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

LEAST_SECONDS = 5
"""Management controllers are slow computers with other duties: never asked more often."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RedfishOptions:
    """The `[host.redfish]` table.

    Attributes:
        url: of the controller, as `checked_url` allows it; `/redfish/v1/` is added.
        username: who asks; empty where the controller answers everybody.
        password_file: holds the password in its first line; read at every login.
        ca_file: the authority that signed the controller's certificate, or that certificate
            itself; None takes the system's.
        seconds: how often it is asked, `LEAST_SECONDS` at least.
        timeout_seconds: how long one request may take.
    """

    url: str
    username: str = ""
    password_file: Path | None = None
    ca_file: Path | None = None
    seconds: float = 10.0
    timeout_seconds: float = 10.0


def checked_url(value: str) -> str:
    """The URL of a controller, without a slash at its end.

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
        raise ValueError("allowed is a URL without user and password; use username, password_file")
    plain = parts.scheme in {"http", "https"} and not parts.query and not parts.fragment
    if not host or not plain or parts.path.strip("/"):
        raise ValueError("allowed is https://HOST or https://HOST:PORT, without a path")
    if not value.isascii() or any(char.isspace() for char in value):
        raise ValueError("allowed is https://HOST or https://HOST:PORT, without a path")
    return value.rstrip("/")


def keeps_secrets(url: str) -> bool:
    """Whether a password may be sent there: by TLS, or not leaving this machine."""
    parts = urlsplit(url)
    if parts.scheme == "https" or parts.hostname == "localhost":
        return True
    try:
        address = ip_address(parts.hostname or "")
    except ValueError:
        return False
    # A controller that shows itself to its own host as a network card has a link-local address.
    return address.is_loopback or address.is_link_local
