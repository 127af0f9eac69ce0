"""What is physically possible for a scope, from the board's power limit."""

from collections.abc import Iterable

from collector.energy.account import Limits

_SPIKE = 2
"""Millisecond excursions above the board's limit are real; twice the limit has not been seen."""
_MODULE_SPIKE = 5
"""GB300: module limit 2900 W beside a GPU limit of 1400 W; a Grace and two GPUs share a module."""
_UNKNOWN_LIMIT_WATTS = 1500.0


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
