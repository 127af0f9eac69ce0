"""A site's nodes divided among several Prometheus: by hall, and never through a rack."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from collector.sitefile.model import Node, Site

_NO_HALL = "no-hall"


@dataclass(frozen=True, slots=True)
class Shard:
    """What one Prometheus, or a pair, scrapes.

    Attributes:
        name: unique in the site; a label and a folder.
        nodes: its targets.
        halls: where they are; an empty name for none.
    """

    name: str
    nodes: tuple[Node, ...]
    halls: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Division:
    """All shards of a site.

    Attributes:
        shards: every node of the site is in one of them.
        whole_halls: whether no hall is in two of them.
    """

    shards: tuple[Shard, ...]
    whole_halls: bool


def divide(site: Site, most_nodes: int | None = None) -> Division:
    """Divide a site.

    Args:
        site: the topology.
        most_nodes: whole halls share a shard up to so many nodes; a larger hall has shards of its
            own, about equally large. A rack stays whole, however large it is. None for one shard
            a hall.
    """
    racks = by_place(site)
    if most_nodes is None:
        names = _hall_names(racks)
        shards = [_shard(site, names[hall], held.values()) for hall, held in racks.items()]
        return Division(tuple(shards), whole_halls=True)
    parts = list(_parts(racks.values(), most_nodes))
    width = max(2, len(str(len(parts))))
    made = [_shard(site, f"s{number:0{width}}", part) for number, part in enumerate(parts, 1)]
    return Division(tuple(made), whole_halls=len(_seen(made)) == len(set(_seen(made))))


def by_place(site: Site) -> Mapping[str, Mapping[str, list[Node]]]:
    """Nodes by hall and rack; empty names for none."""
    halls: dict[str, dict[str, list[Node]]] = {}
    for node in site.nodes.values():
        rack = site.racks.get(node.rack)
        hall = halls.setdefault(rack.hall if rack else "", {})
        hall.setdefault(rack.id if rack else "", []).append(node)
    return halls


def _parts(halls: Iterable[Mapping[str, list[Node]]], most: int) -> Iterable[list[list[Node]]]:
    """Racks in parts: whole halls together while they fit, a larger one by itself."""
    open_: list[list[Node]] = []
    for hall in halls:
        racks = list(hall.values())
        if _count(racks) > most:
            yield from _cut(racks, most)
            continue
        if open_ and _count(open_) + _count(racks) > most:
            yield open_
            open_ = []
        open_ = [*open_, *racks]
    if open_:
        yield open_


def _cut(racks: list[list[Node]], most: int) -> Iterable[list[list[Node]]]:
    """One hall in as few parts as can be, about equally large."""
    enough = math.ceil(_count(racks) / math.ceil(_count(racks) / most))
    part: list[list[Node]] = []
    for rack in racks:
        if part and (_count(part) >= enough or _count(part) + len(rack) > most):
            yield part
            part = []
        part = [*part, rack]
    yield part


def _count(racks: Iterable[list[Node]]) -> int:
    return sum(map(len, racks))


def _shard(site: Site, name: str, racks: Iterable[list[Node]]) -> Shard:
    nodes = tuple(node for rack in racks for node in rack)
    found = (site.racks.get(node.rack) for node in nodes)
    return Shard(name, nodes, tuple(dict.fromkeys(rack.hall if rack else "" for rack in found)))


def _seen(shards: Iterable[Shard]) -> list[str]:
    return [hall for shard in shards for hall in shard.halls]


def _hall_names(halls: Iterable[str]) -> Mapping[str, str]:
    known = list(halls)
    other = _NO_HALL
    while other in known:
        other += "-"
    return {hall: hall or other for hall in known}
