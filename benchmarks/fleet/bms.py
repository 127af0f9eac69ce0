"""The building's management system: publishes the fleet's meters to an MQTT broker.

Topics and payloads are those of the facility contract (NVIDIA/dsx-exchange), as far as
`collector.sources.meters.dsx` reads it.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Iterator, Mapping

import aiomqtt

from benchmarks.fleet.facility import Facility
from benchmarks.fleet.fleet import Fleet
from collector.sitefile.model import Level, MeterSpec

log = logging.getLogger(__name__)

ROOT = "BMS/v1/PUB"
_REPEAT_SECONDS = 100.0
_HEARTBEAT_SECONDS = 10.0
_AGAIN_SECONDS = 2.0
_HEARTBEAT = "System/HeartbeatTimestampBms/bms"
_POINTS = {
    "RackPower": "kW",
    "RackLiquidSupplyTemperature": "degC",
    "RackLiquidReturnTemperature": "degC",
    "ActivePower": "kW",
}


class Bms:
    """What is published, by the fleet's clock.

    Args:
        fleet: the fleet.
        period_seconds: between looks at the meters; each value is the mean since the last.
    """

    def __init__(self, fleet: Fleet, *, period_seconds: float = 2.0) -> None:
        self._fleet = fleet
        self._facility = Facility(fleet, seconds=period_seconds)
        self._racks = {
            meter.id
            for meter in fleet.site.meters.values()
            if fleet.site.branches[meter.branch].level is Level.RACK and not meter.side
        }
        self._said: dict[str, tuple[float, float]] = {}
        self.period_seconds = period_seconds

    def metadata(self) -> Iterator[tuple[str, str]]:
        """Topics and payloads that describe the points; to be retained."""
        yield f"{ROOT}/Metadata/{_HEARTBEAT}", json.dumps({"objectType": "System"})
        for meter in self._fleet.site.meters.values():
            for point in self._points(meter):
                is_rack = meter.id in self._racks
                said = {
                    "objectType": "Rack" if is_rack else "PowerMeter",
                    "pointType": point,
                    "engUnit": _POINTS[point],
                    "objectName": meter.id,
                    "rackLocationId" if is_rack else "objectId": _object(meter),
                }
                if not is_rack:
                    said["servesId"] = sorted(self._served(meter.branch))  # type: ignore[assignment]
                yield f"{ROOT}/Metadata/{self._path(meter, point)}", json.dumps(said)

    def heartbeat(self, at_s: float) -> tuple[str, str]:
        """The sign of life."""
        return f"{ROOT}/Value/{_HEARTBEAT}", _value(round(at_s * 1000), at_s)

    def values(self, at_s: float) -> Iterator[tuple[str, str]]:
        """Topics and payloads of the values that changed, or are due again."""
        watts = self._facility.meter_watts(at_s)
        coolant = self._facility.coolant_celsius(at_s)
        for meter in self._fleet.site.meters.values():
            if meter.id not in watts:
                continue
            supply, back = coolant.get(meter.id, (0.0, 0.0))
            now = {
                "RackPower": round(watts[meter.id] / 1000, 3),
                "ActivePower": round(watts[meter.id] / 1000, 3),
                "RackLiquidSupplyTemperature": round(supply, 1),
                "RackLiquidReturnTemperature": round(back, 1),
            }
            for point in self._points(meter):
                path = self._path(meter, point)
                value, said_s = self._said.get(path, (None, 0.0))
                if now[point] != value or at_s - said_s >= _REPEAT_SECONDS:
                    self._said[path] = (now[point], at_s)
                    yield f"{ROOT}/Value/{path}", _value(now[point], at_s)

    async def publish(self, host: str, port: int, clock: Callable[[], float]) -> None:
        """Publish until cancelled; a broker that is away is tried again.

        Args:
            host: the broker's.
            port: the broker's.
            clock: gives now, UTC seconds since 1970.
        """
        while True:
            try:
                await self._publish(host, port, clock)
            except aiomqtt.MqttError as error:
                log.warning("broker %s:%d: %s; trying again", host, port, error)
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _publish(self, host: str, port: int, clock: Callable[[], float]) -> None:
        async with aiomqtt.Client(host, port) as client:
            described_s = beat_s = 0.0
            while True:
                at_s = clock()
                if at_s - described_s >= _REPEAT_SECONDS:
                    described_s = at_s
                    for topic, payload in self.metadata():
                        await client.publish(topic, payload, qos=0, retain=True)
                if at_s - beat_s >= _HEARTBEAT_SECONDS:
                    beat_s = at_s
                    await client.publish(*self.heartbeat(at_s), qos=0)
                for topic, payload in self.values(at_s):
                    await client.publish(topic, payload, qos=0)
                await asyncio.sleep(max(0.0, at_s + self.period_seconds - clock()))

    def _points(self, meter: MeterSpec) -> tuple[str, ...]:
        if meter.id in self._racks:
            return ("RackPower", "RackLiquidSupplyTemperature", "RackLiquidReturnTemperature")
        return ("ActivePower",)

    def _path(self, meter: MeterSpec, point: str) -> str:
        kind = "Rack" if meter.id in self._racks else "PowerMeter"
        return f"{kind}/{point}/plant/{_object(meter)}"

    def _served(self, branch: str) -> set[str]:
        """Ids of the objects that are next below a branch."""
        objects = self._objects()
        found: set[str] = set()
        todo = self._below(branch)
        while todo:
            one = todo.pop()
            if one in objects:
                found.add(objects[one])
            else:
                todo += self._below(one)
        return found

    def _objects(self) -> Mapping[str, str]:
        return {meter.branch: _object(meter) for meter in self._fleet.site.meters.values()}

    def _below(self, branch: str) -> list[str]:
        return [b.id for b in self._fleet.site.branches.values() if branch in b.parents]


def _object(meter: MeterSpec) -> str:
    return meter.dsx_object or meter.id


def _value(value: float, at_s: float) -> str:
    return json.dumps({"value": value, "timestamp": round(at_s * 1000), "quality": 1})
