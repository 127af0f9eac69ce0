"""One entry `[[sparkplug]]` of the map file."""

from dataclasses import dataclass

from collector.sources.meters.conversion import Conversion
from collector.sources.meters.reading import Quantity, Shape

ANY = "+"


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricRule:
    """What a metric of some nodes or devices is.

    Attributes:
        node: id of the edge node; `+` for any.
        device: id of the device; `+` for any, empty for the node's own metrics.
        metric: its name, as the birth certificate has it.
        meter: id of the meter; `{node}` and `{device}` stand for theirs.
        quantity: what it is.
        unit: its unit; None takes the birth certificate's property `engUnit`.
        scale: what it is multiplied with before.
        shape: for power, what lies between readings.
        point: which one, where a meter has several of one quantity.
    """

    node: str
    device: str
    metric: str
    meter: str
    quantity: Quantity
    unit: str | None = None
    scale: float = 1.0
    shape: Shape = Shape.HELD
    point: str = ""

    def meter_for(self, node: str, device: str) -> str | None:
        """The meter it is of at this node and device; None when it names others."""
        if self.node not in {ANY, node} or not self._is_of(device):
            return None
        return self.meter.replace("{node}", node).replace("{device}", device)

    def _is_of(self, device: str) -> bool:
        return bool(device) if self.device == ANY else self.device == device


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundMetric:
    """A metric that was born and that the map names."""

    meter: str
    conversion: Conversion
    datatype: int
