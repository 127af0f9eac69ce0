"""A small site, and nodes' energy as a split takes it."""

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from collector.sitefile.model import Node, Rack, Site, Tenant
from exporters.utility.split import Basis, Measured, NodeEnergy, Place, Whole

MJ_PER_KWH = 3_600_000_000
STEPS = 24


def site(racks: Mapping[str, Sequence[str]], tenants: tuple[Tenant, ...] = ()) -> Site:
    """A site with nodes in racks; rack `a1` stands in row `a` of hall `h`."""
    return Site(
        name="seoul",
        zone=ZoneInfo("Asia/Seoul"),
        branches={},
        meters={},
        racks={name: Rack(id=name, hall="h", row=name[0]) for name in racks},
        nodes={
            node: Node(name=node, rack=rack, address=f"{node}:9410")
            for rack, nodes in racks.items()
            for node in nodes
        },
        tenants=tenants,
    )


def node(name: str, kwh: float, known: int = STEPS, basis: Basis = Basis.HOST) -> NodeEnergy:
    return NodeEnergy(
        node=name, place=Place(), basis=basis, energy_mj=round(kwh * MJ_PER_KWH), known=known
    )


def measured(*nodes: NodeEnergy) -> Measured:
    return Measured(
        server="http://prometheus:9090",
        start_s=0,
        end_s=STEPS * 3600,
        steps=STEPS,
        step_seconds=3600,
        nodes=nodes,
    )


def whole(kwh: int, won: int, it_kwh: int | None = None, carbon_g: int | None = None) -> Whole:
    return Whole(
        energy_wh=kwh * 1000,
        cost=won,
        cost_digits=0,
        currency="KRW",
        carbon_g=carbon_g,
        it_meters_wh=None if it_kwh is None else it_kwh * 1000,
    )
