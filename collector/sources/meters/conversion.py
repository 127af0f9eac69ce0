"""What an entry of the map file says of a value, whatever way it comes in."""

from dataclasses import dataclass

from collector.sources.meters.reading import MeterReading, Quality, Quantity, Shape
from collector.sources.meters.units import Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """How a number becomes a reading.

    Attributes:
        quantity: what it is.
        unit: how it becomes SI.
        scale: what it is multiplied with before.
        shape: for power, what lies between readings.
        point: which one, where a meter has several of one quantity.
    """

    quantity: Quantity
    unit: Unit
    scale: float = 1.0
    shape: Shape = Shape.SAMPLED
    point: str = ""

    def reading(
        self, meter: str, value: float | None, *, source_ns: int, received_ns: int, problem: str
    ) -> MeterReading:
        """The reading of a value.

        Args:
            meter: whose it is.
            value: as the source wrote it; None when it gave none.
            source_ns: when it was taken, UTC.
            received_ns: when it arrived, CLOCK_MONOTONIC.
            problem: why it may not be used; empty when it may.
        """
        if value is not None:
            value = value * self.scale * self.unit.factor + self.unit.offset
        elif not problem:
            problem = "the source gives no value"
        return MeterReading(
            meter=meter,
            quantity=self.quantity,
            value=value,
            source_ns=source_ns,
            received_ns=received_ns,
            quality=Quality.BAD if problem else Quality.GOOD,
            shape=self.shape,
            point=self.point,
            reason=problem,
        )
