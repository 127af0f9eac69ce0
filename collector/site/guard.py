"""Power that is still allowed in a demand interval, the cut that is needed, and by when."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """How to stay within a demand target.

    Attributes:
        allowed_watts: power that may be drawn to the end of the interval; 0 when even nothing
            is too much.
        cut_watts: by how much the present level is above that; 0 when it is not.
        deadline_seconds: since the interval's begin, when the cut must happen at the latest; None
            when none is needed, and when it is too late.
        lost: whether the target will be missed even with the deepest cut.
    """

    allowed_watts: float
    cut_watts: float
    deadline_seconds: float | None
    lost: bool


def guard(
    target_watts: float,
    used_joules: float,
    elapsed_seconds: float,
    level_watts: float,
    lowest_watts: float | None = None,
    interval_seconds: float = 900.0,
) -> Guard:
    """What is still allowed: P = (D T - E) / (T - t).

    Args:
        target_watts: the demand D that the interval should not exceed.
        used_joules: energy E since the interval began.
        elapsed_seconds: time t since then, less than `interval_seconds` T.
        level_watts: the power level of now.
        lowest_watts: how far power can be cut; None when not known: then the cut must happen now,
            to what is allowed.
        interval_seconds: length of the interval.
    """
    left_seconds = interval_seconds - elapsed_seconds
    left_joules = target_watts * interval_seconds - used_joules
    allowed_watts = max(left_joules / left_seconds, 0.0)
    cut_watts = max(level_watts - allowed_watts, 0.0)
    floor_watts = 0.0 if lowest_watts is None else lowest_watts
    lost = left_joules < floor_watts * left_seconds and cut_watts > 0
    if not cut_watts or lost:
        return Guard(
            allowed_watts=allowed_watts, cut_watts=cut_watts, deadline_seconds=None, lost=lost
        )
    wait_seconds = 0.0
    if lowest_watts is not None:
        # E + P w + P_low (T - t - w) = D T, solved for the wait w.
        spare_joules = left_joules - lowest_watts * left_seconds
        wait_seconds = spare_joules / (level_watts - lowest_watts)
    return Guard(
        allowed_watts=allowed_watts,
        cut_watts=cut_watts,
        deadline_seconds=elapsed_seconds + wait_seconds,
        lost=False,
    )
