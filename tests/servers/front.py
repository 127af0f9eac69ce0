"""The v2 write API in front of a real InfluxDB 1.6: path, precision, token, the errors' form."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web

from tests.servers.web import serving

_PRECISION = {"ns": "n", "us": "u", "ms": "ms", "s": "s"}
_CODES = {400: "invalid", 404: "not found", 413: "request too large", 503: "unavailable"}


class Front:
    """Translates.

    Args:
        upstream: the URL of the InfluxDB 1.6.
        token: the one that may write.
    """

    def __init__(self, upstream: str, token: str) -> None:
        self.token = token
        self.requests = 0
        self._upstream = upstream
        self._session: aiohttp.ClientSession | None = None

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """Serve; yields the URL."""
        async with aiohttp.ClientSession() as session, serving(self._write) as url:
            self._session = session
            yield url

    async def _write(self, request: web.Request) -> web.Response:
        self.requests += 1
        if request.headers.get("Authorization") != f"Token {self.token}":
            return _error(401, "unauthorized", "unauthorized access")
        assert self._session is not None
        kept = {"Content-Encoding", "Content-Type"}
        async with self._session.post(
            f"{self._upstream}/write",
            params={
                "db": request.query.get("bucket", ""),
                "precision": _PRECISION[request.query.get("precision", "ns")],
            },
            data=await request.read(),
            headers={key: value for key, value in request.headers.items() if key in kept},
        ) as answer:
            if answer.status == 204:
                return web.Response(status=204)
            said = (await answer.json(content_type=None)).get("error", "")
            return _error(answer.status, _CODES.get(answer.status, "internal error"), said)


def _error(status: int, code: str, message: str) -> web.Response:
    return web.json_response({"code": code, "message": message}, status=status)
