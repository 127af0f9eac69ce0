"""What goes wrong, where and when: events, from a program or from a TOML file.

[[event]]
kind = "gpu_lost"     # see EventKind
at_seconds = 60       # after the start; negative lies in the past
for_seconds = 600     # without it, to the end
node = "h01r01k1n01"  # what it strikes: node, rack, hall, branch or meter, as the kind needs
gpu = 2
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from math import inf
from pathlib import Path
from typing import Any, get_args

from collector.shown import shown
from collector.sitefile.model import Site
from collector.toml import bytes_of, tables_of

_MOST_BYTES = 1 << 20
_MOST_TOLD = 5
_LARGEST = 1e12


class ScenarioError(Exception):
    """A scenario cannot be used. The text says where and why."""


class EventKind(StrEnum):
    """What can happen."""

    NODE_DOWN = "node_down"
    """The machine is off: no scrape, no power; its counters begin anew."""
    NODE_MISSING = "node_missing"
    """It works on, but nobody reaches it."""
    RACK_MAINTENANCE = "rack_maintenance"
    """All that is in a rack is off."""
    FEED_LOST = "feed_lost"
    """A branch carries nothing; what has another side draws from there."""
    COOLING_LOST = "cooling_lost"
    """The coolant of a hall warms up by `celsius`; GPUs get hot, then slow."""
    GPU_LOST = "gpu_lost"
    """A GPU fell off its bus and draws nothing."""
    XID = "xid"
    """The driver reports error `xid` of a GPU, once."""
    SENSOR_HUNG = "sensor_hung"
    """A GPU's sensors do not answer; it works on."""
    OVER_BUDGET = "over_budget"
    """All GPUs of a rack, a hall or the site at full power, and `watts` more in each rack."""
    DAEMON_RESTART = "daemon_restart"
    """The node's daemon is away for `for_seconds`; its totals go on."""
    OUTBOX_FULL = "outbox_full"
    """The database is away: the outbox grows until it drops its oldest rows."""
    METER_SILENT = "meter_silent"
    """A meter says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happens.

    Attributes:
        kind: what.
        begin_s, end_s: from when to when, UTC seconds since 1970.
        node, rack, hall, branch, meter: where; empty ones do not narrow it.
        gpu: which GPU of the node.
        xid: the driver's code.
        celsius: how much warmer the coolant gets.
        watts: what each rack draws besides.
    """

    kind: EventKind
    begin_s: float
    end_s: float = inf
    node: str = ""
    rack: str = ""
    hall: str = ""
    branch: str = ""
    meter: str = ""
    gpu: int = 0
    xid: int = 79
    celsius: float = 38.0
    watts: float = 5_000.0

    def during(self, at_s: float) -> bool:
        """Whether it is so at an instant."""
        return self.begin_s <= at_s < self.end_s


_PLACES = ("node", "rack", "hall", "branch", "meter")
_NEEDS: Mapping[EventKind, tuple[str, ...]] = {
    EventKind.NODE_DOWN: ("node",),
    EventKind.NODE_MISSING: ("node",),
    EventKind.RACK_MAINTENANCE: ("rack",),
    EventKind.FEED_LOST: ("branch",),
    EventKind.COOLING_LOST: ("hall",),
    EventKind.GPU_LOST: ("node",),
    EventKind.XID: ("node",),
    EventKind.SENSOR_HUNG: ("node",),
    EventKind.DAEMON_RESTART: ("node",),
    EventKind.METER_SILENT: ("meter",),
}


def check(event: Event, site: Site) -> None:
    """See whether a site has what an event strikes.

    Raises:
        ScenarioError: it has not.
    """
    known = {
        "node": site.nodes,
        "rack": site.racks,
        "hall": {rack.hall for rack in site.racks.values()},
        "branch": site.branches,
        "meter": site.meters,
    }
    for place in _PLACES:
        name = getattr(event, place)
        if name and name not in known[place]:
            raise ScenarioError(f"{event.kind}: the site {site.name} has no {place} {name!r}")
        if not name and place in _NEEDS.get(event.kind, ()):
            raise ScenarioError(f"{event.kind}: say which {place}")
    if not event.begin_s < event.end_s:
        raise ScenarioError(f"{event.kind}: it ends before it begins; for_seconds is more than 0")


def load_scenario(path: Path, start_s: float) -> tuple[Event, ...]:
    """Read a scenario.

    Args:
        path: the TOML file.
        start_s: what its times are after, UTC seconds since 1970.

    Raises:
        ScenarioError: the file cannot be read, or says what makes no sense.
    """
    try:
        raw = tables_of(bytes_of(path, _MOST_BYTES).decode())
    except OSError as error:
        raise ScenarioError(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise ScenarioError(f"{path}: {error}") from None
    tables = raw.pop("event", [])
    if raw or not isinstance(tables, list):
        raise ScenarioError(f"{path}: only [[event]] tables are known here")
    return tuple(_events(path, tables, start_s))


def _events(path: Path, tables: Iterable[Any], start_s: float) -> Iterable[Event]:
    for number, table in enumerate(tables, 1):
        where = f"{path}, event {number}"
        if not isinstance(table, dict):
            raise ScenarioError(f"{where}: it is no table")
        given = dict(table)
        try:
            kind = EventKind(given.pop("kind", ""))
        except ValueError:
            known = ", ".join(EventKind)
            raise ScenarioError(f"{where}: kind must be one of {known}") from None
        at, length = given.pop("at_seconds", 0), given.pop("for_seconds", inf)
        wrong = [shown(k) for k, value in given.items() if not _fits(k, value)]
        for name, value in (("at_seconds", at), ("for_seconds", length)):
            if not _is_number(value) and (name, value) != ("for_seconds", inf):
                wrong.append(name)
        if wrong:
            raise ScenarioError(f"{where}: unknown or wrong: {', '.join(wrong[:_MOST_TOLD])}")
        begin_s = start_s + at
        yield replace(Event(kind=kind, begin_s=begin_s, end_s=begin_s + length), **given)


def _fits(key: str, value: object) -> bool:
    field = Event.__dataclass_fields__.get(key)
    if field is None or key in {"kind", "begin_s", "end_s"}:
        return False
    if field.type is float:
        return _is_number(value)
    if field.type is int:
        return type(value) is int and _is_number(value)
    return type(value) in (get_args(field.type) or (field.type,))


def _is_number(value: object) -> bool:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return -_LARGEST < value < _LARGEST
