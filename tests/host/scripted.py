"""Sources of host power that do as a test says."""

import asyncio
import time
from collections.abc import Callable, Sequence

from collector.sources.host.protocol import HostReading


def reading(
    source: str, scope: str, device: str, watts: float | None, at_ns: int | None = None
) -> HostReading:
    """A reading, or a failure where there are no watts."""
    return HostReading(
        source=source,
        scope=scope,
        device=device,
        monotonic_ns=time.monotonic_ns() if at_ns is None else at_ns,
        milliwatts=None if watts is None else round(watts * 1000),
        error="" if watts is not None else "timeout",
        via="script",
    )


class Scripted:
    """A source whose every read does what `says` does: return readings, or raise.

    Args:
        name: of the source.
        says: called for every read.
        opens: called for every opening.
        seconds: between two reads.
    """

    def __init__(
        self,
        name: str,
        says: Callable[[], Sequence[HostReading]],
        *,
        opens: Callable[[], None] = lambda: None,
        seconds: float = 0.01,
    ) -> None:
        self.name = name
        self.seconds = seconds
        self.opened = self.closed = self.reads = 0
        self.hangs_in: str = ""
        self._says = says
        self._opens = opens

    async def open(self) -> None:
        self.opened += 1
        await self._maybe_hang("open")
        self._opens()

    async def read(self) -> Sequence[HostReading]:
        self.reads += 1
        await self._maybe_hang("read")
        return self._says()

    async def close(self) -> None:
        self.closed += 1
        await self._maybe_hang("close")

    async def _maybe_hang(self, where: str) -> None:
        if self.hangs_in == where:
            await asyncio.sleep(3600)
