"""Which points of the contract are read, and as what.

Source: NVIDIA/dsx-exchange, schemas/asyncapi/bms/bms.yaml and docs/bms-integration.md.
"""

from collections.abc import Mapping
from enum import Enum

from collector.sources.meters.reading import Quantity


class Side(Enum):
    """A temperature whose side, supply or return, its processArea tells."""

    LOOP = "loop"


POINTS: Mapping[str, Mapping[str, Quantity | Side]] = {
    "PowerMeter": {
        "ActivePower": Quantity.POWER,
        "ApparentPower": Quantity.APPARENT_POWER,
        "PowerFactor": Quantity.POWER_FACTOR,
        "Voltage": Quantity.VOLTAGE,
        "Current": Quantity.CURRENT,
        "Frequency": Quantity.FREQUENCY,
    },
    "Rack": {
        "RackPower": Quantity.POWER,
        "RackLiquidSupplyTemperature": Quantity.SUPPLY_TEMPERATURE,
        "RackLiquidReturnTemperature": Quantity.RETURN_TEMPERATURE,
        "RackLiquidFlow": Quantity.FLOW,
        "RackLiquidDifferentialPressure": Quantity.PRESSURE,
        "RackLeakDetect": Quantity.STATE,
        "RackLeakSensorFault": Quantity.STATE,
        "RackLiquidIsolationStatus": Quantity.STATE,
        "RackElectricalIsolationStatus": Quantity.STATE,
    },
    "UPS": {"Status": Quantity.STATE, "Available": Quantity.STATE},
    "CDU": {
        "LiquidTemperature": Side.LOOP,
        "LiquidFlow": Quantity.FLOW,
        "LiquidPressure": Quantity.PRESSURE,
        "LiquidDifferentialPressure": Quantity.PRESSURE,
        "LeakDetect": Quantity.STATE,
        "Status": Quantity.STATE,
        "Available": Quantity.STATE,
    },
}
"""By object type and point type. Currents of one phase, limits and setpoints are not read."""

ELECTRICAL = frozenset({"PowerMeter", "UPS"})
"""Whose `servesId` is the path of power; that of a CDU is the path of water."""

HEARTBEAT = "HeartbeatTimestampBms"
_OF_THE_WHOLE_METER = frozenset({Quantity.POWER, Quantity.ENERGY})


def named(quantity: Quantity, point_type: str, areas: tuple[str, ...]) -> str:
    """What tells a point from others of its quantity on the same meter.

    Nothing for power: a meter has one, and two points that claim to be it are a mistake to tell.
    """
    if quantity in _OF_THE_WHOLE_METER:
        return ""
    if quantity is Quantity.STATE:
        return " ".join((point_type, *areas))
    words = [area for area in areas if area.lower() not in {"supply", "return"}]
    if point_type == "LiquidDifferentialPressure":
        words.insert(0, "differential")
    return " ".join(words).lower()


def side_of(areas: tuple[str, ...]) -> Quantity | None:
    """Supply or return temperature, as the processArea says; None when it does not."""
    lower = {area.lower() for area in areas}
    if "supply" in lower:
        return Quantity.SUPPLY_TEMPERATURE
    return Quantity.RETURN_TEMPERATURE if "return" in lower else None
