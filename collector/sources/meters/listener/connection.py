"""One connection to the facility's broker: aiomqtt's, without its queue.

aiomqtt makes an object and a task for each message, which costs more than reading it: here paho's
callback hands it on directly. A message of QoS 1 is acknowledged when it is said so, not on
arrival. What is overridden carries an underscore: the tests against a real broker tell when an
update moves it.
"""

import asyncio
import contextlib
import logging
import ssl
from collections.abc import Callable, Sequence
from typing import Any

import aiomqtt
from paho.mqtt.client import Client, DisconnectFlags, MQTTMessage
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from collector.sources.meters.decoder import Subscription
from exporters.mqtt.looped import LoopedClient, shut
from exporters.mqtt.options import MqttOptions
from exporters.mqtt.reasons import FAILED_FROM, ClosedEarlyError

Receive = Callable[[str | None, bytes, bool, int], None]
"""Told topic (None when it is no text), payload, whether retained, and the number (0: QoS 0)."""

V5, V311 = aiomqtt.ProtocolVersion.V5, aiomqtt.ProtocolVersion.V311

_SESSION_SECONDS = 86_400
"""How long the broker keeps messages while we are away."""
_MOST_UNACKNOWLEDGED = 65_535
_LARGEST_BYTES = 2 << 20
_READS_WHEN_ABANDONED = 1000


class MeterConnection(LoopedClient):
    """A connection that is made once, used, and left or abandoned.

    The broker keeps the session: what is published with QoS 1 while we are away comes later.

    Args:
        options: whom it is with.
        identifier: names the session: the same at every connection.
        version: MQTT 5, or 3.1.1 where the broker speaks nothing newer.
        password: None without one.
        context: for TLS; None without.
        receive: called for each message.
        on_end: called once, when the connection is gone.
    """

    def __init__(
        self,
        options: MqttOptions,
        *,
        identifier: str,
        version: aiomqtt.ProtocolVersion,
        password: str | None,
        context: ssl.SSLContext | None,
        receive: Receive,
        on_end: Callable[[], None],
    ) -> None:
        self._heard = _LastError()
        logger = logging.Logger(__name__, logging.ERROR)  # noqa: LOG001 - alone, prints nothing
        logger.addHandler(self._heard)
        modern = version is V5
        super().__init__(
            options.host,
            options.port,
            username=options.username or None,
            password=password,
            logger=logger,
            identifier=identifier,
            protocol=version,
            timeout=options.timeout_seconds,
            keepalive=options.keepalive_seconds,
            clean_session=None if modern else False,
            **({"clean_start": False, "properties": _session()} if modern else {}),
            tls_context=context,
        )
        self._client.connect_timeout = options.timeout_seconds
        self._client.manual_ack_set(on=True)
        self._modern = modern
        self._receive = receive
        self._on_end = on_end
        self._ended = False
        self._deaf = False
        self._code: ReasonCode | None = None
        self._connected.add_done_callback(_heed)
        self._disconnected.add_done_callback(self._on_gone)

    @property
    def ended(self) -> bool:
        """Whether it is gone."""
        return self._ended

    @property
    def code(self) -> ReasonCode | None:
        """What the broker said when it ended it, if it said anything."""
        return self._code

    async def ask_for(self, wanted: Sequence[Subscription]) -> list[Subscription]:
        """Subscribe. Returns what the broker refused.

        Raises:
            aiomqtt.MqttError: it did not answer.
        """
        if self._modern:
            codes = await self.subscribe(
                [(one.topic, SubscribeOptions(qos=one.qos)) for one in wanted]
            )
        else:
            codes = await self.subscribe([(one.topic, one.qos) for one in wanted])
        values = [code.value if isinstance(code, ReasonCode) else code for code in codes]
        return [one for one, value in zip(wanted, values, strict=True) if value >= FAILED_FROM]

    def send(self, topic: str, payload: bytes) -> None:
        """Publish with QoS 0, if the connection stands."""
        if not self._ended:
            self._client.publish(topic, payload)

    def acknowledge(self, messages: Sequence[int]) -> None:
        """Tell the broker that it need not keep these; nothing if the connection is gone."""
        if not self._ended:
            for message in messages:
                self._client.ack(message, 1)

    def stop_receiving(self) -> None:
        """Take no more messages: what the broker sends from now on, it sends again later."""
        self._deaf = True

    async def leave(self, seconds: float) -> None:
        """Disconnect in good order, or after so long without; the broker keeps the session."""
        self.timeout = seconds
        if not self._ended:
            with contextlib.suppress(aiomqtt.MqttError):
                await self.__aexit__(None, None, None)
        self.abandon()

    def abandon(self) -> None:
        """Close at once, also while it is still being made."""
        self._abandoned = True
        self._end()
        for _ in range(_READS_WHEN_ABANDONED):  # what had come in, then the end
            sock = self._client.socket()
            if sock is None:
                return
            shut(sock)
            self._client.loop_read()

    def _end(self) -> None:
        if not self._ended:
            self._ended = True
            self._on_end()

    def _on_gone(self, future: asyncio.Future[None]) -> None:
        _heed(future)
        self._end()

    def _on_message(self, client: Client, userdata: Any, message: MQTTMessage) -> None:
        del client, userdata
        if self._ended or self._deaf:
            return  # not acknowledged: it comes again
        topic: str | None
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = None
        number = message.mid if message.qos else 0
        self._receive(topic, bytes(message.payload), message.retain, number)

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
            self._code = reason_code
        if not self._connected.done():
            # The thread that connects may be calling.
            self._loop.call_soon_threadsafe(self._fail_to_connect)
            return
        super()._on_disconnect(client, userdata, flags, reason_code, properties)

    def _fail_to_connect(self) -> None:
        if not self._connected.done():
            self._connected.set_exception(ClosedEarlyError(self._heard.text))


def _session() -> Properties:
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho: untyped
    properties.SessionExpiryInterval = _SESSION_SECONDS
    properties.ReceiveMaximum = _MOST_UNACKNOWLEDGED
    properties.MaximumPacketSize = _LARGEST_BYTES
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
