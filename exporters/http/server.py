"""The HTTP server of a daemon: metrics, health and the page, for those who may see them."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

from aiohttp import web

from collector.catalogue import Labels
from collector.model import Snapshot, Tick
from exporters.http.access import Access, AccessError, load_access
from exporters.http.answers import answer_listener, library_log
from exporters.http.basic_auth import BasicAuth, BusyError
from exporters.http.guard import Guard
from exporters.http.head import Head
from exporters.http.headers import secure
from exporters.http.keeper import Keeper
from exporters.http.limits import Limits
from exporters.http.listening import listening_sockets
from exporters.http.options import HttpOptions, ServeError
from exporters.http.refusals import Reason, Refusals
from exporters.http.routes import Routes
from exporters.page import View
from exporters.prometheus import Renderer

_SHUTDOWN_SECONDS = 0.5
_OPEN_PATHS = frozenset({"/livez", "/readyz"})
"""Probes carry no password."""
_FAULTS = "wattkeeper_faults"

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Server:
    """Serves the latest snapshot.

    Args:
        options: see `HttpOptions`.
        page: what is at `/`, and its data.
        limits: what clients may take.
    """

    def __init__(self, options: HttpOptions, page: View, limits: Limits | None = None) -> None:
        self._options = options
        self._limits = limits or Limits()
        self._routes = Routes(Renderer(dialects=options.dialects), page)
        self.refusals = Refusals()
        self._auth = BasicAuth({})
        self._keeper: Keeper | None = None
        self._runner: web.AppRunner | None = None
        self.guard: Guard | None = None
        self._tasks: list[asyncio.Task[None]] = []

    def update(self, tick: Tick) -> None:
        """Take the newest tick.

        Raises:
            Exception: a bug ended the server's own tasks.
        """
        for task in self._tasks:
            if task.done():
                task.result()
        told = Tick(tick.monotonic_ns, tick.history_watts, lambda: self._told(tick.snapshot))
        self._routes.update(told)

    async def start(self) -> str:
        """Listen. Returns the address of the page.

        Raises:
            ServeError: the port is taken, a file is missing, ...
        """
        try:
            self._keeper = Keeper(partial(load_access, self._options), self._use)
        except AccessError as error:
            raise ServeError(str(error)) from None
        sockets = await listening_sockets(self._options.listen, self._limits)
        app = web.Application(middlewares=[self._doorman])
        app.on_response_prepare.append(self._prepare)
        self._routes.add_to(app)
        log = library_log()
        self._runner = web.AppRunner(
            app,
            logger=log,
            access_log=log,
            access_log_class=answer_listener(self.refusals),
            keepalive_timeout=self._limits.idle_seconds * 2,  # the guard is first
            lingering_time=0,
            shutdown_timeout=_SHUTDOWN_SECONDS,
        )
        await self._runner.setup()
        assert self._runner.server is not None  # noqa: S101 - it is set up
        self.guard = Guard(
            self._runner.server,
            lambda: keeper.access,
            self._kind,
            self.refusals,
            self._limits,
        )
        keeper = self._keeper
        self._use(keeper.access)
        self.guard.serve(sockets)
        for work in (self.guard.watch(), keeper.watch()):
            self._tasks.append(asyncio.create_task(work))
        host = self._options.listen.rpartition(":")[0].strip("[]")
        shown = "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104 - only shown
        shown = f"[{shown}]" if ":" in shown else shown
        scheme = "https" if keeper.access.tls else "http"
        return f"{scheme}://{shown}:{sockets[0].getsockname()[1]}/"

    async def stop(self) -> None:
        """Stop listening; requests under way get half a second."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        if self.guard is not None:
            self.guard.close()
        if self._runner is not None:
            await self._runner.cleanup()
        if self.guard is not None:
            await self.guard.end()
        self._auth.close()

    def _use(self, access: Access) -> None:
        """Take what clients must show from now on."""
        self._auth.use(access.users)
        if self.guard is not None:
            self.guard.use_rate(access.rate)

    def _told(self, snapshot: Snapshot) -> Snapshot:
        """A snapshot with what the server says of itself."""
        own: dict[str, dict[Labels, float]] = {
            "wattkeeper_http_refused_total": self.refusals.values()
        }
        keeper = self._keeper
        if keeper is None:
            return snapshot
        if keeper.access.expires is not None:
            own["wattkeeper_tls_certificate_expiry_timestamp_seconds"] = {(): keeper.access.expires}
        faults = snapshot.faults
        if keeper.fault is not None:
            faults = (*faults, keeper.fault)
            own[_FAULTS] = {(): float(len(faults))}
        return replace(snapshot, daemon={**snapshot.daemon, **own}, faults=faults)

    def _kind(self, head: Head) -> str:
        """What a request is counted under besides its address."""
        if head.path in _OPEN_PATHS:
            return "probe"
        return "known" if self._auth.on and self._auth.knows(head.authorization) else ""

    @web.middleware
    async def _doorman(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        if not self._auth.on or request.path in _OPEN_PATHS:
            return await handler(request)
        try:
            header = request.headers.get("Authorization", "")
            allowed = await self._auth.allows(header, request.remote or "")
        except BusyError:
            self.refusals.count(Reason.BUSY)
            return web.Response(
                status=429,
                headers={"Retry-After": "1"},
                text="too many wrong passwords are being checked; try again in a second\n",
            )
        if allowed:
            return await handler(request)
        self.refusals.count(Reason.PASSWORD)
        return web.Response(
            status=401,
            headers={"WWW-Authenticate": 'Basic realm="wattkeeper"'},
            text="a user name and a password are needed\n",
        )

    async def _prepare(self, request: web.Request, response: web.StreamResponse) -> None:
        own = {} if self._keeper is None else self._keeper.access.headers
        secure(response.headers, own, page=self._routes.is_page(request.path))
