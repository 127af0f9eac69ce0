"""CPU and memory energy by RAPL, as the kernel shows it under `class/powercap`.

Each zone has a counter of microjoules that starts again at 0 after `max_energy_range_uj` (kernel:
Documentation/power/powercap/powercap.rst); whoever uses it must read it more often than it wraps.
A package contains its `core` and `uncore`, which are left out, and on some boards `psys` contains
everything, or something else: it is left out too, for no document says what. `intel-rapl-mmio`
shows the same energy a second time.
"""

import logging
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
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

NAME = "rapl"
_TIMEOUT_SECONDS = 5.0
_ZONE = re.compile(r"intel-rapl(-mmio)?((?::\d+)+)")
_PACKAGE = re.compile(r"package-[0-9]{1,5}(-die-[0-9]{1,5})?")
_LATER_SECONDS = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """One counter that was found."""

    folder: Path
    scope: Scope
    device: str
    range_uj: int


class RaplSource:
    """Reads the counters.

    Args:
        sysfs_root: where sysfs is.
        seconds: how often it is read; far more often than a counter wraps.
        timeout_seconds: how long all of it may take.
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
        self._thread = OwnThread(NAME)
        self._zones: list[Zone] = []
        self._told: set[Path] = set()

    async def open(self) -> None:
        """Find the zones.

        Raises:
            NothingHereError: there is none.
            HostSourceError: they may not be read, or sysfs did not answer.
        """
        zones = await self._thread.call(lambda: find(self._root, self._told), self._timeout_seconds)
        if not zones:
            raise NothingHereError(f"no RAPL zone under {self._root}/class/powercap")
        self._zones = zones
        await self.read()

    async def read(self) -> Sequence[HostReading]:
        """Every zone's counter.

        Raises:
            HostSourceError: none of them can be read.
        """
        zones = self._zones
        readings = await self._thread.call(
            lambda: [_read(zone) for zone in zones], self._timeout_seconds
        )
        words = {reading.error for reading in readings}
        if "" in words:
            return readings
        if words == {"no_permission"}:
            raise HostSourceError(
                f"CPU energy (RAPL): {zones[0].folder}/energy_uj may be read by root only",
                "no_permission",
                "give the service the capability CAP_DAC_READ_SEARCH, or let a udev rule make "
                "energy_uj readable for its group",
                retry_seconds=_LATER_SECONDS,
            )
        raise HostSourceError(
            f"CPU energy (RAPL) under {self._root}/class/powercap cannot be read: "
            f"{', '.join(sorted(words))}",
            min(words),
            "look into the kernel log for messages of intel_rapl",
        )

    async def close(self) -> None:
        """Let the thread end."""
        self._thread.stop()
        self._zones = []


def find(sysfs_root: Path, told: set[Path]) -> list[Zone]:
    """The packages and their memory. Blocks.

    Args:
        sysfs_root: where sysfs is.
        told: what was logged already: it is looked for them again and again.
    """
    try:
        folders = sorted((sysfs_root / "class/powercap").iterdir())
    except OSError:
        return []
    # What sorts before: `intel-rapl:` goes before its double in `intel-rapl-mmio:`.
    matched = [(match, path) for path in folders if (match := _ZONE.fullmatch(path.name))]
    matched.sort(key=lambda found: (found[0][1] or "", found[0][2]))
    names = {path.name: text_of(path / "name") for _, path in matched}
    zones: dict[tuple[Scope, str], Zone] = {}
    for _, path in matched:
        name, parent = names[path.name], names.get(path.name.rpartition(":")[0], "")
        if _PACKAGE.fullmatch(name):
            scope, device = Scope.CPU, name
        elif name == "dram" and _PACKAGE.fullmatch(parent):
            scope, device = Scope.DRAM, f"{parent}-dram"
        else:
            continue
        if (scope, device) in zones:
            continue
        try:
            _, range_uj = number_of(path / "max_energy_range_uj")
        except (OSError, ValueError):
            range_uj = 0
        if range_uj > 0:
            zones[scope, device] = Zone(folder=path, scope=scope, device=device, range_uj=range_uj)
        elif path not in told:
            told.add(path)
            words = "%s does not say when its counter wraps and is not used"
            log.warning(words, path, extra={"source": NAME})
    return list(zones.values())


def _read(zone: Zone) -> HostReading:
    error, at_ns, counter_uj = "", time.monotonic_ns(), None
    try:
        at_ns, counter_uj = number_of(zone.folder / "energy_uj")
        if not 0 <= counter_uj <= zone.range_uj:
            error, counter_uj = "invalid", None
    except OSError as failed:
        error = word_of(failed)
    except ValueError:
        error = "invalid"
    return HostReading(
        source=NAME,
        scope=zone.scope,
        device=zone.device,
        monotonic_ns=at_ns,
        counter_uj=counter_uj,
        counter_range_uj=zone.range_uj,
        error=error,
        via="powercap",
    )
