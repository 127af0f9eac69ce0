"""Asks one Redfish service, within limits: of time, of size, and of where it may be led."""

import asyncio
import json
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

import aiohttp

from collector.shown import shown
from collector.sources.host.protocol import HostSourceError
from collector.sources.host.redfish.login import Login
from collector.sources.host.redfish.options import RedfishOptions
from collector.sources.host.redfish.shapes import Resource, link

ROOT = "/redfish/v1/"
_MOST_BYTES = 500_000
"""Ten times what resources have; reading JSON of that size takes 5 ms."""
_MOST_REDIRECTS = 3
_PORTS = {"http": 80, "https": 443}
_NOT_THERE = {404, 405, 410, 501}
_BUSY = {429, 503}
_LATER_SECONDS = 600.0
_MOST_LATER_SECONDS = 3600.0


class RedfishClient:
    """One connection to a service. Requests go out one after the other.

    Args:
        options: where to, and who asks.
    """

    def __init__(self, options: RedfishOptions) -> None:
        self._options = options
        self._login = Login(options)
        self._session: aiohttp.ClientSession | None = None
        self._sessions = ""
        self.taken_bytes = 0
        """Of all bodies so far."""

    async def get(self, address: str) -> Resource:
        """A resource.

        Args:
            address: as the service gives it: a path, or a URL of the same service.

        Raises:
            HostSourceError: it cannot be had. `word` is `not_found` where it is just not there.
        """
        session = await self._opened()
        if address == ROOT:
            root = await self._told(session, address)
            # A service that tells strangers nothing would refuse a session in the same way.
            if not self._login.headers:
                sessions = link(root, "Links", "Sessions")
                self._sessions = self._checked(sessions) if sessions else ""
            return root
        return await self._told(session, address)

    async def _told(self, session: aiohttp.ClientSession, address: str) -> Resource:
        if not self._login.done and address != ROOT:
            await self._log_in(session)
        try:
            return await self._follow(session, address)
        except HostSourceError as error:
            if error.word != "unauthorized" or not (self._login.expired() or not self._login.done):
                raise
        # The service has ended our session, or tells strangers nothing at all.
        await self._log_in(session)
        return await self._follow(session, address)

    async def close(self) -> None:
        """End the session at the service, which has few of them, and the connection."""
        session, self._session = self._session, None
        if session is None:
            return
        try:
            await self._login.end(session)
        finally:
            await session.close()

    async def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            context = await asyncio.to_thread(_tls_context, self._options)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=1, ssl=context or True),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=self._options.timeout_seconds),
                headers={
                    "Accept": "application/json",
                    "Accept-Encoding": "identity",  # a small body may unpack to a huge one
                    "OData-Version": "4.0",
                },
                auto_decompress=False,
            )
        return self._session

    async def _log_in(self, session: aiohttp.ClientSession) -> None:
        try:
            await self._login.begin(session, self._sessions)
        except (aiohttp.ClientError, OSError) as error:
            raise _failure(error, self._options) from None

    async def _follow(self, session: aiohttp.ClientSession, address: str) -> Resource:
        base = ""
        for _ in range(_MOST_REDIRECTS + 1):
            url = self._checked(address, base)
            try:
                async with session.get(
                    url, headers=self._login.headers, allow_redirects=False
                ) as response:
                    if response.status // 100 != 3:  # noqa: PLR2004 - redirects
                        return await self._taken(response, url)
                    address = response.headers.get("Location", "")
                    base = url
            except (aiohttp.ClientError, OSError) as error:
                raise _failure(error, self._options) from None
        raise HostSourceError(
            f"Redfish: {self._options.url} redirects in circles", "redirect", "check its url"
        )

    def _checked(self, address: str, base: str = "") -> str:
        """The URL of an address. Nobody leads us, and our password, to another server.

        Args:
            address: as the service gives it.
            base: what it is relative to; the service's own URL where empty.

        Raises:
            HostSourceError: it is no address, or one of another server.
        """
        ours = _server(self._options.url)
        try:
            url = urljoin(base or f"{self._options.url}/", address)
            theirs = _server(url)
        except ValueError:  # brackets that do not close, a port that is none
            raise HostSourceError(
                f"Redfish: {self._options.url} leads to {shown(address)}, which is no address",
                "invalid",
            ) from None
        if ours != theirs:
            scheme, host, port = theirs
            raise HostSourceError(
                f"Redfish: {self._options.url} leads to another server, {shown(scheme)}://"
                f"{shown(host or '')}:{port}",
                "redirect",
                "set [host.redfish] url to the address that the controller wants to be asked at",
            )
        return url

    async def _taken(self, response: aiohttp.ClientResponse, url: str) -> Resource:
        if response.status != 200:  # noqa: PLR2004 - OK
            raise _refusal(response, url)
        body = bytearray()
        async for chunk in response.content.iter_chunked(65_536):
            body += chunk
            if len(body) > _MOST_BYTES:
                response.close()
                raise HostSourceError(
                    f"Redfish: {shown(url)} is larger than {_MOST_BYTES // 1000} kB", "too_large"
                )
        self.taken_bytes += len(body)
        return _parsed(bytes(body), url)


def _parsed(body: bytes, url: str) -> Resource:
    try:
        found: Any = json.loads(body, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, Mapping):
        raise HostSourceError(f"Redfish: {shown(url)} is no JSON object", "invalid")
    return found


def _refusal(response: aiohttp.ClientResponse, url: str) -> HostSourceError:
    status = response.status
    text = f"Redfish: {shown(url)}: HTTP {status} {shown(response.reason or '')}".rstrip()
    if status == 401:  # noqa: PLR2004 - Unauthorized
        return HostSourceError(
            text,
            "unauthorized",
            "check username and password_file; it is tried seldom, so that the account is not "
            "locked",
            retry_seconds=_LATER_SECONDS,
        )
    if status == 403:  # noqa: PLR2004 - Forbidden
        return HostSourceError(text, "forbidden", "give the user the right to read (ReadOnly)")
    if status in _NOT_THERE:
        return HostSourceError(text, "not_found")
    if status in _BUSY:
        later = response.headers.get("Retry-After", "")
        seconds = min(float(later), _MOST_LATER_SECONDS) if later.isdecimal() else None
        return HostSourceError(text, "busy", retry_seconds=seconds)
    return HostSourceError(text, "server_error" if status >= 500 else "refused")  # noqa: PLR2004


def _failure(error: Exception, options: RedfishOptions) -> HostSourceError:
    """What went wrong below HTTP, for people."""
    url = options.url
    if isinstance(error, TimeoutError):
        return HostSourceError(
            f"Redfish: {url} did not answer within {options.timeout_seconds:g} s", "timeout"
        )
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        why = getattr(error.certificate_error, "verify_message", "") or "not trusted"
        return HostSourceError(
            f"Redfish: the certificate of {url} is refused: {why}",
            "tls",
            "set ca_file to the authority that signed it, or to that certificate itself, and url "
            "to a name that stands in it",
        )
    if isinstance(error, aiohttp.ClientSSLError | ssl.SSLError):
        return HostSourceError(f"Redfish: no TLS with {url}", "tls", "check url and its port")
    if isinstance(error, aiohttp.ClientConnectorError):
        why = error.os_error.strerror or "no connection"
        return HostSourceError(f"Redfish: {url} cannot be reached: {why}", "unreachable")
    return HostSourceError(f"Redfish: {url} broke off: {type(error).__name__}", "broken")


def _server(url: str) -> tuple[str, str | None, int | None]:
    """Scheme, host and port.

    Raises:
        ValueError: it is no URL.
    """
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)


def _tls_context(options: RedfishOptions) -> ssl.SSLContext | None:
    """Verifies certificate and name. Blocks.

    Raises:
        HostSourceError: the file is not what it should be.
    """
    if not options.url.startswith("https:"):
        return None
    try:
        return ssl.create_default_context(cafile=options.ca_file)
    except (OSError, ssl.SSLError) as error:
        why = error.strerror if not isinstance(error, ssl.SSLError) else "it holds no certificate"
        raise HostSourceError(
            f"Redfish: ca_file {options.ca_file} cannot be used: {why}",
            "tls",
            "check [host.redfish] ca_file and that the daemon may read it",
        ) from None
