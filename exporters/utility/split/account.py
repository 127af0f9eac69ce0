"""From measured nodes to shares of the bill. Pure, in integers: every cut adds up to the whole.

The rule. A node's own energy is what it was measured to use. What the IT meters count beyond that
belongs to machines that no node tells of, or to hours that Prometheus lost: the line
`unattributed`. What the site was billed beyond the IT meters is common: losses, cooling, light.
It is shared in proportion to IT energy, `unattributed` too, or is a line of its own. Without IT
meters nobody can tell the two apart, and all that no node used is `unattributed`. Cost and carbon
follow the energy.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from exporters.utility.split.places import Places
from exporters.utility.split.remainder import largest_remainder
from exporters.utility.split.values import (
    Basis,
    Cut,
    Kind,
    Measured,
    NodeEnergy,
    Place,
    Share,
    Split,
)

_MJ_PER_WH = 3_600_000
_ALIKE = 0.001
_NAMED = 5


class Rule(StrEnum):
    """What is done with common losses."""

    PROPORTIONAL = "proportional"
    OWN_LINE = "own_line"


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """What is split.

    Attributes:
        energy_wh: what is billed.
        cost: in the currency's smallest unit.
        cost_digits: how many digits of it are behind the point.
        carbon_g: what it emitted; None without an emission factor.
        it_meters_wh: what the IT meters say; None where there are none, or where they have gaps.
    """

    energy_wh: int
    cost: int
    cost_digits: int
    currency: str
    carbon_g: int | None = None
    it_meters_wh: int | None = None


def split(whole: Whole, measured: Measured, places: Places, rule: Rule) -> Split:
    """Split a site's bill.

    Args:
        whole: what is split.
        measured: what the nodes used.
        places: where they belong.
        rule: what is done with common losses.

    Returns:
        The split. In each of its cuts, energy, cost and carbon add up to the whole exactly.
    """
    told = {each.node for each in measured.nodes}
    silent = [
        NodeEnergy(node=name, place=Place(), basis=Basis.HOST, energy_mj=0, known=0)
        for name in places.site.nodes
        if name not in told
    ]
    nodes = sorted((*measured.nodes, *silent), key=lambda each: each.node)
    seen_mj = sum(each.energy_mj for each in nodes)
    unseen_mj, common_mj = _rest(whole, seen_mj)
    weights = [*(each.energy_mj for each in nodes), unseen_mj]
    weights.append(common_mj if rule is Rule.OWN_LINE else 0)
    if not any(weights):
        weights[-2] = 1
    energy = largest_remainder(whole.energy_wh, weights)
    by = energy if any(energy) else weights
    cost = largest_remainder(whole.cost, by)
    carbon = None if whole.carbon_g is None else largest_remainder(whole.carbon_g, by)
    shares = _Shares(nodes, energy, cost, carbon, measured.steps)
    return Split(
        rule=rule.value,
        server=measured.server,
        currency=whole.currency,
        energy_wh=whole.energy_wh,
        cost=whole.cost,
        cost_digits=whole.cost_digits,
        carbon_g=whole.carbon_g,
        it_meters_wh=whole.it_meters_wh,
        nodes_wh=seen_mj // _MJ_PER_WH,
        coverage_ratio=_coverage(nodes, measured.steps) or 0.0,
        cuts={cut: shares.cut(cut, places) for cut in Cut},
        notes=(*measured.notes, *_notes(whole, nodes, silent, seen_mj)),
    )


def _rest(whole: Whole, seen_mj: int) -> tuple[int, int]:
    """What no node tells of, and what is common."""
    billed_mj = whole.energy_wh * _MJ_PER_WH
    if whole.it_meters_wh is None:
        return max(billed_mj - seen_mj, 0), 0
    it_mj = max(whole.it_meters_wh * _MJ_PER_WH, seen_mj)
    return it_mj - seen_mj, max(billed_mj - it_mj, 0)


@dataclass(frozen=True, slots=True)
class _Shares:
    """The parts of each node, and behind them those of what is unattributed and common."""

    nodes: Sequence[NodeEnergy]
    energy: Sequence[int]
    cost: Sequence[int]
    carbon: Sequence[int] | None
    steps: int

    def cut(self, cut: Cut, places: Places) -> tuple[Share, ...]:
        groups: dict[str, list[int]] = {}
        for index, each in enumerate(self.nodes):
            groups.setdefault(places.names(each.node, each.place)[cut], []).append(index)
        found = [self._share(Kind.NAMED, name, groups[name]) for name in sorted(groups) if name]
        if "" in groups:
            found.append(self._share(Kind.NOBODY, "", groups[""]))
        end = len(self.nodes)
        rest = [
            self._share(kind, "", [index])
            for kind, index in ((Kind.UNATTRIBUTED, end), (Kind.COMMON, end + 1))
            if self.energy[index] or self.cost[index] or (self.carbon and self.carbon[index])
        ]
        return (*found, *rest)

    def _share(self, kind: Kind, name: str, indexes: Sequence[int]) -> Share:
        nodes = [self.nodes[index] for index in indexes if index < len(self.nodes)]
        return Share(
            kind=kind,
            name=name,
            it_wh=sum(each.energy_mj for each in nodes) // _MJ_PER_WH,
            energy_wh=sum(self.energy[index] for index in indexes),
            cost=sum(self.cost[index] for index in indexes),
            carbon_g=None if self.carbon is None else sum(self.carbon[n] for n in indexes),
            nodes=len(nodes),
            coverage_ratio=_coverage(nodes, self.steps),
        )


def _coverage(nodes: Sequence[NodeEnergy], steps: int) -> float | None:
    return sum(each.known for each in nodes) / (steps * len(nodes)) if nodes else None


def _notes(
    whole: Whole, nodes: Sequence[NodeEnergy], silent: Sequence[NodeEnergy], seen_mj: int
) -> list[str]:
    found = []
    limit_wh = whole.energy_wh if whole.it_meters_wh is None else whole.it_meters_wh
    if seen_mj > limit_wh * _MJ_PER_WH * (1 + _ALIKE):
        meters = "was billed" if whole.it_meters_wh is None else "the IT meters count"
        more = seen_mj / (limit_wh * _MJ_PER_WH) - 1 if limit_wh else 0.0
        found.append(
            f"the nodes say {more:.1%} more than {meters}: shares are in proportion to what they "
            "say, and add up to the bill"
        )
    if whole.it_meters_wh is None:
        found.append(
            "no IT meter tells common losses from what no node told of: all of it is unattributed"
        )
    elif whole.it_meters_wh > whole.energy_wh:
        found.append(
            "the IT meters count more than was billed (generation on the site, or a meter is "
            "wrong): there are no common losses to share"
        )
    if by_gpu := sum(each.basis is Basis.GPU for each in nodes):
        found.append(
            f"nodes measured by their GPUs alone: {by_gpu}; that is less than what they draw, and "
            "their shares are too small"
        )
    if silent:
        names = ", ".join(each.node for each in silent[:_NAMED])
        others = f" and {len(silent) - _NAMED} more" if len(silent) > _NAMED else ""
        found.append(f"nodes that Prometheus knows nothing of: {len(silent)} ({names}{others})")
    return found
