"""Listens to the facility's broker for as long as the daemon runs."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import aiomqtt

from collector.sources.meters.decoder import Subscription
from collector.sources.meters.inbox import MeterInbox
from collector.sources.meters.listener import words
from collector.sources.meters.listener.acknowledgements import Acknowledgements
from collector.sources.meters.listener.connection import V5, V311, MeterConnection
from collector.sources.meters.listener.fault import ListenerFault, Report
from collector.sources.meters.reading import MeterReading
from exporters.delivery import Backoff, DeliveryError
from exporters.mqtt.credentials import password, tls_context
from exporters.mqtt.options import MqttOptions

Sink = Callable[[Sequence[MeterReading], Callable[[], None]], None]
"""Takes readings, in order, and what to call when they are safe: from the event loop, once."""

_BATCH_SECONDS = 0.005
_TICK_SECONDS = 1.0
_ASK_AGAIN_SECONDS = 60.0
_STANDS_SECONDS = 10.0
_SAFE_SECONDS = 1.0
_LEAVE_SECONDS = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerStatus:
    """How it is doing.

    Attributes:
        connected: whether the broker has taken the subscriptions.
        received_total: messages that came.
        waiting_batches: handed over, and not yet safe.
        last_message_wall_ns: when the last came, UTC; None before the first.
    """

    connected: bool = False
    received_total: int = 0
    waiting_batches: int = 0
    last_message_wall_ns: int | None = None


class MeterListener:
    """Connects, subscribes, and hands on what is new.

    With MQTT 5, a message of QoS 1 is acknowledged when the sink says that its readings are safe:
    none is lost between broker and ledger. A broker that only speaks 3.1.1 may hold back all but a
    few until they are acknowledged, and has no way to be told otherwise: there, messages are
    acknowledged when they were handed over.

    Args:
        options: the broker.
        node: this daemon's name; a part of the client's identifier, and so of the session.
        inbox: what decodes.
        sink: takes the readings, in batches; called on the event loop.
        report: told what is wrong, and when it is over.
        backoff: how long to wait after a failure.
    """

    def __init__(
        self,
        options: MqttOptions,
        node: str,
        inbox: MeterInbox,
        sink: Sink,
        report: Report,
        *,
        backoff: Backoff | None = None,
    ) -> None:
        self._options = options
        self._identifier = f"wattkeeper-meters-{node}"
        self._inbox = inbox
        self._sink = sink
        self._fault = ListenerFault(report)
        self._backoff = backoff or Backoff()
        self._version = V5
        self._bell = asyncio.Event()
        self._readings: list[MeterReading] = []
        self._messages: list[int] = []
        self._waiting = Acknowledgements()
        self._connection: MeterConnection | None = None
        self._connected = False
        self._received = 0
        self._last_wall_ns: int | None = None

    @property
    def status(self) -> ListenerStatus:
        """How it is doing now."""
        return ListenerStatus(
            connected=self._connected,
            received_total=self._received,
            waiting_batches=len(self._waiting),
            last_message_wall_ns=self._last_wall_ns,
        )

    async def run(self, stopping: asyncio.Event) -> None:
        """Listen until `stopping` is set, then wait a second for what was handed over."""
        async with asyncio.TaskGroup() as group:
            stop = group.create_task(stopping.wait())
            stop.add_done_callback(lambda _: self._bell.set())
            ticker = group.create_task(self._tick())
            while not stopping.is_set():
                try:
                    await self._session(stopping)
                except DeliveryError as error:
                    self._fault.begin(error.text, error.action)
                    await _rest(stopping, self._wait_after(error))
            ticker.cancel()

    def _wait_after(self, error: DeliveryError) -> float:
        if self._version is V5 and error.word in {"protocol", "closed"}:
            self._version = V311  # some only close the connection when 5 is asked for
            return 0.0
        if self._version is V311 and error.word == "closed":
            self._version = V5
        return self._backoff.next_seconds(error.retry_after_seconds)

    async def _session(self, stopping: asyncio.Event) -> None:
        """One connection, from its start to its end.

        Raises:
            DeliveryError: it was not made, or was lost.
        """
        connection = await self._connect()
        self._connection = connection
        since = time.monotonic()
        try:
            await self._listen(connection, stopping)
            connection.stop_receiving()
            await self._finish()
        except DeliveryError:
            self._hand_over()  # what came belongs to this connection
            raise
        finally:
            self._connected = False
            self._connection = None
            if time.monotonic() - since >= _STANDS_SECONDS:
                self._backoff.reset()
            await connection.leave(_LEAVE_SECONDS)

    async def _listen(self, connection: MeterConnection, stopping: asyncio.Event) -> None:
        refused = await self._subscribe(connection, self._inbox.subscriptions)
        ask_at = time.monotonic() + _ASK_AGAIN_SECONDS
        while not stopping.is_set():
            await self._bell.wait()
            self._bell.clear()
            await asyncio.sleep(_BATCH_SECONDS)  # what comes meanwhile goes along
            self._hand_over()
            if connection.ended:
                raise words.lost(self._options, connection)
            if refused and time.monotonic() >= ask_at:
                refused = await self._subscribe(connection, refused)
                ask_at = time.monotonic() + _ASK_AGAIN_SECONDS

    async def _connect(self) -> MeterConnection:
        options = self._options
        try:
            secret, context = password(options), tls_context(options)
        except DeliveryError as error:
            raise words.renamed(error) from None
        connection = MeterConnection(
            options,
            identifier=self._identifier,
            version=self._version,
            password=secret,
            context=context,
            receive=self._receive,
            on_end=self._bell.set,
        )
        stands = False
        try:
            await connection.__aenter__()
            stands = True
        except aiomqtt.MqttError as error:
            raise words.not_connected(error, options, connection) from None
        finally:
            if not stands:
                connection.abandon()
        return connection

    async def _subscribe(
        self, connection: MeterConnection, wanted: Sequence[Subscription]
    ) -> Sequence[Subscription]:
        try:
            refused = await connection.ask_for(wanted) if wanted else []
        except aiomqtt.MqttError:
            if connection.ended:
                raise words.lost(self._options, connection) from None
            raise words.silent(self._options) from None
        self._connected = True
        if refused:
            self._fault.begin(*words.refused(self._options, refused))
        else:
            self._fault.end()
        return refused

    def _receive(self, topic: str | None, payload: bytes, retain: bool, number: int) -> None:  # noqa: FBT001 - once a message: keywords cost
        self._received += 1
        self._last_wall_ns = wall_ns = time.time_ns()
        if number:
            self._messages.append(number)
        if topic is None:
            self._inbox.unreadable_topic()
        else:
            self._readings += self._inbox.receive(
                topic,
                payload,
                retain=retain,
                received_ns=time.monotonic_ns(),
                wall_ns=wall_ns,
            )
        self._bell.set()

    def _hand_over(self) -> None:
        """Give the sink what came, and remember what is to be acknowledged."""
        readings, self._readings = self._readings, []
        messages, self._messages = self._messages, []
        connection = self._connection
        done = _nothing
        if messages and connection is not None:
            done = self._waiting.add(connection, messages)
        if readings:
            self._sink(readings, done)
        if not readings or self._version is V311:
            done()

    async def _tick(self) -> None:
        """What falls silent is told, with a connection or without."""
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            self._bell.set()
            notices = self._inbox.tick(received_ns=time.monotonic_ns(), wall_ns=time.time_ns())
            if notices:
                self._hand_over()
                self._sink(notices, _nothing)
            for request in self._inbox.requests():
                if self._connection is not None:
                    self._connection.send(request.topic, request.payload)

    async def _finish(self) -> None:
        """Hand over the rest, and give the sink a second to make it safe."""
        self._hand_over()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_SAFE_SECONDS):
                await self._waiting.settled()


async def _rest(stopping: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stopping.wait()


def _nothing() -> None:
    """Nobody waits for it."""
