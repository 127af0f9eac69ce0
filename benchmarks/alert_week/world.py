"""The simulated site, and what happens to it in an ordinary week and on a bad day."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from benchmarks.alert_week.manager import Silence, matchers
from benchmarks.fleet import Event, EventKind, Fleet
from collector.sitefile.load import load
from collector.sitefile.model import Node, Site

NAME = "week"
HALLS = 5
DAY_SECONDS = 86_400.0
MINUTE = 60.0
HOUR = 3_600.0
ORIGIN_S = datetime(2027, 3, 1, tzinfo=UTC).timestamp()
"""A Monday."""
_NODE_WATTS = 4 * 1_750.0
_RACK_OWN_WATTS = 7_000.0
"""What a node may draw, and what its rack needs besides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A site and its course.

    Attributes:
        fleet: the site's nodes, with all that happens to them.
        begin_s, end_s: the time that is looked at, UTC seconds since 1970.
        silences: what people silence.
        path: the site file.
        database_away: while no node can deliver to InfluxDB.
    """

    fleet: Fleet
    begin_s: float
    end_s: float
    silences: tuple[Silence, ...]
    path: Path
    database_away: tuple[Event, ...] = ()

    @property
    def job_starts(self) -> int:
        """How many training jobs begin."""
        found = 0
        for lane in dict.fromkeys(self.fleet.lanes):
            job = lane.at(self.begin_s).job
            while job.end_s < self.end_s:
                found += 1
                job = lane.at(job.end_s + 1).job
        return found


def write_site(path: Path, racks: int, nodes: int) -> Site:
    """Write the site file: five halls behind two substations, each of which can carry all."""
    rack_watts = _RACK_OWN_WATTS + nodes * _NODE_WATTS
    hall = racks * rack_watts
    site = HALLS * hall * 1.15
    text = f"""
[site]
name = "{NAME}"
zone = "Asia/Seoul"

[[receiver]]
name = "pager"
kind = "webhook"
url = "http://pager.example/"

[[receiver]]
name = "queue"
kind = "webhook"
url = "http://queue.example/"

[[team]]
name = "energy"
receivers = {{ page = ["pager"], ticket = ["queue"] }}

[[branch]]
id = "grid"
level = "feed"
contract_watts = {site:.0f}

[[meter]]
id = "grid-meter"
branch = "grid"
role = "utility"
register = true
stale_seconds = 200

[[branch_range]]
id = "substation-{{side}}"
count = {{ side = ["a", "b"] }}
level = "substation"
parent = "grid"
redundancy_group = "substation"
rating_watts = {site / 0.8:.0f}
derating_ratio = 0.8

[[meter_range]]
id = "substation-{{side}}-meter"
count = {{ side = ["a", "b"] }}
branch = "substation-{{side}}"
role = "other"
stale_seconds = 200

[[branch_range]]
id = "h{{hall}}-{{side}}"
count = {{ hall = {HALLS}, side = ["a", "b"] }}
level = "ups"
parent = "substation-{{side}}"
redundancy_group = "h{{hall}}"
rating_watts = {hall / 0.8:.0f}
derating_ratio = 0.8

[[meter_range]]
id = "h{{hall}}-{{side}}-meter"
count = {{ hall = {HALLS}, side = ["a", "b"] }}
branch = "h{{hall}}-{{side}}"
role = "it"
stale_seconds = 200

[[rack_range]]
id = "h{{hall}}k{{rack}}"
count = {{ hall = {HALLS}, rack = {racks} }}
hall = "h{{hall}}"
row = "r1"
branches = ["h{{hall}}-a", "h{{hall}}-b"]
limit_watts = {rack_watts:.0f}
budget_watts = {rack_watts:.0f}
gpus = {4 * nodes}

[[meter_range]]
id = "h{{hall}}k{{rack}}-meter"
count = {{ hall = {HALLS}, rack = {racks} }}
branch = "h{{hall}}k{{rack}}"
role = "other"
stale_seconds = 200

[[node_range]]
name = "h{{hall}}k{{rack}}n{{node:02}}"
rack = "h{{hall}}k{{rack}}"
count = {{ hall = {HALLS}, rack = {racks}, node = {nodes} }}
"""
    path.write_text(text, encoding="utf-8")
    return load(path)


def ordinary(folder: Path, *, racks: int = 5, nodes: int = 20, days: float = 7.0) -> World:
    """Jobs come and go, daemons restart, two GPUs are lost, a rack is worked on.

    Two meters are silent for some minutes, and the database is away twice while it is updated.
    """
    site = write_site(folder / "site.toml", racks, nodes)
    fleet = Fleet(site, seed=7, origin_s=ORIGIN_S - 2 * DAY_SECONDS)
    begin_s, end_s = ORIGIN_S, ORIGIN_S + days * DAY_SECONDS
    random = Random("ordinary")  # noqa: S311 - play, not secrets
    names = list(site.nodes)
    where = [names[i] for i in random.sample(range(len(names)), 16)]
    span = end_s - begin_s
    events = [
        Event(kind=EventKind.DAEMON_RESTART, node=node, begin_s=at, end_s=at + 90)
        for node in where[:10]
        for at in [begin_s + MINUTE * int((0.05 + 0.9 * random.random()) * span / MINUTE) - 30]
    ]
    for node, at in ((where[10], 0.22), (where[11], 0.71)):
        events += _lost(node, begin_s + MINUTE * int(at * span / MINUTE), 0.1 * span)
    for node in where[12:16]:  # a program's own faults
        at_s = begin_s + random.random() * span
        events.append(Event(kind=EventKind.XID, node=node, gpu=1, xid=31, begin_s=at_s))
    for meter, at, minutes in (("h4k1-meter", 0.33, 8), ("h2-b-meter", 0.6, 6)):
        at_s = begin_s + MINUTE * int(at * span / MINUTE)
        until_s = at_s + minutes * MINUTE
        events.append(Event(kind=EventKind.METER_SILENT, meter=meter, begin_s=at_s, end_s=until_s))
    rack = site.nodes[names[-1]].rack
    from_s = begin_s + MINUTE * int(0.45 * span / MINUTE)
    to_s = from_s + 6 * HOUR
    events.append(Event(kind=EventKind.RACK_MAINTENANCE, rack=rack, begin_s=from_s, end_s=to_s))
    silence = Silence(
        matchers([f'site="{NAME}"', f'rack="{rack}"']), from_s - 5 * MINUTE, to_s + 15 * MINUTE
    )
    fleet.apply(*events)
    return World(
        fleet=fleet,
        begin_s=begin_s,
        end_s=end_s,
        silences=(silence,),
        path=folder / "site.toml",
        database_away=tuple(
            Event(kind=EventKind.OUTBOX_FULL, begin_s=at_s, end_s=at_s + 8 * MINUTE)
            for at_s in (begin_s + 0.15 * span, begin_s + 0.8 * span)
        ),
    )


def bad_day(folder: Path, *, racks: int = 5, nodes: int = 20) -> World:
    """A feed is lost, then the cooling of a hall, then a switch with 60 nodes of 500."""
    site = write_site(folder / "site.toml", racks, nodes)
    fleet = Fleet(site, seed=7, origin_s=ORIGIN_S - 2 * DAY_SECONDS)
    begin_s = ORIGIN_S
    hall_3 = [n for n in site.nodes.values() if site.racks[n.rack].hall == "h3"]
    fleet.apply(
        Event(
            kind=EventKind.FEED_LOST,
            branch="substation-b",
            begin_s=begin_s + 4 * HOUR,
            end_s=begin_s + 5 * HOUR,
        ),
        Event(
            kind=EventKind.COOLING_LOST,
            hall="h2",
            begin_s=begin_s + 9 * HOUR,
            end_s=begin_s + 10 * HOUR,
        ),
        *_missing(hall_3, round(0.12 * len(site.nodes)), begin_s + 15 * HOUR),
    )
    return World(
        fleet=fleet,
        begin_s=begin_s,
        end_s=begin_s + DAY_SECONDS,
        silences=(),
        path=folder / "site.toml",
    )


def _lost(node: str, at_s: float, for_s: float) -> Iterable[Event]:
    """A GPU falls off the bus and stays away until the node is restarted, within minutes."""
    yield Event(kind=EventKind.XID, node=node, gpu=2, xid=79, begin_s=at_s)
    yield Event(kind=EventKind.GPU_LOST, node=node, gpu=2, begin_s=at_s, end_s=at_s + for_s)
    yield Event(
        kind=EventKind.NODE_DOWN, node=node, begin_s=at_s + for_s, end_s=at_s + for_s + 4 * MINUTE
    )


def _missing(nodes: Iterable[Node], count: int, at_s: float) -> Iterable[Event]:
    """So many nodes of a hall, spread over its racks, are not heard for an hour."""
    by_rack: dict[str, list[str]] = {}
    for node in nodes:
        by_rack.setdefault(node.rack, []).append(node.name)
    order = [name for names in zip(*by_rack.values(), strict=True) for name in names]
    for name in order[:count]:
        yield Event(kind=EventKind.NODE_MISSING, node=name, begin_s=at_s, end_s=at_s + HOUR)
