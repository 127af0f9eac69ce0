"""Where the broker is and how it is spoken to."""

from dataclasses import dataclass
from pathlib import Path

DEFAULT_TOPIC_PREFIX = "wattkeeper/v1"
PLAIN_PORT, TLS_PORT = 1883, 8883


@dataclass(frozen=True, slots=True, kw_only=True)
class MqttOptions:
    """The `[mqtt]` table.

    Attributes:
        host: name or address of the broker.
        port: its port; 1883 is usual, 8883 with TLS.
        username: empty for none.
        password_file: its first line is the password; read at each connection.
        topic_prefix: what every topic begins with.
        tls: whether the connection is encrypted; the broker's certificate and name are verified.
        ca_file: the authority that signed the broker's certificate; None takes the system's.
        cert_file, key_file: this node's own certificate and key, both or none.
        expiry_seconds: how long the broker keeps a window for a subscriber that is away; None
            keeps it for good.
        in_flight: how many windows may wait for the broker's acknowledgement at a time.
        timeout_seconds: how long a connection, or one acknowledgement, may take.
        keepalive_seconds: the longest silence on the connection, after which it is probed.
    """

    host: str
    port: int = PLAIN_PORT
    username: str = ""
    password_file: Path | None = None
    topic_prefix: str = DEFAULT_TOPIC_PREFIX
    tls: bool = False
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    expiry_seconds: int | None = 7 * 86400
    in_flight: int = 100
    timeout_seconds: float = 10.0
    keepalive_seconds: int = 15

    @property
    def address(self) -> str:
        """HOST:PORT, for messages; IPv6 in brackets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"
