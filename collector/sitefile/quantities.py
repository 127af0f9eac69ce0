"""Power and energy as people write them: plain watts and joules, or text with a unit."""

import re
from collections.abc import Mapping
from decimal import Decimal

_QUANTITY = re.compile(r"\s*([0-9]{1,30}(?:\.[0-9]{1,30})?)\s*([A-Za-z]+)\s*")
_WATTS: Mapping[str, Decimal] = {
    unit: Decimal(factor)
    for unit, factor in (("W", 1), ("kW", 10**3), ("MW", 10**6), ("GW", 10**9))
}
_JOULES: Mapping[str, Decimal] = {
    unit: Decimal(factor)
    for unit, factor in (
        ("J", 1),
        ("Wh", 3600),
        ("kWh", 3600 * 10**3),
        ("MWh", 3600 * 10**6),
        ("GWh", 3600 * 10**9),
    )
}
_LARGEST = 1e30
"""Beyond all reason, and yet the sum of many stays finite."""
_APPARENT = ("VA", "kVA", "MVA")


def to_watts(value: object) -> float:
    """Power in watts, from a positive number of watts or text such as `132 kW`.

    Raises:
        ValueError: says what is allowed.
    """
    match = _QUANTITY.fullmatch(value) if isinstance(value, str) else None
    if match and match[2] in _APPARENT:
        raise ValueError(f"{match[2]} is apparent power; allowed is real power: W, kW, MW, GW")
    return _to_base(
        value, _WATTS, 'allowed is a positive number of watts, or text with a unit: "132 kW"'
    )


def to_joules(value: object) -> float:
    """Energy in joules, from a positive number of joules or text such as `999999 kWh`.

    Raises:
        ValueError: says what is allowed.
    """
    return _to_base(
        value, _JOULES, 'allowed is a positive number of joules, or text with a unit: "999999 kWh"'
    )


def _to_base(value: object, units: Mapping[str, Decimal], allowed: str) -> float:
    if isinstance(value, str):
        match = _QUANTITY.fullmatch(value)
        if match is None or match[2] not in units:
            raise ValueError(f"{allowed}; units are {', '.join(units)}")
        number = float(Decimal(match[1]) * units[match[2]])
    elif isinstance(value, int | float) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:
            raise ValueError(allowed) from None
    else:
        raise ValueError(allowed)  # noqa: TRY004 - pydantic turns a ValueError into its own error
    if not 0 < number < _LARGEST:
        raise ValueError(allowed)
    return number


def shown_watts(watts: float) -> str:
    """Power for people, to four digits: `1.2 MW`."""
    for unit, factor in reversed(list(_WATTS.items())):
        if abs(watts) >= factor:
            return f"{watts / float(factor):.4g} {unit}"
    return f"{watts:.4g} W"
