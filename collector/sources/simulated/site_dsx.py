"""Publishes the simulated site's meters to a broker, as a facility would: by the DSX contract.

The contract has no energy register: the utility's goes out on a topic of its own, which
`demo-meters.toml` maps. Source: NVIDIA/dsx-exchange, docs/bms-integration.md.
"""

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import aiomqtt

from collector.sources.meters.listener import Sink
from collector.sources.meters.reading import MeterReading, Quantity
from collector.sources.simulated.site import RACKS, UTILITY_METER, SimulatedSite
from collector.sources.simulated.site_meters import SECOND_NS, SiteMeters
from exporters.mqtt.looped import LoopedClient

log = logging.getLogger(__name__)

ROOT: Final = "BMS/v1/PUB"
TAG: Final = "wattkeeper-demo"
"""The contract's tagPath: what is published here is told from a real facility's by it."""
REGISTER_TOPIC: Final = f"{TAG}/{UTILITY_METER}/energy"
"""In kWh. Outside the contract's root, or the broker would send it for two subscriptions."""
_DESCRIBE_SECONDS: Final = 100.0
_HEARTBEAT_SECONDS: Final = 10.0
_PAST_SECONDS: Final = 900
_PAST_STEP_SECONDS: Final = 15
_RETRY_SECONDS: Final = 5.0
_LEAVE_SECONDS: Final = 1.0
_RACK_METERS: Final = frozenset(f"rack-{rack}-power" for rack in range(1, RACKS + 1))
_RACK_POINTS: Final = {
    Quantity.POWER: ("RackPower", "kW", 1e-3),
    Quantity.SUPPLY_TEMPERATURE: ("RackLiquidSupplyTemperature", "C", 1.0),
    Quantity.RETURN_TEMPERATURE: ("RackLiquidReturnTemperature", "C", 1.0),
}
_METER_POINTS: Final = {Quantity.POWER: ("ActivePower", "kW", 1e-3)}
_KWH_JOULES: Final = 3.6e6


@dataclass(frozen=True, slots=True)
class Point:
    """One point of the contract.

    Attributes:
        path: object type, point type and tagPath, as in its topics.
        unit: of its values.
        scale: from the SI unit to that one.
        object_key: the metadata's key that names the object.
    """

    path: str
    unit: str
    scale: float
    object_key: str


def point_of(reading: MeterReading) -> Point:
    """The point that a reading is published as."""
    rack = reading.meter in _RACK_METERS
    kind, unit, scale = (_RACK_POINTS if rack else _METER_POINTS)[reading.quantity]
    object_type = "Rack" if rack else "PowerMeter"
    return Point(
        path=f"{object_type}/{kind}/{TAG}/{reading.meter}",
        unit=unit,
        scale=scale,
        object_key="rackLocationId" if rack else "objectId",
    )


class SitePublisher:
    """A building management system in the daemon's own process; see `MeterSource`.

    What it publishes comes back over the broker, so that nothing is handed over directly. At its
    end the retained metadata is taken back.

    Args:
        site: whose meters they are.
        host: of the broker.
        port: of the broker.
    """

    def __init__(self, site: SimulatedSite, host: str, port: int) -> None:
        self._meters = SiteMeters(site)
        self._host = host
        self._port = port
        self._described: dict[str, Mapping[str, Any]] = {}

    async def run(self, sink: Sink) -> None:
        """Publish until cancelled; a broker that is away is tried again every few seconds."""
        del sink
        told = False
        while True:
            try:
                async with self._connected() as client:
                    if told:
                        log.warning("the demo's meters are published again")
                    told = False
                    await self._publish(client)
            except aiomqtt.MqttError as error:
                if not told:
                    told = True
                    log.warning(
                        "the demo's meters cannot be published to %s:%d: %s; trying again every "
                        "%.0f s",
                        self._host,
                        self._port,
                        error,
                        _RETRY_SECONDS,
                    )
            await asyncio.sleep(_RETRY_SECONDS)

    @contextlib.asynccontextmanager
    async def _connected(self) -> AsyncIterator[aiomqtt.Client]:
        async with LoopedClient(self._host, self._port, timeout=_RETRY_SECONDS) as client:
            try:
                yield client
            finally:
                with contextlib.suppress(aiomqtt.MqttError, TimeoutError):
                    async with asyncio.timeout(_LEAVE_SECONDS):
                        for path in self._described:
                            await client.publish(f"{ROOT}/Metadata/{path}", b"", 1, retain=True)

    async def _publish(self, client: aiomqtt.Client) -> None:
        now = time.time_ns() // SECOND_NS
        await self._beat(client)
        for second in range(now - _PAST_SECONDS, now, _PAST_STEP_SECONDS):
            await self._say(client, second, qos=1)
        described = beaten = time.monotonic()
        while True:
            wall_ns = time.time_ns()
            await self._say(client, wall_ns // SECOND_NS, qos=0)
            if time.monotonic() - described >= _DESCRIBE_SECONDS:
                described = time.monotonic()
                await self._describe(client)
            if time.monotonic() - beaten >= _HEARTBEAT_SECONDS:
                beaten = time.monotonic()
                await self._beat(client)
            await asyncio.sleep((SECOND_NS - wall_ns % SECOND_NS) / SECOND_NS)

    async def _say(self, client: aiomqtt.Client, second: int, *, qos: int) -> None:
        for reading in self._meters.readings(second, 0):
            if reading.quantity is Quantity.ENERGY:
                said = _said(reading, 1 / _KWH_JOULES)
                await client.publish(REGISTER_TOPIC, said, qos)
                continue
            point = point_of(reading)
            if point.path not in self._described:
                self._described[point.path] = {
                    "objectType": point.path.split("/")[0],
                    "pointType": point.path.split("/")[1],
                    "engUnit": point.unit,
                    point.object_key: reading.meter,
                }
                await self._describe_one(client, point.path)
            await client.publish(f"{ROOT}/Value/{point.path}", _said(reading, point.scale), qos)

    async def _describe(self, client: aiomqtt.Client) -> None:
        for path in self._described:
            await self._describe_one(client, path)

    async def _describe_one(self, client: aiomqtt.Client, path: str) -> None:
        payload = json.dumps(self._described[path])
        await client.publish(f"{ROOT}/Metadata/{path}", payload, 1, retain=True)

    async def _beat(self, client: aiomqtt.Client) -> None:
        path = f"System/HeartbeatTimestampBms/{TAG}"
        if path not in self._described:
            self._described[path] = {"objectType": "System", "scope": TAG}
            await self._describe_one(client, path)
        now_ms = round(time.time() * 1000)
        said = {"value": now_ms, "timestamp": now_ms, "quality": 1}
        await client.publish(f"{ROOT}/Value/{path}", json.dumps(said), 0)


def _said(reading: MeterReading, scale: float) -> str:
    """A value's payload."""
    value = None if reading.value is None else reading.value * scale
    at_ms = reading.source_ns // 1_000_000
    return json.dumps({"value": value, "timestamp": at_ms, "quality": 1})


async def forget_session(host: str, port: int, identifier: str) -> None:
    """Let a broker forget a session, and what it keeps for it; nothing if it cannot be reached."""
    with contextlib.suppress(aiomqtt.MqttError):
        async with LoopedClient(
            host,
            port,
            identifier=identifier,
            protocol=aiomqtt.ProtocolVersion.V5,
            clean_start=True,
            timeout=_LEAVE_SECONDS,
        ):
            pass  # a clean start takes the old session's place, and ends with the connection
