"""One connection to a broker: aiomqtt's, and what it leaves out.

aiomqtt waits for each acknowledgement but drops its reason code, so a refused message would pass
for a delivered one; it does not say that a connection went away until the next call times out; it
leaves a half-made connection open. All three are mended here, and a fourth in `looped`, by
overriding its callbacks. They carry an underscore: the tests against a real broker tell when an
update moves them.
"""

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Callable
from typing import Any

import aiomqtt
from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from collector.shown import shown
from exporters.mqtt.looped import LoopedClient, shut
from exporters.mqtt.options import MqttOptions
from exporters.mqtt.reasons import ClosedEarlyError

OnAcknowledged = Callable[[ReasonCode, str], None]
"""Told the broker's reason code for a message, and its own words, which may be empty."""

_MOST_WORDS = 300
_READS_WHEN_ABANDONED = 1000
_PUBLISH_OVERHEAD_BYTES = 64


class ConnectionLostError(Exception):
    """The connection is gone. `code` is what the broker said, if it said anything."""

    def __init__(self, code: ReasonCode | None) -> None:
        super().__init__(str(code))
        self.code = code


class Connection(LoopedClient):
    """A connection that is made once, used, and left or abandoned.

    Args:
        options: whom it is with.
        identifier: the same for every connection of a node, so that a new one ends an old one
            whose end the broker missed, and the old one's will comes before the new one's birth.
        password: None without one.
        context: for TLS; None without.
        will: what the broker publishes when the connection is lost.
    """

    def __init__(
        self,
        options: MqttOptions,
        *,
        identifier: str,
        password: str | None,
        context: ssl.SSLContext | None,
        will: aiomqtt.Will,
    ) -> None:
        self._heard = _LastError()
        logger = logging.Logger(__name__, logging.ERROR)  # noqa: LOG001 - alone, prints nothing
        logger.addHandler(self._heard)
        super().__init__(
            options.host,
            options.port,
            username=options.username or None,
            password=password,
            logger=logger,
            identifier=identifier,
            protocol=aiomqtt.ProtocolVersion.V5,
            will=will,
            timeout=options.timeout_seconds,
            keepalive=options.keepalive_seconds,
            clean_start=True,
            max_inflight_messages=options.in_flight,
            tls_context=context,
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],  # no row is held back
        )
        self._client.connect_timeout = options.timeout_seconds
        self._options = options
        self._most_in_flight = options.in_flight
        self._largest_bytes: int | None = None
        self._unacknowledged: dict[int, OnAcknowledged] = {}
        self._moved = asyncio.Event()
        self._ended: ConnectionLostError | None = None
        self._last_code: ReasonCode | None = None
        self._connected.add_done_callback(_heed)
        self._disconnected.add_done_callback(self._on_ended)

    @property
    def ended(self) -> ConnectionLostError | None:
        """How it ended; None while it stands."""
        return self._ended

    def fits(self, topic: str, payload: bytes) -> bool:
        """Whether the broker takes messages of this size."""
        size = len(topic.encode()) + len(payload) + _PUBLISH_OVERHEAD_BYTES
        return self._largest_bytes is None or size <= self._largest_bytes

    def start_publish(
        self,
        topic: str,
        payload: bytes,
        told: OnAcknowledged,
        *,
        retain: bool = False,
        properties: Properties | None = None,
    ) -> None:
        """Send a message with QoS 1; `told` is called when the broker acknowledges it.

        Raises:
            ValueError: the topic or the payload is none that MQTT allows.
            ConnectionLostError: the connection is gone.
        """
        if self._ended is not None:
            raise self._ended
        info = self._client.publish(topic, payload, 1, retain, properties)
        if info.rc:  # it then closed the connection, and calls back soon
            raise ConnectionLostError(self._last_code)
        self._unacknowledged[info.mid] = told

    async def room(self) -> None:
        """Wait until another message may be sent.

        Raises:
            ConnectionLostError: the connection is gone.
            TimeoutError: the broker acknowledged nothing for too long.
        """
        while len(self._unacknowledged) >= self._most_in_flight:
            await self._next_move()

    async def acknowledged(self) -> None:
        """Wait until everything sent is acknowledged.

        Raises:
            ConnectionLostError: the connection is gone.
            TimeoutError: the broker acknowledged nothing for too long.
        """
        while self._unacknowledged:
            await self._next_move()

    async def leave(self, seconds: float) -> None:
        """Disconnect in good order, or after so long without."""
        self.timeout = seconds
        if self._ended is None:
            with contextlib.suppress(aiomqtt.MqttError):
                await self.__aexit__(None, None, None)
        self.abandon()

    def abandon(self) -> None:
        """Close at once, also while it is still being made; the broker publishes the will."""
        self._abandoned = True
        if self._ended is None:
            self._end(None)
        for _ in range(_READS_WHEN_ABANDONED):  # what had come in, then the end
            sock = self._client.socket()
            if sock is None:
                return
            shut(sock)
            self._client.loop_read()

    async def _next_move(self) -> None:
        if self._ended is not None:
            raise self._ended
        self._moved.clear()
        async with asyncio.timeout(self._options.timeout_seconds):
            await self._moved.wait()

    def _end(self, code: ReasonCode | None) -> None:
        if self._ended is None:
            self._ended = ConnectionLostError(code)
        self._moved.set()

    def _on_ended(self, future: asyncio.Future[None]) -> None:
        _heed(future)
        self._end(self._last_code)

    def _on_connect(
        self,
        client: Client,
        userdata: Any,
        flags: ConnectFlags,
        reason_code: ReasonCode,
        properties: Properties | None = None,
    ) -> None:
        most: int = getattr(properties, "ReceiveMaximum", self._most_in_flight)
        self._most_in_flight = max(1, min(most, self._most_in_flight))
        self._largest_bytes = getattr(properties, "MaximumPacketSize", None)
        super()._on_connect(client, userdata, flags, reason_code, properties)

    def _on_disconnect(
        self,
        client: Client,
        userdata: Any,
        flags: DisconnectFlags,
        reason_code: ReasonCode,
        properties: Properties | None = None,
    ) -> None:
        if self._abandoned or self._connected.cancelled():
            return  # nobody waits; it may also be another thread that calls
        if flags.is_disconnect_packet_from_server:
            self._last_code = reason_code
        if not self._connected.done():
            # The thread that connects may be calling.
            self._loop.call_soon_threadsafe(self._fail_to_connect)
            return
        super()._on_disconnect(client, userdata, flags, reason_code, properties)

    def _fail_to_connect(self) -> None:
        if not self._connected.done():
            self._connected.set_exception(ClosedEarlyError(self._heard.text))

    def _on_publish(
        self,
        client: Client,
        userdata: Any,
        mid: int,
        reason_code: ReasonCode,
        properties: Properties,
    ) -> None:
        told = self._unacknowledged.pop(mid, None)
        if told is not None:
            told(reason_code, shown(getattr(properties, "ReasonString", ""), _MOST_WORDS))
            self._moved.set()
        super()._on_publish(client, userdata, mid, reason_code, properties)


def expiring(seconds: int | None) -> Properties | None:
    """Properties of a message that the broker drops after so long; None for never."""
    if seconds is None:
        return None
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho: untyped
    properties.MessageExpiryInterval = seconds
    return properties


class _LastError(logging.Handler):
    """Keeps what paho logs where it tells its caller nothing: the TLS alert, for one."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.text = record.getMessage()


def _heed(future: asyncio.Future[None]) -> None:
    """Look at how it ended, so that asyncio does not log that nobody did."""
    if not future.cancelled():
        future.exception()
