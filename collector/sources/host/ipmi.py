"""The node's input power by IPMI DCMI, through ipmitool or freeipmi.

DCMI's power reading is defined for the whole platform, at its input. For nodes whose controller
has no Redfish.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import time
from collections.abc import Sequence

from collector.sources.host.dcmi import TOOLS, Tool, failure, milliwatts
from collector.sources.host.protocol import (
    HostReading,
    HostSourceError,
    Scope,
)

NAME = "ipmi"
_TIMEOUT_SECONDS = 10.0
_DIE_SECONDS = 1.0
_MOST_BYTES = 65_536


class IpmiSource:
    """Starts the tool for each reading.

    Args:
        seconds: how often it is read.
        timeout_seconds: how long the tool may take before it is killed.
        search: where the tool is looked for, as in `PATH`; None takes `PATH` and `/usr/sbin`.
    """

    name = NAME

    def __init__(
        self,
        *,
        seconds: float = 10.0,
        timeout_seconds: float = _TIMEOUT_SECONDS,
        search: str | None = None,
    ) -> None:
        self.seconds = seconds
        self._timeout_seconds = timeout_seconds
        self._search = search or f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
        self._found: tuple[Tool, str] | None = None
        self._stuck: asyncio.subprocess.Process | None = None

    async def open(self) -> None:
        """Find a tool that reads power.

        Raises:
            HostSourceError: there is none, or it reads nothing.
        """
        problem: HostSourceError | None = None
        for tool in TOOLS:
            path = shutil.which(tool.command, path=self._search)
            if path is None:
                continue
            self._found = (tool, path)
            try:
                await self.read()
            except HostSourceError as error:
                problem, self._found = problem or error, None
            else:
                return
        raise problem or HostSourceError(
            "IPMI: neither ipmitool nor ipmi-dcmi is installed",
            "no_tool",
            "install ipmitool or freeipmi, or remove [host.ipmi]",
            retry_seconds=600,
        )

    async def read(self) -> Sequence[HostReading]:
        """The platform's power.

        Raises:
            HostSourceError: the tool failed, or printed none.
        """
        if self._found is None:
            raise HostSourceError("IPMI: not opened", "not_open")
        tool, path = self._found
        before_ns = time.monotonic_ns()
        code, output, errors = await self._run(path, *tool.arguments)
        after_ns = time.monotonic_ns()
        if code:
            raise failure(tool, errors or output)
        return (
            HostReading(
                source=NAME,
                scope=Scope.AC_INPUT,
                device="dcmi",
                monotonic_ns=(before_ns + after_ns) // 2,
                milliwatts=milliwatts(tool, output),
                via=tool.command,
            ),
        )

    async def close(self) -> None:
        """Nothing stays open."""
        self._found = None

    async def _run(self, *command: str) -> tuple[int, str, str]:
        """Run a command; kill it and all it started when it takes too long.

        Raises:
            HostSourceError: it could not be started, or did not end.
        """
        if self._stuck is not None:
            if self._stuck.returncode is None:
                raise HostSourceError(
                    f"IPMI: {command[0]} hangs in the kernel and cannot be ended",
                    "timeout",
                    "look into the kernel log for messages of ipmi_si",
                )
            self._stuck = None
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env={"LC_ALL": "C", "PATH": self._search, "HOME": "/"},
                start_new_session=True,
            )
        except OSError as error:
            raise HostSourceError(
                f"IPMI: {command[0]} cannot be started: {error.strerror}", "no_tool"
            ) from None
        try:
            async with asyncio.timeout(self._timeout_seconds):
                output, errors = await asyncio.gather(
                    _first(process.stdout), _first(process.stderr)
                )
                code = await process.wait()
        except TimeoutError:
            raise HostSourceError(
                f"IPMI: {command[0]} did not answer within {self._timeout_seconds:g} s",
                "timeout",
                "the management controller may be busy; it is tried again by itself",
            ) from None
        finally:
            if process.returncode is None:
                await self._kill(process)
        return code, output, errors

    async def _kill(self, process: asyncio.subprocess.Process) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        try:
            async with asyncio.timeout(_DIE_SECONDS):
                # What it wrote is still in the pipes; they close only at their end.
                await asyncio.gather(_first(process.stdout), _first(process.stderr))
                await process.wait()
        except TimeoutError:
            self._stuck = process


async def _first(stream: asyncio.StreamReader | None) -> str:
    """What comes from a stream until its end; more than is sensible is read and dropped."""
    kept = bytearray()
    while stream is not None and (chunk := await stream.read(4096)):
        kept += chunk[: _MOST_BYTES - len(kept)]
    return kept.decode("utf-8", "replace")
