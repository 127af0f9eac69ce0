"""Between the meters' view of an account and the ledger's."""

from dataclasses import dataclass

from collector.energy.meter import ScopeMeter
from collector.energy.restart import Before
from collector.energy.windows import Closed
from collector.ledger import AccountState
from collector.model import Energy

KIND = "gpu"


@dataclass(slots=True)
class ShownBase:
    """What `/metrics` takes off the lifetime total, so that a shown counter falls only to zero."""

    total_mj: int = 0
    estimated_mj: int = 0


def before_of(state: AccountState) -> tuple[Before, Energy]:
    """What the meter needs of an earlier run."""
    before = Before(
        wall_ns=state.anchor_wall_ns,
        monotonic_ns=state.anchor_monotonic_ns,
        boot_id=state.boot_id,
        counter_mj=state.anchor_counter_mj,
        power_mw=state.last_power_mw or 0,
        idle_mw=state.idle_power_mw or 0,
        clean=state.clean,
    )
    return before, state.total


def shown_base(before: AccountState | None, meter: ScopeMeter) -> ShownBase:
    """What to take off the lifetime total, once the meter has accounted for an earlier run."""
    if before is None or meter.bridged is None:
        return ShownBase()
    if meter.bridged.continues:
        return ShownBase(before.shown_base_mj, before.shown_base_estimated_mj)
    reached = before.total + meter.bridged.energy
    return ShownBase(reached.total_mj, reached.estimated_mj)


def state_of(
    meter: ScopeMeter, closed: Closed, base: ShownBase, *, boot_id: str, clean: bool
) -> AccountState:
    """An account as of a closed window."""
    return AccountState(
        total=closed.total,
        shown_base_mj=base.total_mj,
        shown_base_estimated_mj=base.estimated_mj,
        anchor_wall_ns=closed.wall_end_ns,
        anchor_monotonic_ns=closed.end_ns,
        boot_id=boot_id,
        anchor_counter_mj=closed.counter_mj,
        last_power_mw=meter.recent_mw,
        idle_power_mw=meter.idle_mw,
        limit_mw=meter.ceiling_mw,
        clean=clean,
    )
