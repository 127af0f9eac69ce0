"""Dividing a site: every node once, no rack in two parts, no hall without need."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from alerts.render.divide import divide
from collector.sitefile.model import Node, Rack, Site
from tests.scale.bare import bare_site

_HALLS = st.lists(st.lists(st.integers(1, 20), max_size=12), min_size=1, max_size=6)
"""Halls as their racks, racks as how many nodes they have."""


def made(halls: list[list[int]], *, unnamed: bool = False) -> Site:
    racks: dict[str, Rack] = {}
    nodes: dict[str, Node] = {}
    for hall_number, hall in enumerate(halls):
        for rack_number, count in enumerate(hall):
            name = "" if unnamed and hall_number == 0 else f"h{hall_number}"
            rack = Rack(id=f"h{hall_number}k{rack_number}", hall=name)
            racks[rack.id] = rack
            for number in range(count):
                node = Node(name=f"{rack.id}n{number}", rack=rack.id, address="x")
                nodes[node.name] = node
    return bare_site(racks, nodes)


@given(halls=_HALLS, most=st.none() | st.integers(1, 100), unnamed=st.booleans())
def test_every_node_is_in_one_shard_and_no_rack_in_two(
    halls: list[list[int]], most: int | None, *, unnamed: bool
) -> None:
    site = made(halls, unnamed=unnamed)
    division = divide(site, most)
    counts = Counter(node.name for shard in division.shards for node in shard.nodes)
    assert counts == dict.fromkeys(site.nodes, 1)
    of_rack = [{node.rack for node in shard.nodes} for shard in division.shards]
    assert sum(map(len, of_rack)) == len(set().union(*of_rack))
    assert len({shard.name for shard in division.shards}) == len(division.shards)
    assert all(shard.nodes for shard in division.shards)


@given(halls=_HALLS, most=st.integers(1, 100))
def test_a_shard_is_too_large_only_where_a_rack_is(halls: list[list[int]], most: int) -> None:
    site = made(halls)
    for shard in divide(site, most).shards:
        racks = Counter(node.rack for node in shard.nodes)
        assert len(shard.nodes) <= most or len(racks) == 1


@given(halls=_HALLS, most=st.none() | st.integers(1, 100))
def test_whole_halls_are_told(halls: list[list[int]], most: int | None) -> None:
    site = made(halls)
    division = divide(site, most)
    seen = Counter(
        hall
        for shard in division.shards
        for hall in {site.racks[node.rack].hall for node in shard.nodes}
    )
    assert division.whole_halls == all(count == 1 for count in seen.values())
    assert [set(shard.halls) for shard in division.shards] == [
        {site.racks[node.rack].hall for node in shard.nodes} for shard in division.shards
    ]


def test_a_hall_each() -> None:
    division = divide(made([[2, 3], [4], [1]], unnamed=True))
    assert [(shard.name, len(shard.nodes)) for shard in division.shards] == [
        ("no-hall", 5),
        ("h1", 4),
        ("h2", 1),
    ]


def test_small_halls_share_and_a_large_one_is_cut_evenly() -> None:
    division = divide(made([[10] * 3, [10] * 2, [10] * 11, [5]]), 50)
    assert [len(shard.nodes) for shard in division.shards] == [40, 40, 30, 50, 5]
    assert [shard.name for shard in division.shards] == ["s01", "s02", "s03", "s04", "s05"]
    assert not division.whole_halls
