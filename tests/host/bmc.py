"""A management controller's Redfish service that a test leads astray at will."""

import asyncio
import ssl
import threading
from base64 import b64decode
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.mqtt.certificates import Pair

SESSIONS = "/redfish/v1/SessionService/Sessions"


@dataclass(slots=True)
class Bmc:
    """What the service has, and how it behaves; a test may change all of it while it runs.

    Attributes:
        resources: what it serves, by address.
        user, password: who may ask; nobody is asked for where the user is empty.
        has_sessions: whether it knows sessions, or basic authentication only.
        root_is_open: whether the root is told to strangers, as the standard says.
        statuses: addresses that answer with a status instead.
        headers: sent with those.
        bodies: addresses that answer with these bytes instead.
        delays: addresses that take this many seconds.
        url: where it is served.
        asked: every address that was asked for, with how the asker showed who it is.
        tokens: sessions that are open.
    """

    resources: dict[str, dict[str, Any]]
    user: str = ""
    password: str = ""
    has_sessions: bool = True
    root_is_open: bool = True
    statuses: dict[str, int] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    bodies: dict[str, bytes] = field(default_factory=dict)
    delays: dict[str, float] = field(default_factory=dict)
    url: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)
    tokens: dict[str, str] = field(default_factory=dict)
    logins: int = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        path = request.path
        who = "token" if "X-Auth-Token" in request.headers else ""
        self.asked.append((path, who or request.headers.get("Authorization", "").split(" ")[0]))
        await asyncio.sleep(self.delays.get(path, 0))
        if request.method == "POST" and path == SESSIONS:
            return await self._log_in(request)
        if request.method == "DELETE":
            self.tokens = {t: own for t, own in self.tokens.items() if own != path}
            return web.Response(status=204)
        open_to_all = self.root_is_open and path == "/redfish/v1/"
        if self.user and not open_to_all and not self._knows(request.headers):
            return web.json_response({"error": {}}, status=401)
        if path in self.statuses:
            return web.Response(status=self.statuses[path], headers=self.headers)
        if path in self.bodies:
            return web.Response(body=self.bodies[path], content_type="application/json")
        if path not in self.resources:
            return web.json_response({"error": {}}, status=404)
        return web.json_response(self.resources[path])

    async def _log_in(self, request: web.Request) -> web.Response:
        self.logins += 1
        if not self.has_sessions:
            return web.Response(status=405)
        said = await request.json()
        if (said.get("UserName"), said.get("Password")) != (self.user, self.password):
            return web.Response(status=401)
        token, own = f"token-{self.logins}", f"{SESSIONS}/{self.logins}"
        self.tokens[token] = own
        headers = {"X-Auth-Token": token, "Location": own}
        return web.json_response({"@odata.id": own}, status=201, headers=headers)

    def _knows(self, headers: Mapping[str, str]) -> bool:
        if headers.get("X-Auth-Token") in self.tokens:
            return True
        kind, _, said = headers.get("Authorization", "").partition(" ")
        return kind == "Basic" and b64decode(said).decode() == f"{self.user}:{self.password}"


@asynccontextmanager
async def serving(bmc: Bmc, pair: Pair | None = None) -> AsyncIterator[Bmc]:
    """Serve it on a port of its own, with TLS where there is a certificate."""
    context = None
    if pair is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(pair.cert, pair.key)
    app = web.Application(client_max_size=10_000)
    app.router.add_route("*", "/{tail:.*}", bmc.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    port = runner.addresses[0][1]
    bmc.url = f"{'https' if pair else 'http'}://127.0.0.1:{port}"
    try:
        yield bmc
    finally:
        await runner.cleanup()


@contextmanager
def in_background(bmc: Bmc) -> Iterator[Bmc]:
    """Serve it from a thread, for tests that wait for another process."""
    loop = asyncio.new_event_loop()
    ready, stop = threading.Event(), asyncio.Event()

    async def serve() -> None:
        async with serving(bmc):
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    try:
        assert ready.wait(10)
        yield bmc
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()
