"""What ipmitool and freeipmi print for DCMI's Get Power Reading (DCMI 1.5, section 6.6.1)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from collector.shown import shown
from collector.sources.host.protocol import HostSourceError

_WATTS = re.compile(r"([0-9]{1,5}) watts?", re.IGNORECASE)
_MOST_WATTS = 0xFFFF
"""The reading has 16 bits; all of them set is what a controller says that has none."""
_MOST_WORDS = 200
_UNSUPPORTED = re.compile(r"invalid command|not supported|unsupported", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A program that asks.

    Attributes:
        command: its name.
        arguments: what makes it read power, once.
        power: the line that has the present power.
        state: the line that says whether power is measured.
        active: what it then says, in small letters.
    """

    command: str
    arguments: tuple[str, ...]
    power: str
    state: str
    active: str


TOOLS: tuple[Tool, ...] = (
    Tool(
        command="ipmitool",
        arguments=("dcmi", "power", "reading"),
        power="instantaneous power reading",
        state="power reading state is",
        active="activated",
    ),
    Tool(
        command="ipmi-dcmi",
        arguments=("--get-system-power-statistics",),
        power="current power",
        state="power measurement",
        active="active",
    ),
)
"""In the order in which they are looked for."""


def milliwatts(tool: Tool, output: str) -> int:
    """The power that a tool printed, in milliwatts.

    Raises:
        HostSourceError: it printed none.
    """
    lines = _lines(output)
    state = lines.get(tool.state, tool.active)
    if state.lower() != tool.active:
        raise HostSourceError(
            f"IPMI: {tool.command} says that power is not measured ({shown(state)})",
            "no_reading",
            "switch power measurement on in the management controller",
        )
    match = _WATTS.fullmatch(lines.get(tool.power, ""))
    if match is None:
        raise HostSourceError(f"IPMI: {tool.command} printed no power", "invalid")
    watts = int(match[1])
    if not 0 < watts < _MOST_WATTS:
        raise HostSourceError(f"IPMI: the controller reports {watts} W", "no_reading")
    return watts * 1000


def failure(tool: Tool, errors: str) -> HostSourceError:
    """What a tool that failed has said, as an error for people."""
    said = shown(" ".join(errors.split()), _MOST_WORDS) or "it said nothing"
    text = f"IPMI: {tool.command} failed: {said}"
    lowered = said.lower()
    if "permission denied" in lowered:
        action = "let the daemon's user read and write /dev/ipmi0"
        return HostSourceError(text, "no_permission", action, retry_seconds=600)
    if "could not open device" in lowered or "could not find inband device" in lowered:
        action = "load the kernel modules ipmi_si and ipmi_devintf"
        return HostSourceError(text, "no_device", action)
    if _UNSUPPORTED.search(said):
        action = "this controller has no DCMI power reading; remove [host.ipmi]"
        return HostSourceError(text, "unsupported", action, retry_seconds=600)
    return HostSourceError(text, "failed", f"run '{tool.command} {' '.join(tool.arguments)}'")


def _lines(output: str) -> Mapping[str, str]:
    """What stands after the first colon of each line, by what stands before it."""
    pairs = (line.partition(":") for line in output.splitlines())
    return {name.strip().lower(): value.strip() for name, colon, value in pairs if colon}
