"""What is told of a meter when its words cannot be taken as they are."""

import logging

log = logging.getLogger(__name__)

_MILLIWATTS_PER_KW = 1e6
_MILLIJOULES_PER_KWH = 3.6e9


def clock_set(meter: str, by_seconds: float, times: int) -> None:
    """Its clock was set."""
    if _is_news(times):
        words = "meter %s: its clock was set by %+.0f s"
        log.warning(words, meter, by_seconds, extra={"meter": meter})


def register_replaced(meter: str, last_mj: int, first_mj: int, times: int) -> None:
    """Its register does not go on from where it stood."""
    if _is_news(times):
        log.warning(
            "meter %s: its register went from %.3f kWh to %.3f kWh and goes on from there: taken "
            "for another meter or a reset; what was used in between is known by power alone, or "
            "missing",
            meter,
            last_mj / _MILLIJOULES_PER_KWH,
            first_mj / _MILLIJOULES_PER_KWH,
            extra={"meter": meter},
        )


def impossible(meter: str, milliwatts: int, times: int) -> None:
    """A power that cannot be."""
    why = "far more than its branch is rated for: check scale and unit"
    if milliwatts < 0:
        why = "below zero: is it wired the wrong way round, or does the site deliver power?"
    if _is_news(times):
        power = milliwatts / _MILLIWATTS_PER_KW
        words = "meter %s: a power of %g kW is %s; it is not booked"
        log.warning(words, meter, power, why, extra={"meter": meter})


def _is_news(times: int) -> bool:
    """The 1st, 2nd, 4th, 8th time, and so on: what happens all the time must not fill the log."""
    return times & (times - 1) == 0
