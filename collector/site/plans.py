"""From the site file and the ledger to what accounts are made of."""

from collector.ledger.model import Register
from collector.site.live import Known
from collector.site.meter_account import MeterPlan
from collector.site.quarters import SECOND_NS
from collector.sitefile.model import MeterSpec, Site

_IMPOSSIBLE = 1.2
"""More than its rating a branch carries for seconds at most: then a breaker trips."""


def meter_plan(site: Site, spec: MeterSpec, window_ns: int) -> MeterPlan:
    """How a meter of the site file is accounted for."""
    branch = site.branches.get(spec.branch)
    rating = None if branch is None else branch.rating_watts
    rollover = spec.rollover_joules
    return MeterPlan(
        stale_ns=round(spec.stale_seconds * SECOND_NS),
        window_ns=window_ns,
        ceiling_mw=None if rating is None else round(rating * _IMPOSSIBLE * 1000),
        rollover_mj=None if rollover is None else round(rollover * 1000),
    )


def known_of(register: Register) -> Known:
    """What a quarter-hour's register knows."""
    energy = register.energy
    return Known(energy.total_mj, energy.estimated_mj, register.covered_ns, register.elapsed_ns)
