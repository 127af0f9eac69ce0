"""What the daemon asks of those who tell of events: errors that a driver reports one by one."""

import re
from collections import deque
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from collector.model import GpuIdentity
from collector.sources.protocol import SourceError

_PCI = re.compile(
    r"(?:PCI:)?([0-9A-F]{1,8}):([0-9A-F]{1,2}):([0-9A-F]{1,2})(?:\.[0-7])?", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuEvent:
    """One event of one GPU, as one origin tells of it.

    Attributes:
        kind: what `code` is a number of: `xid`.
        code: which event.
        origin: who tells of it: `nvml`, `kernel_log`. Two may tell of the same event.
        wall_ns: when it was, UTC.
        monotonic_ns: the same by CLOCK_MONOTONIC.
        uuid: the GPU; empty where only its place is known.
        pci_address: the GPU's place, as `pci_address` writes it; empty where the UUID is known.
        sequence: number of the log's record that tells of it; None when it is from no log.
    """

    kind: str
    code: int
    origin: str
    wall_ns: int
    monotonic_ns: int
    uuid: str = ""
    pci_address: str = ""
    sequence: int | None = None


class EventSource(Protocol):
    """Tells of events from a thread of its own. Every method returns at once but `join`."""

    @property
    def origin(self) -> str:
        """Its name: the `origin` of its events."""

    @property
    def found(self) -> deque[GpuEvent]:
        """Events not yet taken, oldest first."""

    @property
    def unsupported(self) -> frozenset[str]:
        """UUIDs of GPUs whose events cannot be heard."""

    @property
    def fatal(self) -> BaseException | None:
        """A bug that ended the thread."""

    def hears(self, uuid: str) -> bool:
        """Whether an event of this GPU would be told of now."""

    def watch(self, gpu: GpuIdentity) -> None:
        """Listen to a GPU; said again when it came back after it was lost."""

    def forget(self, uuid: str) -> None:
        """Listen to a GPU no more: another took its place."""

    def stop(self) -> None:
        """Ask the thread to end."""

    def join(self, timeout_seconds: float) -> bool:
        """Wait for the thread; False when it has not ended."""


class EventLog(Protocol):
    """A log that numbers its records: what happened while nobody listened can still be read."""

    @property
    def origin(self) -> str:
        """Its name: the `origin` of its events."""

    @property
    def found(self) -> deque[GpuEvent]:
        """Events not yet taken, oldest first."""

    @property
    def position(self) -> int | None:
        """Number of the last record whose events are in `found`; None while it was not read.

        Look at it before taking from `found`: then nothing up to it is left behind. What is taken
        may be from later records.
        """

    @property
    def lost(self) -> int:
        """Records that were overwritten before they could be read, since `start`."""

    @property
    def problem(self) -> SourceError | None:
        """Why it cannot be read; None while it can."""

    @property
    def fatal(self) -> BaseException | None:
        """A bug that ended the thread."""

    def start(self, after: int | None) -> None:
        """Begin to read, after the record of this number; None: only what comes from now on."""

    def stop(self) -> None:
        """Ask the thread to end."""

    def join(self, timeout_seconds: float) -> bool:
        """Wait for the thread; False when it has not ended."""


@runtime_checkable
class TellsOfEvents(Protocol):
    """What a source of GPUs is too, where its driver reports errors one by one."""

    def events(self) -> EventSource:
        """The driver's own word of them; not yet listened to."""

    def event_log(self) -> EventLog:
        """The kernel log's; not yet read."""


def pci_address(text: str) -> str:
    """A PCI address as `domain:bus:device` in lower case, `0000:c1:00`; empty when it is none.

    Drivers write the domain with four digits or eight, with or without the function.
    """
    match = _PCI.fullmatch(text.strip())
    if match is None:
        return ""
    domain, bus, device = (int(part, 16) for part in match.groups())
    return f"{domain:04x}:{bus:02x}:{device:02x}"
