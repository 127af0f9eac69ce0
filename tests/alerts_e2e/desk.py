"""Those who are told: stand-ins for PagerDuty's events API v2 and for webhooks."""

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

PAGERDUTY = "/v2/enqueue"


@dataclass(frozen=True, slots=True)
class Told:
    """One message that arrived.

    Attributes:
        at_s: when, UTC seconds since 1970.
        path: where it was sent to.
        body: what it says.
    """

    at_s: float
    path: str
    body: Mapping[str, Any]

    @property
    def resolved(self) -> bool:
        """Whether it says that something is over."""
        return "resolve" in (self.body.get("event_action"), str(self.body.get("status"))[:7])

    @property
    def key(self) -> str:
        """What it is about: the same for the begin and the end of a thing."""
        return str(self.body.get("dedup_key") or self.body.get("groupKey"))

    @property
    def text(self) -> str:
        """All that it says."""
        return json.dumps(self.body)


class Desk:
    """Takes messages, on a port of its own; a context manager.

    Attributes:
        refusing: answers 503 to whoever writes to an InfluxDB here.
    """

    def __init__(self) -> None:
        self.refusing = False
        self._told: list[Told] = []
        self._lock = threading.Lock()
        desk = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, answer = desk._take(self.path, body)
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def url(self, path: str) -> str:
        """The address of a path here."""
        return f"http://127.0.0.1:{self.port}{path}"

    def told(self, word: str = "") -> list[Told]:
        """What came so far and has a word in it, in order."""
        with self._lock:
            return [message for message in self._told if word in message.text]

    def _take(self, path: str, body: bytes) -> tuple[int, bytes]:
        if path.startswith("/api/v2/write"):
            return (503 if self.refusing else 204), b""
        with self._lock:
            self._told.append(Told(time.time(), path, json.loads(body)))
        if path == PAGERDUTY:
            key = json.loads(body)["dedup_key"]
            said = {"status": "success", "message": "Event processed", "dedup_key": key}
            return 202, json.dumps(said).encode()
        return 200, b""
