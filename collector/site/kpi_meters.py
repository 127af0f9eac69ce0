"""Which of a site's meters make its key figures: none of them measures what another one does."""

from collections.abc import Callable, Mapping

from collector.site.kpi import KpiMeters
from collector.sitefile.model import Branch, Level, MeterSpec, Role, Site

_AT_EQUIPMENT = 3
_AT_PDU = 2


def kpi_meters(site: Site) -> KpiMeters:
    """The meters of a site's key figures.

    What is bought is taken at the topmost meters of that role. IT energy is taken at the topmost
    IT meters for category 1, at those of the busways for category 2 if there are any, and at the
    lowest ones for category 3.
    """
    utility = _by_branch(site, Role.UTILITY)
    generation = _by_branch(site, Role.GENERATION)
    it = _by_branch(site, Role.IT)
    if site.pue_category == _AT_PDU:
        level = Level.BUSWAY
        at_pdu = {one: ids for one, ids in it.items() if site.branches[one].level is level}
        it = at_pdu or it
    lowest = site.pue_category == _AT_EQUIPMENT
    return KpiMeters(
        utility=_flat(_topmost(site, utility)),
        generation=_flat(generation),
        it=_flat(_lowest(site, it) if lowest else _topmost(site, it)),
        category=site.pue_category,
    )


_Chosen = Mapping[str, tuple[str, ...]]
"""By branch, the meters that together measure it once."""


def _by_branch(site: Site, role: Role) -> _Chosen:
    meters: dict[str, list[MeterSpec]] = {}
    for meter in site.meters.values():
        if meter.role is role and meter.branch in site.branches:
            meters.setdefault(meter.branch, []).append(meter)
    return {branch: _once(site.branches[branch], found) for branch, found in meters.items()}


def _once(branch: Branch, meters: list[MeterSpec]) -> tuple[str, ...]:
    """One meter of the whole branch, kept for the reports if any is; or one of each side."""
    ranked = sorted(meters, key=lambda meter: not meter.register)
    whole = [meter.id for meter in ranked if not meter.side]
    if whole:
        return (whole[0],)
    sides = {meter.side: meter.id for meter in reversed(ranked)}
    return tuple(sides[side] for side in branch.parents if side in sides)


def _topmost(site: Site, chosen: _Chosen) -> _Chosen:
    """Those with none of the same role above them; parents come before children."""
    below: set[str] = set()
    for branch in site.branches.values():
        if any(parent in chosen or parent in below for parent in branch.parents):
            below.add(branch.id)
    return _keep(chosen, lambda branch: branch not in below)


def _lowest(site: Site, chosen: _Chosen) -> _Chosen:
    """Those with none of the same role below them."""
    above: set[str] = set()
    for branch in reversed(tuple(site.branches.values())):
        if branch.id in chosen or branch.id in above:
            above.update(branch.parents)
    return _keep(chosen, lambda branch: branch not in above)


def _keep(chosen: _Chosen, wanted: Callable[[str], bool]) -> _Chosen:
    return {branch: ids for branch, ids in chosen.items() if wanted(branch)}


def _flat(chosen: _Chosen) -> tuple[str, ...]:
    return tuple(meter for ids in chosen.values() for meter in ids)
