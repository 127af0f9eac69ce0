"""Delivers outbox rows to an MQTT 5 broker."""

import asyncio
import time
from collections.abc import Collection, Mapping, Sequence

import aiomqtt
from paho.mqtt.reasoncodes import ReasonCode

from collector.ledger.model import OutboxRow
from exporters.delivery import DeliveryError, Sent
from exporters.mqtt.connection import (
    Connection,
    ConnectionLostError,
    OnAcknowledged,
    expiring,
)
from exporters.mqtt.credentials import password, tls_context
from exporters.mqtt.encode import with_seq
from exporters.mqtt.options import MqttOptions
from exporters.mqtt.reasons import (
    FAILED_FROM,
    connect_error,
    lost_error,
    publish_error,
    silent_error,
)
from exporters.mqtt.status import StatusTexts
from exporters.mqtt.topics import status_topic

_LAST_WORDS_SECONDS = 0.5
_LEAVE_SECONDS = 0.4
_SETTLED_SECONDS = 40.0
"""A broker may have lost its sessions. It then drops what comes before its subscribers are back, so
what the first so many seconds of a connection brought is sent once more. Less than the 60 s for
which the outbox keeps acknowledged rows, more than the 30 s that subscribers are given."""


class MqttSender:
    """Publishes rows with QoS 1 and returns those that the broker acknowledged.

    It starts clean: the broker keeps no session, since the outbox is the only queue. A row that was
    sent and not acknowledged is sent again, and so is what the first 40 s of a connection brought,
    in case the subscribers came back later than this node: a subscriber can see a row twice, with
    the same `seq`.

    Args:
        identifier: names this client to the broker.
        base: what every topic begins with: `base_topic`.
        options: the broker.
        place: site, hall, row, rack and node, for the status.
        version: the daemon's, for the status.
        retained: topics whose last message the broker keeps, besides the status.
        settled_seconds: the 40 s, shorter in tests.
    """

    def __init__(
        self,
        identifier: str,
        base: str,
        options: MqttOptions,
        place: Mapping[str, str],
        version: str,
        *,
        retained: Collection[str] = (),
        settled_seconds: float = _SETTLED_SECONDS,
    ) -> None:
        self._options = options
        self._place = place
        self._version = version
        self._identifier = identifier
        self._retained = frozenset(retained)
        self._status_topic = status_topic(base)
        self._expiring = expiring(options.expiry_seconds)
        self._connection: Connection | None = None
        self._texts: StatusTexts | None = None
        self._settled_seconds = settled_seconds
        self._settled_at: float | None = None  # when subscribers are thought to be back
        self._forgotten = False  # rows may have been lost with a connection; the caller's to know

    async def send(self, rows: Sequence[OutboxRow]) -> Sent:
        """Publish rows in their order, a bounded number at a time; connect first where needed.

        Returns:
            What was acknowledged, what is refused for itself (too large), and whether what was
            taken in the last minute is to be sent again.

        Raises:
            DeliveryError: no connection, it was lost, the broker fell silent, or it does not allow
                the topic. Rows may have been published: all are to be sent again.
        """
        try:
            connection = self._standing() or await self._connect()
            batch = await self._publish(connection, rows)
        except DeliveryError as error:
            error.lost_connection |= self._forgotten
            self._forgotten = False
            raise
        if self._settled_at is not None and time.monotonic() >= self._settled_at:
            self._settled_at = None
            self._forgotten = True
        reconnected, self._forgotten = self._forgotten, False
        return Sent(batch.delivered, batch.refused, reconnected=reconnected)

    async def close(self) -> None:
        """Say that the node is offline, and disconnect; takes a second at most."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            if connection.ended is None and self._texts is not None:
                async with asyncio.timeout(_LAST_WORDS_SECONDS):
                    await self._say(connection, self._texts.offline())
        except (DeliveryError, TimeoutError):
            connection.abandon()  # the will says it
        finally:
            await connection.leave(_LEAVE_SECONDS)

    def _standing(self) -> Connection | None:
        """The connection, unless it ended since it was used last."""
        connection = self._connection
        if connection is None or connection.ended is None:
            return connection
        self._drop()
        code = connection.ended.code
        if code is not None and code.value >= FAILED_FROM:
            raise lost_error(self._options, code)  # a reason that a new connection may not mend
        return None

    async def _connect(self) -> Connection:
        options = self._options
        texts = StatusTexts(
            place=self._place, version=self._version, connected_wall_ns=time.time_ns()
        )
        connection = Connection(
            options,
            identifier=self._identifier,
            password=password(options),
            context=tls_context(options),
            will=aiomqtt.Will(self._status_topic, texts.will(), 1, retain=True),
        )
        stands = False
        try:
            await connection.__aenter__()
            await self._say(connection, texts.online())
            stands = True
        except aiomqtt.MqttError as error:
            raise connect_error(
                error, options, self._status_topic, reached=connection.reached
            ) from None
        finally:
            if not stands:
                connection.abandon()
        self._connection, self._texts = connection, texts
        self._settled_at = time.monotonic() + self._settled_seconds
        return connection

    async def _say(self, connection: Connection, text: bytes) -> None:
        """Publish the retained status."""
        batch = _Batch(self._options)
        try:
            await connection.room()
            connection.start_publish(
                self._status_topic, text, batch.told(0, self._status_topic), retain=True
            )
            await connection.acknowledged()
        except ConnectionLostError as lost:
            raise batch.stopped or lost_error(self._options, lost.code) from None
        except TimeoutError:
            raise silent_error(self._options) from None
        if batch.stopped is not None:
            raise batch.stopped
        for words in batch.refused.values():
            raise DeliveryError(
                "status",
                f"the MQTT broker at {self._options.address} refused a message to "
                f"{self._status_topic}: {words}",
                action="see the broker's log",
            )

    async def _publish(self, connection: Connection, rows: Sequence[OutboxRow]) -> "_Batch":
        batch = _Batch(self._options)
        try:
            for row in rows:
                await connection.room()
                if batch.stopped is not None:
                    break
                self._start(connection, row, batch)
            await connection.acknowledged()
        except ConnectionLostError as lost:
            self._drop()
            error = batch.stopped or lost_error(self._options, lost.code)  # some hang up as well
            error.lost_connection = True
            raise error from None
        except TimeoutError:
            connection.abandon()
            self._drop()
            raise silent_error(self._options) from None
        if batch.stopped is not None:
            raise batch.stopped
        return batch

    def _start(self, connection: Connection, row: OutboxRow, batch: "_Batch") -> None:
        payload = with_seq(row.payload, row.seq)
        if not connection.fits(row.topic, payload):
            batch.refused[row.id] = f"{len(payload)} bytes are more than the broker takes"
            return
        try:
            connection.start_publish(
                row.topic,
                payload,
                batch.told(row.id, row.topic),
                retain=row.topic in self._retained,
                properties=self._expiring,
            )
        except ValueError as error:
            batch.refused[row.id] = str(error)

    def _drop(self) -> None:
        self._connection = None
        self._forgotten = True


class _Batch:
    """What becomes of the rows of one `send`."""

    def __init__(self, options: MqttOptions) -> None:
        self._options = options
        self.delivered: list[int] = []
        self.refused: dict[int, str] = {}
        self.stopped: DeliveryError | None = None
        """What concerns every row, if there was such an answer."""

    def told(self, row_id: int, topic: str) -> OnAcknowledged:
        """What to call when the broker answers for this row."""

        def told(code: ReasonCode, words: str) -> None:
            if code.value < FAILED_FROM:
                self.delivered.append(row_id)
                return
            stopped = publish_error(self._options, topic, code, words)
            if stopped is None:
                self.refused[row_id] = f"{code}: {words}" if words else str(code)
            else:
                self.stopped = stopped

        return told
