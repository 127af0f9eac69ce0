"""From a birth certificate to what is read of a node or device."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from collector.sources.meters.conversion import Conversion
from collector.sources.meters.rejection import Reason, Rejected
from collector.sources.meters.sparkplug.metric import property_of
from collector.sources.meters.sparkplug.node import Device
from collector.sources.meters.sparkplug.rule import BoundMetric, MetricRule
from collector.sources.meters.units import UnknownUnitError, unit_of

_LONGEST_NAME = 512


class Binder:
    """Binds the metrics of one birth.

    Args:
        rules: the map, by metric name.
        meters: ids of the site file.
        node: id of the node.
        device: of the device; empty for the node itself.
    """

    def __init__(
        self,
        rules: Mapping[str, Sequence[MetricRule]],
        meters: frozenset[str],
        node: str,
        device: str,
    ) -> None:
        self._rules = rules
        self._meters = meters
        self._node = node
        self._device = device
        self._series: set[tuple[str, str, str]] = set()
        self.rejected: list[Rejected] = []
        """What of it cannot be used."""

    def device(self, metrics: Iterable[Any]) -> Device:
        """What was born."""
        born = Device()
        for metric in metrics:
            name: bytes = metric.name
            if not name or len(name) > _LONGEST_NAME:
                self.rejected.append(
                    Rejected(
                        Reason.WRONG_TYPE, f"a metric is born with a name of {len(name)} bytes"
                    )
                )
                continue
            bound = self._bound(name.decode(errors="replace"), metric)
            born.names[name] = bound
            if metric.HasField("alias"):
                born.aliases[metric.alias] = bound
        return born

    def _bound(self, name: str, metric: Any) -> BoundMetric | None:
        for rule in self._rules.get(name, ()):
            meter = rule.meter_for(self._node, self._device)
            if meter is not None:
                try:
                    return self._checked(rule, meter, metric)
                except Rejected as why:
                    self.rejected.append(why)
                    return None
        return None

    def _checked(self, rule: MetricRule, meter: str, metric: Any) -> BoundMetric:
        if meter not in self._meters:
            raise Rejected(Reason.UNMAPPED, f"no meter of the site file is {meter!r}")
        series = (meter, rule.quantity.value, rule.point)
        if series in self._series:
            raise Rejected(
                Reason.AMBIGUOUS, f"two metrics give the {rule.quantity.value} of meter {meter}"
            )
        self._series.add(series)
        text = property_of(metric, "engUnit") if rule.unit is None else rule.unit
        try:
            unit = unit_of(rule.quantity, "" if text is None else str(text))
        except UnknownUnitError as error:
            raise Rejected(Reason.UNKNOWN_UNIT, str(error)) from None
        conversion = Conversion(
            quantity=rule.quantity,
            unit=unit,
            scale=rule.scale,
            shape=rule.shape,
            point=rule.point,
        )
        return BoundMetric(meter=meter, conversion=conversion, datatype=metric.datatype)
