"""Those who are told: stand-ins for PagerDuty's events API v2 and for webhooks."""

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import PurePath
from types import TracebackType
from typing import Any, Self

PAGERDUTY = "/v2/enqueue"


@dataclass(frozen=True, slots=True)
class Line:
    """What a message says of an alert.

    Attributes:
        alert: its name.
        text: what people read of it.
        over: whether it is over.
    """

    alert: str
    text: str
    over: bool


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
    def key(self) -> str:
        """What it is about: the same for the begin and the end of a thing."""
        return str(self.body.get("dedup_key") or self.body.get("groupKey"))

    @property
    def lines(self) -> tuple[Line, ...]:
        """What it says, alert by alert. To PagerDuty all of a group is one incident."""
        if self.path == PAGERDUTY:
            payload = self.body["payload"]
            details = payload["custom_details"]
            alert = PurePath(details["runbook"]).stem
            over = self.body["event_action"] == "resolve"
            return (Line(alert, f"{payload['summary']}\n{details['text']}", over),)
        return tuple(
            Line(
                one["labels"]["alertname"],
                "\n".join(one["annotations"].values()),
                one["status"] == "resolved",
            )
            for one in self.body["alerts"]
        )

    @property
    def state(self) -> object:
        """The same for two messages that tell no news of each other."""
        if self.path == PAGERDUTY:
            details = self.body["payload"]["custom_details"]
            return self.body["event_action"], details["num_firing"], details["num_resolved"]
        return frozenset((one["fingerprint"], one["status"]) for one in self.body["alerts"])


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

    def told(self) -> list[Told]:
        """What came so far, in order."""
        with self._lock:
            return list(self._told)

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
