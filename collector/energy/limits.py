"""What is physically possible for a scope, from the board's power limit."""

from collections.abc import Iterable, Mapping

from collector.energy.account import Limits

_SPIKE = 2
"""Millisecond excursions above the board's limit are real; twice the limit has not been seen."""
_MODULE_SPIKE = 5
"""GB300: module limit 2900 W beside a GPU limit of 1400 W; a Grace and two GPUs share a module."""
_UNKNOWN_LIMIT_WATTS = 1500.0


_HOST_CEILINGS_MW: Mapping[str, int] = {
    "ac_input": 50_000_000,
    "dc_node": 50_000_000,
    "input": 50_000_000,
    "baseboard": 30_000_000,
    "module": 10_000_000,
    "dram": 1_000_000,
}
"""Several times what machines have: a node of eight GPUs draws 14 kW, a tray of an NVL72 7 kW."""
_CPU_CEILING_MW = 2_000_000


def host_limits(scope: str) -> Limits:
    """Limits of a sensor of the host. A spare supply and a sleeping memory draw nothing."""
    return Limits(ceiling_mw=_HOST_CEILINGS_MW.get(scope, _CPU_CEILING_MW), least_mw=0)


def ceilings(scopes: Iterable[str], limit_watts: float | None) -> dict[str, Limits]:
    """Limits of each scope.

    Args:
        scopes: the scopes that are read.
        limit_watts: the highest limit the board can be set to, where it says so.
    """
    limit_mw = round(1000 * (limit_watts or _UNKNOWN_LIMIT_WATTS))
    return {
        scope: Limits(ceiling_mw=limit_mw * (_MODULE_SPIKE if scope == "module" else _SPIKE))
        for scope in scopes
    }
