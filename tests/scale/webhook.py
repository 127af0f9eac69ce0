"""Whoever is told: takes Alertmanager's webhooks and keeps them."""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Webhook:
    """What came so far.

    Attributes:
        url: where it listens.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._lock = threading.Lock()
        self._came: list[tuple[float, Mapping[str, Any]]] = []

    def take(self, body: Mapping[str, Any]) -> None:
        """Keep a message."""
        with self._lock:
            self._came.append((time.monotonic(), body))

    def firing(self, **labels: str) -> list[float]:
        """When messages came that say that an alert of these labels fires, on the test's clock."""
        with self._lock:
            return [
                at_s
                for at_s, body in self._came
                if any(
                    alert["status"] == "firing" and labels.items() <= alert["labels"].items()
                    for alert in body["alerts"]
                )
            ]


@contextmanager
def webhook() -> Iterator[Webhook]:
    """Listen on a free port until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            made.take(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    made = Webhook(f"http://127.0.0.1:{server.server_address[1]}/hook")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
