"""Who asks: a session where the service has them, basic authentication where not.

A session costs the controller one password check instead of one each request. It is ended when it
is not needed any more: controllers have room for a few only.
"""

import asyncio
import contextlib
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path

import aiohttp

from collector.sources.host.protocol import HostSourceError
from collector.sources.host.redfish.options import RedfishOptions, keeps_secrets

_END_SECONDS = 1.0
_MOST_BYTES = 4096


class Login:
    """What is sent with every request, so that the service knows us.

    Args:
        options: where to, and who asks.
    """

    def __init__(self, options: RedfishOptions) -> None:
        self._options = options
        self.headers: Mapping[str, str] = {}
        self.done = not options.username
        self._own = ""

    async def begin(self, session: aiohttp.ClientSession, sessions: str) -> None:
        """Log in, if there is somebody to log in.

        Args:
            session: the connection.
            sessions: URL where sessions are begun; empty where the service has none.

        Raises:
            HostSourceError: the password cannot be read, may not be sent, or is wrong.
            aiohttp.ClientError: the service did not answer.
            TimeoutError: likewise.
        """
        options = self._options
        if not options.username:
            return
        if not keeps_secrets(options.url):
            raise HostSourceError(
                f"Redfish: the password would go to {options.url} unencrypted",
                "tls",
                "set [host.redfish] url to https://...",
                retry_seconds=3600,
            )
        password = await asyncio.to_thread(_password, options.password_file)
        both = f"{options.username}:{password}".encode()
        self._own, self.headers = "", {"Authorization": f"Basic {b64encode(both).decode()}"}
        if sessions:
            await self._begin_session(session, sessions, password)
        self.done = True

    async def _begin_session(
        self, session: aiohttp.ClientSession, sessions: str, password: str
    ) -> None:
        options = self._options
        async with session.post(
            sessions,
            json={"UserName": options.username, "Password": password},
            allow_redirects=False,
        ) as response:
            token = response.headers.get("X-Auth-Token", "")
            if response.status == 401:  # noqa: PLR2004 - Unauthorized
                self.headers = {}
                raise HostSourceError(
                    f"Redfish: {options.url} refuses user {options.username} or the password",
                    "unauthorized",
                    "check username and password_file; it is tried seldom, so that the account "
                    "is not locked",
                    retry_seconds=600,
                )
            if response.status in {200, 201} and token:
                self._own = response.headers.get("Location", "")
                self.headers = {"X-Auth-Token": token}

    def expired(self) -> bool:
        """Whether it was a session, which the service has forgotten; then it is to begin anew."""
        was_session = "X-Auth-Token" in self.headers
        if was_session:
            self.headers, self.done, self._own = {}, False, ""
        return was_session

    async def end(self, session: aiohttp.ClientSession) -> None:
        """Give the session back, if there is one. Never fails, and never takes long."""
        own, headers = self._own, self.headers
        self.headers, self.done, self._own = {}, not self._options.username, ""
        path = own.removeprefix(self._options.url)
        if not path.startswith("/") or path.startswith("//"):
            return
        with contextlib.suppress(aiohttp.ClientError, OSError):
            async with (
                asyncio.timeout(_END_SECONDS),
                session.delete(self._options.url + path, headers=headers, allow_redirects=False),
            ):
                pass


def _password(path: Path | None) -> str:
    """The first line of the password's file. Blocks.

    Raises:
        HostSourceError: it cannot be read, or is empty.
    """
    why = "it is not set"
    if path is not None:
        try:
            with path.open("rb") as file:
                lines = file.read(_MOST_BYTES).decode("utf-8").splitlines()
        except OSError as error:
            why = error.strerror or "it cannot be read"
        except UnicodeDecodeError:
            why = "it is not text"
        else:
            if lines and lines[0]:
                return lines[0]
            why = "it is empty"
    raise HostSourceError(
        f"Redfish: password_file {path or ''}: {why}",
        "password_file",
        "write the password into its first line and let the daemon read it",
    )
