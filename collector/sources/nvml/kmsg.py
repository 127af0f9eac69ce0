"""The text of /dev/kmsg: its records, and the XID errors that NVIDIA's driver writes there.

A record is `PRIORITY,SEQUENCE,MICROSECONDS,FLAGS[,...];TEXT` and may be followed by lines that
begin with a blank (kernel: Documentation/ABI/testing/dev-kmsg). The driver's lines, in the order of
its history:

    NVRM: Xid (0000:03:00): 8, Channel 00000001
    NVRM: Xid (PCI:0000:c1:00): 79, pid=1234, name=python, GPU has fallen off the bus.
    NVRM: Xid (PCI:0000:c1:00 GPU-I:05 GPU-CI:00): 31, pid='<unknown>', name=<unknown>, Ch 0000000a
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from collector.sources.events import pci_address

_RECORD = re.compile(rb"(\d{1,9}),(\d{1,18}),(\d{1,18}),[^;]*;(.*)", re.DOTALL)
_XID = re.compile(
    r"NVRM: Xid \(((?:PCI:)?[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}(?:\.[0-7])?)(?: [^()]{0,64})?\)"
    r": (\d{1,5})(?![0-9])",
    re.IGNORECASE | re.ASCII,
)
_FACILITY_BITS = 3
MOST_BYTES = 1 << 16
"""More than a record can have (8 KiB); a longer line is none."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record that the kernel itself wrote.

    Attributes:
        sequence: its number, from 0 at boot.
        since_boot_ns: when it was written, by the kernel's own clock.
        xid: what error it tells of: the GPU's PCI address and the code; None for any other record.
    """

    sequence: int
    since_boot_ns: int
    xid: tuple[str, int] | None = None


class Splitter:
    """Puts records together from what was read, which need not end where a record does."""

    def __init__(self) -> None:
        self._rest = b""

    def records(self, chunk: bytes) -> Iterator[Record]:
        """The records that are complete by now; what is no record is left out."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if len(self._rest) > MOST_BYTES:
            self._rest = b""
        for line in lines:
            record = parse(line)
            if record is not None:
                yield record


def parse(line: bytes) -> Record | None:
    """A record's first line; None when it is none.

    Programs may write into the kernel log too; the kernel marks such records, and they tell of no
    XID here.
    """
    match = _RECORD.fullmatch(line)
    if match is None:
        return None
    priority, sequence, microseconds = (int(match[group]) for group in (1, 2, 3))
    by_kernel = priority >> _FACILITY_BITS == 0
    xid = parse_xid(match[4].decode("utf-8", "replace")) if by_kernel else None
    return Record(sequence, microseconds * 1000, xid)


def parse_xid(text: str) -> tuple[str, int] | None:
    """The GPU's PCI address and the code, where a message is of an XID error."""
    match = _XID.match(text)
    if match is None:
        return None
    return pci_address(match[1]), int(match[2])
