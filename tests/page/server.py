"""A server for the page's tests: one more second of the node passes at each poll."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from collector.model import Snapshot, Tick
from exporters.page import CONTENT_SECURITY_POLICY, LiveView, assets

PREFIX = "/behind/a/proxy/"


@dataclass(slots=True)
class Served:
    """A running server.

    Attributes:
        url: of the page, under a prefix as behind a reverse proxy.
        asked: what was asked for, in order, without the prefix.
    """

    url: str
    asked: list[str] = field(default_factory=list)


@contextmanager
def serve(
    snapshot: Callable[[int], Snapshot], *, past_seconds: int = 300, silent: range = range(0)
) -> Iterator[Served]:
    """Serve the page over loopback.

    Args:
        snapshot: the node as it is so many seconds after its start.
        past_seconds: seconds that have passed when the first poll comes.
        silent: these polls, counted from 0, get no answer; time passes all the same.

    Yields:
        The running server.
    """
    view = LiveView(power_hz=10)
    for second in range(past_seconds):
        view.update(Tick.of(snapshot(second)))
    served = Served(url="")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if not self.path.startswith(PREFIX):
                self.send_error(404)
                return
            path = "/" + self.path.removeprefix(PREFIX)
            served.asked.append(path)
            poll = sum(name.startswith("/live.json") for name in served.asked) - 1
            if path.startswith("/live.json"):
                if poll in silent:
                    self.close_connection = True
                    return
                view.update(Tick.of(snapshot(past_seconds + poll)))
                self._send(view.payload(history=path.endswith("?history=1")), "application/json")
            elif path in assets():
                self._send(*assets()[path])
            else:
                self.send_error(404)

        def _send(self, body: bytes, content_type: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Security-Policy", CONTENT_SECURITY_POLICY)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Tests are quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    served.url = f"http://127.0.0.1:{server.server_port}{PREFIX}"
    try:
        yield served
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
