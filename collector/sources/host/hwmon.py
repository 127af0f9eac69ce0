"""Power meters that the kernel shows under `class/hwmon`.

ACPI power meters (kernel: Documentation/hwmon/acpi_power_meter.rst) tell what they measure in
`power1_oem_info`: on NVIDIA Grace `Module Power Socket 0`, `Grace Power Socket 0`, and so on. One
without a known label measures the platform's input; where there are several such, nobody knows
what each of them is a part of, and none is used. AMD's HSMP driver shows the power of each socket,
and unlike RAPL lets everybody read it.
"""

import asyncio
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from collector.sources.host.own_thread import OwnThread
from collector.sources.host.protocol import (
    HostReading,
    HostSourceError,
    NothingHereError,
    Scope,
)
from collector.sources.host.sysfs import number_of, text_of, word_of

log = logging.getLogger(__name__)

NAME = "hwmon"
_TIMEOUT_SECONDS = 5.0
"""An ACPI meter may ask the management controller over a slow bus."""
_LABEL = re.compile(r"(\w+) Power Socket ([0-9]{1,5})", re.IGNORECASE)
_LABELLED: Mapping[str, tuple[Scope, str]] = {
    "module": (Scope.MODULE, "module"),
    "grace": (Scope.CPU, "grace"),
    "cpu": (Scope.CPU_RAIL, "cpu"),
    "sysio": (Scope.SYSIO_RAIL, "sysio"),
}
"""By the label's first word: scope and device. The Grace socket contains its rails and memory."""
_UNKNOWN_UW = {0xFFFF_FFFF * 1000, 0xFFFF_FFFF}
"""ACPI 10.4.2: Ones in all 32 bits, of mW, say that the meter has no reading."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """One sensor that was found.

    Attributes:
        path: holds its power in microwatts.
        scope: what it covers.
        device: its name.
        via: the driver.
    """

    path: Path
    scope: Scope
    device: str
    via: str


class HwmonSource:
    """Reads the meters, each in a thread of its own.

    Args:
        sysfs_root: where sysfs is.
        seconds: how often it is read.
        timeout_seconds: how long one read may take.
    """

    name = NAME

    def __init__(
        self,
        sysfs_root: Path = Path("/sys"),
        *,
        seconds: float = 1.0,
        timeout_seconds: float = _TIMEOUT_SECONDS,
    ) -> None:
        self.seconds = seconds
        self._root = sysfs_root
        self._timeout_seconds = timeout_seconds
        self._finder = OwnThread(f"{NAME} find")
        self._threads: dict[str, OwnThread] = {}
        self._meters: list[Meter] = []
        self._told: set[str] = set()

    async def open(self) -> None:
        """Find the meters.

        Raises:
            NothingHereError: there is none.
            HostSourceError: sysfs did not answer.
        """
        found = await self._finder.call(lambda: find(self._root, self._told), self._timeout_seconds)
        if not found:
            raise NothingHereError(f"no power meter of the host under {self._root}/class/hwmon")
        self._meters = found

    async def read(self) -> Sequence[HostReading]:
        """Every meter's power.

        Raises:
            HostSourceError: none of them answers.
        """
        readings = await asyncio.gather(*map(self._one, self._meters))
        if readings and all(reading.error for reading in readings):
            words = sorted({reading.error for reading in readings})
            raise HostSourceError(
                f"no power meter under {self._root}/class/hwmon can be read: {', '.join(words)}",
                words[0],
                "look into the kernel log for messages of its driver",
            )
        return readings

    async def close(self) -> None:
        """Let the threads end."""
        for thread in (self._finder, *self._threads.values()):
            thread.stop()
        self._meters = []

    async def _one(self, meter: Meter) -> HostReading:
        thread = self._threads.get(meter.device)
        if thread is None:
            thread = self._threads[meter.device] = OwnThread(f"{NAME} {meter.device}")
        failed = HostReading(
            source=NAME, scope=meter.scope, device=meter.device, monotonic_ns=0, via=meter.via
        )
        try:
            at_ns, microwatts = await thread.call(
                lambda: number_of(meter.path), self._timeout_seconds
            )
        except HostSourceError as error:
            return replace(failed, error=error.word)
        except OSError as error:
            return replace(failed, error=word_of(error))
        except ValueError:
            return replace(failed, error="invalid")
        # A machine that runs this draws more than nothing.
        if microwatts <= 0 or microwatts in _UNKNOWN_UW:
            return replace(failed, error="no_reading")
        return replace(failed, monotonic_ns=at_ns, milliwatts=(microwatts + 500) // 1000)


def find(sysfs_root: Path, told: set[str]) -> list[Meter]:
    """The meters whose meaning is known. Blocks.

    Args:
        sysfs_root: where sysfs is.
        told: what was logged already: it is looked for them again and again.
    """
    meters: list[Meter] = []
    unlabelled: list[Path] = []
    sockets = 0
    for chip in _chips(sysfs_root):
        driver = text_of(chip / "name") or text_of(chip / "device/name")
        if driver == "power_meter":
            for path in _files(chip, "average"):
                label = text_of(path.with_name(path.name.replace("_average", "_oem_info")))
                match = _LABEL.fullmatch(label)
                if match is None:
                    unlabelled.append(path)
                elif match[1].lower() in _LABELLED:
                    scope, kind = _LABELLED[match[1].lower()]
                    device = f"{kind}-{int(match[2])}"
                    meters.append(Meter(path=path, scope=scope, device=device, via=driver))
        elif driver == "amd_hsmp_hwmon":
            for path in _files(chip, "input"):
                device = f"socket-{sockets}"
                meters.append(Meter(path=path, scope=Scope.CPU, device=device, via=driver))
                sockets += 1
    if len(unlabelled) == 1 and not any(meter.via == "power_meter" for meter in meters):
        meters.append(
            Meter(path=unlabelled[0], scope=Scope.AC_INPUT, device="acpi", via="power_meter")
        )
    elif unlabelled:
        _tell_unused(len(unlabelled), told)
    return meters


def _tell_unused(count: int, told: set[str]) -> None:
    text = f"{count} ACPI power meters do not say what they measure and are not used"
    if text not in told:
        told.add(text)
        log.info("%s", text, extra={"source": NAME})


def _chips(sysfs_root: Path) -> list[Path]:
    try:
        found = [path for path in (sysfs_root / "class/hwmon").iterdir() if _number(path) >= 0]
    except OSError:
        return []
    return sorted(found, key=_number)


def _number(path: Path) -> int:
    digits = path.name.removeprefix("hwmon")
    return int(digits) if digits.isdecimal() else -1


def _files(chip: Path, what: str) -> Iterator[Path]:
    """`power1_average` and the like; older kernels keep them one folder down."""
    seen: set[str] = set()
    for folder in (chip, chip / "device"):
        for path in sorted(folder.glob(f"power[0-9]*_{what}")):
            if path.name not in seen:
                seen.add(path.name)
                yield path
