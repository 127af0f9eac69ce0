"""A small web server of the test's own, in the test's event loop."""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(
    write: Handler, *, port: int = 0, tls: ssl.SSLContext | None = None
) -> AsyncIterator[str]:
    """Serve `/api/v2/write` with a handler that sees bodies as they were sent; yields the URL."""
    app = web.Application(client_max_size=50 << 20, handler_args={"auto_decompress": False})
    app.router.add_post("/api/v2/write", write)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", port, ssl_context=tls)
        await site.start()
        bound = runner.addresses[0][1]
        yield f"{'https' if tls else 'http'}://localhost:{bound}"
    finally:
        await runner.cleanup()
