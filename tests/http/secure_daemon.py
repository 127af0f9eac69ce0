"""A daemon that is asked over TLS."""

import ssl
from http.client import HTTPSConnection
from pathlib import Path

from tests.e2e.daemon import Daemon
from tests.mqtt.certificates import Authority


class SecureDaemon(Daemon):
    """A node's daemon with a certificate of its own.

    Args:
        folder: for its ledger, log, certificate and key.
        settings: `WATTKEEPER_` variables without the prefix.
    """

    def __init__(self, folder: Path, **settings: object) -> None:
        self.authority = Authority(folder)
        pair = self.authority.sign("localhost")
        self.context = ssl.create_default_context(cafile=self.authority.pair.cert)
        tls = {"PROMETHEUS__TLS__CERT_FILE": pair.cert, "PROMETHEUS__TLS__KEY_FILE": pair.key}
        super().__init__(folder, {}, **tls, **settings)

    def get(self, path: str, **headers: str) -> tuple[int, str]:
        """GET. Returns status and body."""
        connection = HTTPSConnection("127.0.0.1", self.port, timeout=10, context=self.context)
        try:
            connection.request("GET", path, headers=headers | {"Connection": "close"})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()
