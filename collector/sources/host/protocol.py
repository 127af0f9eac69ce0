"""What the daemon asks of a source of host power. Only a source knows how its machine is asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from collector.sources.protocol import SourceError


class Scope(StrEnum):
    """What a reading covers. Scopes contain each other, so two are never added."""

    AC_INPUT = "ac_input"
    """What the node, or one of its power supplies, draws from the building."""
    DC_NODE = "dc_node"
    """What a node without power supplies of its own draws from a busbar or an enclosure."""
    BASEBOARD = "baseboard"
    """The board that carries the accelerators, all of it."""
    MODULE = "module"
    """A processor module: CPU, its GPUs, their memory, regulator losses."""
    CPU = "cpu"
    """A CPU socket. With RAPL its package, without the memory; on Grace with it."""
    CPU_RAIL = "cpu_rail"
    """The cores' supply alone; a part of `cpu`."""
    SYSIO_RAIL = "sysio_rail"
    """The supply of a socket's fabric and I/O; a part of `cpu`."""
    DRAM = "dram"
    """The memory of a socket."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostReading:
    """What one sensor said at one instant.

    A sensor that is known and did not answer is there too, with `error` and without a value: so
    that nobody takes the sum of the others for the whole.

    Attributes:
        source: who says it: `redfish`, `ipmi`, `hwmon`, `rapl`.
        scope: what it covers, see `Scope`.
        device: which one of that source's: `PSU1`, `package-0`, ...
        monotonic_ns: midpoint of the read.
        milliwatts: power now; None where the sensor counts energy only, or did not answer.
        counter_uj: a counter of energy, microjoules; it wraps.
        counter_range_uj: the counter goes on from 0 after this many microjoules.
        error: a short, stable word for why there is no value; empty when there is one.
        via: which of the source's ways it came: `EnvironmentMetrics`, `ipmitool`, ...
    """

    source: str
    scope: str
    device: str
    monotonic_ns: int
    milliwatts: int | None = None
    counter_uj: int | None = None
    counter_range_uj: int | None = None
    error: str = ""
    via: str = ""


class HostSource(Protocol):
    """A source of host power. Its methods are awaited one after the other, never at once.

    Attributes:
        name: as in `HostReading.source`.
        seconds: how often it is read.
    """

    @property
    def name(self) -> str:
        """See above."""

    @property
    def seconds(self) -> float:
        """See above."""

    async def open(self) -> None:
        """Find the sensors. May be called again after `close`.

        Raises:
            NothingHereError: this machine has none; that is nothing wrong.
            SourceError: it could not be found out, or may not be read.
        """

    async def read(self) -> Sequence[HostReading]:
        """Read every sensor that `open` found, each within a time limit.

        Raises:
            SourceError: nothing at all could be read.
        """

    async def close(self) -> None:
        """Let go of everything. Takes a second or two at most; never fails."""


class HostSourceError(SourceError):
    """A source of host power could not do what was asked. The text is for people.

    Attributes:
        word: as in `SourceError`.
        action: what to do about it.
        retry_seconds: when to try again at the earliest; None leaves it to the caller.
    """

    def __init__(
        self, text: str, word: str, action: str = "", *, retry_seconds: float | None = None
    ) -> None:
        super().__init__(text, word, action)
        self.retry_seconds = retry_seconds


class NothingHereError(HostSourceError):
    """This machine has no such sensor. It may come with a driver that is loaded later."""

    def __init__(self, text: str, action: str = "") -> None:
        super().__init__(text, "nothing_here", action)
