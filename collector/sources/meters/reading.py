"""The one shape in which every meter's words come out, whatever way they came in."""

from dataclasses import dataclass
from enum import StrEnum


class Quantity(StrEnum):
    """What a reading measures, and so its unit."""

    POWER = "power"
    """Active power, watts; a meter of generation counts what it delivers as positive."""
    ENERGY = "energy"
    """A register of active energy, joules; it only grows, but for a rollover or a new meter."""
    REACTIVE_POWER = "reactive_power"
    """Volt-amperes reactive; lagging is positive."""
    APPARENT_POWER = "apparent_power"
    """Volt-amperes."""
    POWER_FACTOR = "power_factor"
    """Active over apparent power, 0 to 1."""
    VOLTAGE = "voltage"
    CURRENT = "current"
    FREQUENCY = "frequency"
    """Hertz."""
    SUPPLY_TEMPERATURE = "supply_temperature"
    """Coolant, degrees Celsius."""
    RETURN_TEMPERATURE = "return_temperature"
    """Coolant, degrees Celsius."""
    FLOW = "flow"
    """Cubic metres per second."""
    PRESSURE = "pressure"
    """Pascals."""
    STATE = "state"
    """A number that stands for a state: leak, isolation, available."""


class Shape(StrEnum):
    """What lies between two readings of a power."""

    HELD = "held"
    """The source publishes on change: the value holds until the next message."""
    SAMPLED = "sampled"
    """The source is sampled: straight lines join the readings (trapezoid)."""


class Quality(StrEnum):
    """Whether a reading may be used."""

    GOOD = "good"
    BAD = "bad"
    """The source itself does not vouch for it, or gave no value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterReading:
    """One value of one meter.

    Attributes:
        meter: id of the meter in the site file.
        quantity: what it is; `value` is in its SI unit.
        value: the value; None when the source gave none, which is a BAD reading.
        source_ns: when it was taken, by the source's clock, corrected by `clock_offset_seconds`;
            nanoseconds of UTC since 1970.
        received_ns: when it arrived, by our CLOCK_MONOTONIC.
        quality: whether it may be used.
        shape: for power, what lies between readings.
        point: which one, where a meter has several of one quantity: a state's name, or the side of
            a coolant's loop. Empty for power and energy, of which a meter has one each.
        reason: why it is BAD, in words for people; empty when GOOD.
        notice: whether this is no value of the source's but the word that it fell silent
            (heartbeat lost, node dead): what it said last holds no more. `source_ns` is then the
            time of the notice by our own clock.
    """

    meter: str
    quantity: Quantity
    value: float | None
    source_ns: int
    received_ns: int
    quality: Quality = Quality.GOOD
    shape: Shape = Shape.SAMPLED
    point: str = ""
    reason: str = ""
    notice: bool = False
