"""Units as meters write them, to SI."""

from collections.abc import Mapping
from dataclasses import dataclass

from collector.sources.meters.reading import Quantity

_LITRE = 1e-3
_US_GALLON = 3.785411784e-3
"""Cubic metres: 231 cubic inches (NIST Handbook 44, appendix C)."""
_PSI = 6894.757293168
"""Pascals: pound-force per square inch (NIST SP 811, appendix B.8)."""


@dataclass(frozen=True, slots=True)
class Unit:
    """How a unit becomes SI: value * factor + offset."""

    factor: float
    offset: float = 0.0


class UnknownUnitError(ValueError):
    """No unit of this quantity. The text names what is allowed."""


def _units(**factors: float) -> dict[str, Unit]:
    return {text: Unit(factor) for text, factor in factors.items()}


_POWER = _units(mW=1e-3, W=1, kW=1e3, KW=1e3, MW=1e6, GW=1e9)
_ENERGY = _units(
    J=1,
    kJ=1e3,
    MJ=1e6,
    GJ=1e9,
    Wh=3.6e3,
    kWh=3.6e6,
    kwh=3.6e6,
    KWH=3.6e6,
    MWh=3.6e9,
    MWH=3.6e9,
    GWh=3.6e12,
)
_REACTIVE = _units(
    var=1,
    VAr=1,
    VAR=1,
    kvar=1e3,
    kVAr=1e3,
    kVAR=1e3,
    KVAR=1e3,
    Mvar=1e6,
    MVAr=1e6,
    MVAR=1e6,
)
_APPARENT = _units(VA=1, kVA=1e3, KVA=1e3, MVA=1e6)
_RATIO = {"": Unit(1), "1": Unit(1), "PF": Unit(1), "%": Unit(0.01)}
_TEMPERATURE = {
    "C": Unit(1),
    "degC": Unit(1),
    "Celsius": Unit(1),
    "F": Unit(5 / 9, -160 / 9),
    "degF": Unit(5 / 9, -160 / 9),
    "Fahrenheit": Unit(5 / 9, -160 / 9),
    "K": Unit(1, -273.15),
}
_FLOW = _units(
    **{"m3/s": 1, "m3/h": 1 / 3600, "m3/hr": 1 / 3600, "CMH": 1 / 3600},
    **{"L/s": _LITRE, "l/s": _LITRE, "LPS": _LITRE, "lps": _LITRE},
    **dict.fromkeys(("LPM", "lpm", "L/min", "l/min", "Lpm"), _LITRE / 60),
    **dict.fromkeys(("GPM", "gpm", "gal/min"), _US_GALLON / 60),
)
_PRESSURE = _units(Pa=1, hPa=100, kPa=1e3, KPa=1e3, kpa=1e3, MPa=1e6, mbar=100, bar=1e5, psi=_PSI)

UNITS: Mapping[Quantity, Mapping[str, Unit]] = {
    Quantity.POWER: _POWER,
    Quantity.ENERGY: _ENERGY,
    Quantity.REACTIVE_POWER: _REACTIVE,
    Quantity.APPARENT_POWER: _APPARENT,
    Quantity.POWER_FACTOR: _RATIO,
    Quantity.VOLTAGE: _units(mV=1e-3, V=1, kV=1e3, KV=1e3),
    Quantity.CURRENT: _units(mA=1e-3, A=1, kA=1e3),
    Quantity.FREQUENCY: _units(Hz=1, hz=1, HZ=1, mHz=1e-3),
    Quantity.SUPPLY_TEMPERATURE: _TEMPERATURE,
    Quantity.RETURN_TEMPERATURE: _TEMPERATURE,
    Quantity.FLOW: _FLOW,
    Quantity.PRESSURE: _PRESSURE,
    Quantity.STATE: {"": Unit(1)},
}
"""By quantity, the units that it may come in. Case matters: mW is not MW."""

_SAME = str.maketrans({"\N{SUPERSCRIPT THREE}": "3", "\N{DEGREE SIGN}": None, " ": None})


def unit_of(quantity: Quantity, text: str) -> Unit:
    """How a value of this quantity in this unit becomes SI.

    Raises:
        UnknownUnitError: this quantity does not come in this unit.
    """
    allowed = UNITS[quantity]
    found = allowed.get(text.translate(_SAME))
    if found is None:
        known = ", ".join(one or '""' for one in allowed)
        raise UnknownUnitError(f"{text!r} is no known unit of {quantity.value}; known: {known}")
    return found
