"""Text of the kernel and of programs: hwmon, RAPL, what IPMI tools print, the kernel log."""

import asyncio
import shutil
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from collector.sources.events import pci_address
from collector.sources.host.dcmi import TOOLS, failure, milliwatts
from collector.sources.host.hwmon import HwmonSource
from collector.sources.host.protocol import HostSource, HostSourceError
from collector.sources.host.rapl import RaplSource
from collector.sources.nvml.kmsg import Splitter, parse_xid
from tests.fuzz import byte_changes, odd
from tests.fuzz.choices import Choices
from tests.fuzz.target import Target, folder
from tests.fuzz.words import checked
from tests.host.sysfs import acpi_meter, rapl_zone

_LONGEST_LABEL = 100
_MOST = 2**64
Files = Mapping[str, bytes]

_HWMON = {
    **acpi_meter(0, 612_000_000, "Module Power Socket 0"),
    **acpi_meter(1, 168_000_000, "Grace Power Socket 0", old=True),
    "class/hwmon/hwmon2/name": "amd_hsmp_hwmon",
    "class/hwmon/hwmon2/power1_input": 90_000_000,
    "class/hwmon/hwmon2/power2_input": 91_000_000,
}
_RAPL = {
    **rapl_zone("intel-rapl:0", "package-0", 123_456),
    **rapl_zone("intel-rapl:0:0", "dram", 99),
    **rapl_zone("intel-rapl-mmio:0", "package-0", 5),
}
_TEXTS = (
    *odd.TEXTS,
    "4294967295000",
    "-5",
    "Module Power Socket 99999999999999999999",
    f"Grace Power Socket {odd.DIGITS[:4000]}",
    f"package-{odd.DIGITS[:4000]}",
    "package-1-die-1",
)


def _tree(files: Mapping[str, object], choices: Choices) -> Files:
    made = {name: f"{content}\n".encode() for name, content in files.items()}
    for _ in range(choices.count()):
        name = choices.pick(list(made))
        if choices.seldom(3):
            made[name] = byte_changes.changed(made[name], choices)
        else:
            made[name] = choices.pick(_TEXTS).encode("utf-8", "surrogatepass")
    return made


@cache
def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


def _laid(name: str, files: Files) -> Path:
    root = folder() / name
    shutil.rmtree(root, ignore_errors=True)
    for file, content in files.items():
        path = root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def _read(source: HostSource) -> bool:
    return _loop().run_until_complete(_looked(source))


async def _looked(source: HostSource) -> bool:
    try:
        await source.open()
        readings = await source.read()
    except HostSourceError as error:
        checked(error)
        return False
    finally:
        await source.close()
    for one in readings:
        assert len(one.device) <= _LONGEST_LABEL
        assert one.device.isprintable()
        for value in (one.milliwatts, one.counter_uj, one.counter_range_uj):
            assert value is None or 0 <= value < _MOST
    return True


def _run_hwmon(files: Files) -> bool:
    return _read(HwmonSource(_laid("hwmon", files)))


def _run_rapl(files: Files) -> bool:
    return _read(RaplSource(_laid("rapl", files)))


_PRINTED = (
    (
        b"\n    Instantaneous power reading:                   412 Watts\n"
        b"    Minimum during sampling period:                  3 Watts\n"
        b"    IPMI timestamp:                           Wed Nov 18 11:06:40 2026\n"
        b"    Power reading state is:                   activated\n\n"
    ),
    (
        b"Current Power                        : 164 Watts\n"
        b"Power Measurement                    : Active\n"
    ),
    b"Could not open device at /dev/ipmi0 or /dev/ipmi/0: Permission denied\n",
    b"DCMI request failed because: Invalid command (c1)\n",
)


def _dcmi(choices: Choices) -> str:
    printed = choices.pick(_PRINTED)
    if choices.seldom(2):
        lines = printed.decode().split("\n")
        at = choices.below(len(lines))
        lines[at] = lines[at].partition(":")[0] + ": " + choices.pick(_TEXTS) + " Watts"
        printed = "\n".join(lines).encode("utf-8", "surrogatepass")
    return byte_changes.changed(printed, choices)[:65_536].decode("utf-8", "replace")


def _run_dcmi(printed: str) -> bool:
    taken = False
    for tool in TOOLS:
        try:
            assert 0 < milliwatts(tool, printed) < 65_535_000
            taken = True
        except HostSourceError as error:
            checked(error)
        checked(failure(tool, printed))
    return taken


_LOG = (
    b"4,1000,5000000,-;NVRM: Xid (PCI:0000:c1:00): 79, pid=1234, name=python, GPU has fallen off"
    b" the bus.\n SUBSYSTEM=pci\n DEVICE=+pci:0000:c1:00.0\n"
    b"6,1001,5000001,-,caller=T1;NVRM: Xid (PCI:0000:c1:00 GPU-I:05): 31, Ch 0000000a\n"
    b"12,1002,5000002,-;NVRM: Xid (PCI:0000:c1:00): 13\n"
)


def _kmsg(choices: Choices) -> list[bytes]:
    data = byte_changes.changed(_LOG, choices)
    if choices.seldom(6):
        data = data.replace(b"79", choices.pick(_TEXTS).encode("utf-8", "surrogatepass"))
    cut = choices.below(len(data) + 1)
    return [data[:cut], data[cut:], b"\n"]


def _run_kmsg(chunks: list[bytes]) -> bool:
    splitter, found = Splitter(), 0
    for chunk in chunks:
        for record in splitter.records(chunk):
            assert 0 <= record.sequence < 10**18
            assert 0 <= record.since_boot_ns < 10**21
            if record.xid is not None:
                address, code = record.xid
                assert 0 <= code < 10**5
                assert address.isascii()
                assert len(address) <= 16
                found += 1
    return bool(found)


def _xid(choices: Choices) -> str:
    text = _LOG.decode().split(";")[1 + choices.below(3)].partition("\n")[0]
    changed = byte_changes.changed(text.encode(), choices).decode("utf-8", "replace")
    return choices.pick(odd.TEXTS) if choices.seldom(12) else changed


def _run_xid(text: str) -> bool:
    address = pci_address(text)
    assert len(address) <= 16
    return parse_xid(text) is not None


def _of_hwmon(choices: Choices) -> Files:
    return _tree(_HWMON, choices)


def _of_rapl(choices: Choices) -> Files:
    return _tree(_RAPL, choices)


TARGETS = (
    Target(name="hwmon", make=_of_hwmon, run=_run_hwmon, share=0.4),
    Target(name="rapl", make=_of_rapl, run=_run_rapl, share=0.4),
    Target(name="ipmi", make=_dcmi, run=_run_dcmi, share=2),
    Target(name="kernel-log", make=_kmsg, run=_run_kmsg, share=3),
    Target(name="xid", make=_xid, run=_run_xid, share=2),
)
