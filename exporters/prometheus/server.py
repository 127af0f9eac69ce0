"""The HTTP server of a daemon: metrics, health and the page."""

import errno
import json
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from collector.model import Tick
from exporters.page import CONTENT_SECURITY_POLICY, View
from exporters.prometheus.auth import BasicAuth, BusyError, PasswordHash
from exporters.prometheus.render import Renderer

_SHUTDOWN_SECONDS = 0.5
_GZIP_FROM_BYTES = 1400
_OPEN_PATHS = frozenset({"/livez", "/readyz"})
"""Probes carry no password."""


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
        dialects: other exporters' words that `/metrics` speaks besides ours.
    """

    listen: str
    cert_file: Path | None = None
    key_file: Path | None = None
    client_ca_file: Path | None = None
    username: str | None = None
    password_hash_file: Path | None = None
    dialects: tuple[str, ...] = ()


class Server:
    """Serves the latest snapshot.

    Args:
        options: see `HttpOptions`.
        page: what is at `/`, and its data.
    """

    def __init__(self, options: HttpOptions, page: View) -> None:
        self._options = options
        self._renderer = Renderer(dialects=options.dialects)
        self._page = page
        self._tick: Tick | None = None
        self._runner: web.AppRunner | None = None
        self._auth: BasicAuth | None = None

    def update(self, tick: Tick) -> None:
        """Take the newest tick."""
        self._tick = tick
        self._renderer.update(tick)
        self._page.update(tick)

    async def start(self) -> str:
        """Listen. Returns the address of the page.

        Raises:
            ServeError: the port is taken, a file is missing, ...
        """
        self._auth = _auth(self._options)
        tls = _tls(self._options)
        app = web.Application(middlewares=[self._guard])
        app.router.add_get("/metrics", self._metrics)
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/livez", self._livez)
        app.router.add_get("/readyz", self._readyz)
        app.router.add_get("/live.json", self._live_json)
        for path in self._page.assets():
            app.router.add_get(path, self._asset)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)
        await self._runner.setup()
        host, _, port = self._options.listen.rpartition(":")
        host = host.strip("[]")
        site = web.TCPSite(self._runner, host, int(port), ssl_context=tls)
        try:
            await site.start()
        except OSError as error:
            raise ServeError(_why(error, self._options.listen)) from None
        bound = self._runner.addresses[0][1]
        shown = "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104 - only shown
        shown = f"[{shown}]" if ":" in shown else shown
        return f"{'https' if tls else 'http'}://{shown}:{bound}/"

    async def stop(self) -> None:
        """Stop listening; requests under way get half a second."""
        if self._runner is not None:
            await self._runner.cleanup()

    @web.middleware
    async def _guard(
        self,
        request: web.Request,
        handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    ) -> web.StreamResponse:
        if self._auth is not None and request.path not in _OPEN_PATHS:
            header = request.headers.get("Authorization", "")
            try:
                allowed = await self._auth.allows(header, request.remote or "")
            except BusyError:
                return web.Response(
                    status=429,
                    headers={"Retry-After": "1"},
                    text="too many wrong passwords are being checked; try again in a second\n",
                )
            if not allowed:
                return web.Response(
                    status=401,
                    headers={"WWW-Authenticate": 'Basic realm="wattkeeper"'},
                    text="a user name and a password are needed\n",
                )
        response = await handler(request)
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    async def _metrics(self, request: web.Request) -> web.Response:
        rendered = self._renderer.render(request.headers.get("Accept", ""))
        headers = {"Content-Type": rendered.content_type, "Vary": "Accept, Accept-Encoding"}
        body = rendered.body
        if _takes_gzip(request):
            body = self._renderer.zipped(rendered)
            headers["Content-Encoding"] = "gzip"
        return web.Response(body=body, headers=headers)

    async def _healthz(self, _request: web.Request) -> web.Response:
        tick = self._tick
        faults = () if tick is None else tick.snapshot.faults
        sick = [
            {
                "part": fault.part,
                "problem": fault.problem,
                "action": fault.action,
                "since": round(fault.since_wall_ns / 1e9, 3),
            }
            for fault in faults
        ]
        status = "starting" if tick is None else "sick" if sick else "ok"
        body = json.dumps({"status": status, "sick": sick}, indent=1) + "\n"
        return web.Response(
            status=200 if status == "ok" else 503, text=body, content_type="application/json"
        )

    async def _livez(self, _request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def _readyz(self, _request: web.Request) -> web.Response:
        ready = self._tick is not None and self._tick.snapshot.ready
        return web.Response(status=200 if ready else 503, text="ready\n" if ready else "starting\n")

    async def _live_json(self, request: web.Request) -> web.Response:
        response = web.Response(
            body=self._page.payload(history=request.query.get("history") == "1"),
            content_type="application/json",
            headers={"Cache-Control": "no-store"},
        )
        if len(response.body or b"") > _GZIP_FROM_BYTES:  # type: ignore[arg-type]
            response.enable_compression()
        return response

    async def _asset(self, request: web.Request) -> web.Response:
        body, content_type = self._page.assets()[request.path]
        return web.Response(
            body=body,
            headers={
                "Content-Type": content_type,
                "Content-Security-Policy": CONTENT_SECURITY_POLICY,
                "Cache-Control": "no-cache",
                "Referrer-Policy": "no-referrer",
            },
        )


def _takes_gzip(request: web.Request) -> bool:
    return "gzip" in request.headers.get("Accept-Encoding", "")


def _why(error: OSError, listen: str) -> str:
    port = listen.rpartition(":")[2]
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {port} is taken by another program; stop it, or set prometheus.listen "
            "(WATTKEEPER_PROMETHEUS__LISTEN) to another HOST:PORT"
        )
    if error.errno == errno.EACCES:
        return f"no permission to listen on {listen}; choose a port from 1024 up"
    return f"cannot listen on {listen}: {error.strerror or error}; check prometheus.listen"


def _tls(options: HttpOptions) -> ssl.SSLContext | None:
    if options.cert_file is None or options.key_file is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(options.cert_file, options.key_file)
        if options.client_ca_file is not None:
            context.load_verify_locations(options.client_ca_file)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError) as error:
        raise ServeError(
            f"prometheus.tls: certificate {options.cert_file}, key {options.key_file}: {error}"
        ) from None
    return context


def _auth(options: HttpOptions) -> BasicAuth | None:
    if options.username is None or options.password_hash_file is None:
        return None
    path = options.password_hash_file
    try:
        return BasicAuth(options.username, PasswordHash.parse(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ServeError(
            f"prometheus.basic_auth.password_hash_file {path}: {error.strerror}"
        ) from None
    except ValueError as error:
        raise ServeError(f"prometheus.basic_auth.password_hash_file {path}: {error}") from None
