"""influxdb-client, set up so that it tells when a connection was lost and follows no redirect."""

import ssl
from pathlib import Path
from typing import Any

import aiohttp
from influxdb_client.client.influxdb_client_async import InfluxDBClientAsync

from exporters.influxdb.options import InfluxOptions

_CONNECT_SECONDS = 10.0
_KEEP_ALIVE_SECONDS = 120.0
_MOST_BYTES = 1 << 20
"""Of an answer: what is beyond is not looked at anyway."""


class Watch:
    """Sees whether requests use a fresh connection, and whether the last one was closed politely.

    A server that was killed and came back between two requests shows itself only so.
    """

    def __init__(self) -> None:
        self.fresh = False
        self.polite = True

    def trace(self) -> aiohttp.TraceConfig:
        """Tells this watch of every request."""
        config = aiohttp.TraceConfig()
        config.on_connection_create_end.append(self._created)
        config.on_connection_reuseconn.append(self._reused)
        config.on_request_end.append(self._ended)
        return config

    async def _created(self, *_: object) -> None:
        self.fresh = True

    async def _reused(self, *_: object) -> None:
        self.fresh = False

    async def _ended(
        self, _session: aiohttp.ClientSession, _context: object, end: aiohttp.TraceRequestEndParams
    ) -> None:
        self.polite = end.response.headers.get("Connection", "").lower() == "close"


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """Verifies certificate and name. Blocks.

    Raises:
        OSError: the file cannot be read or holds no certificate (`ssl.SSLError`).
    """
    return ssl.create_default_context(cafile=ca_file)


class _Answer(aiohttp.ClientResponse):
    """An answer of which no more is kept than is of use, however much the server sends."""

    async def read(self) -> bytes:
        """Its body, or the beginning of it."""
        body = bytearray()
        try:
            async for chunk in self.content.iter_chunked(65_536):
                body += chunk
                if len(body) > _MOST_BYTES:
                    self.close()
                    break
        except BaseException:
            self.close()
            raise
        return bytes(body[:_MOST_BYTES])


def connect(
    options: InfluxOptions, context: ssl.SSLContext | None, watch: Watch
) -> InfluxDBClientAsync:
    """A client; it connects at its first request. Needs the running event loop.

    Args:
        options: where to.
        context: for https.
        watch: sees the connections.
    """

    def session(**kwargs: Any) -> aiohttp.ClientSession:
        # One connection, kept longer than a batch lasts, so that a new one means something.
        kwargs["connector"] = aiohttp.TCPConnector(
            limit=1, keepalive_timeout=_KEEP_ALIVE_SECONDS, ssl=context or True
        )
        kwargs["trace_configs"] = [watch.trace()]
        kwargs["response_class"] = _Answer
        return aiohttp.ClientSession(**kwargs)

    return InfluxDBClientAsync(
        url=options.url,
        org=options.org,
        timeout=aiohttp.ClientTimeout(
            total=options.timeout_seconds, connect=min(_CONNECT_SECONDS, options.timeout_seconds)
        ),
        # Never used, as the session has its own; keeps the client from loading the system's again.
        ssl_context=context or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
        allow_redirects=False,
        client_session_type=session,
    )


def set_header(client: InfluxDBClientAsync, name: str, value: str) -> None:
    """Send a header with every request from now on."""
    client.api_client.set_default_header(name, value)  # type: ignore[no-untyped-call]  # no types
