"""The push exporters of a node: encoders for the outbox, and what delivers it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from zlib import crc32

from collector import __version__
from collector.catalogue import Labels
from collector.config import Settings
from collector.config.settings import InfluxTable, MqttTable
from collector.daemon.faults import FaultBoard
from collector.energy.edges import SECOND_NS
from collector.ledger import Ledger, OutboxItem
from collector.model import Point, Window
from collector.summary import LostRows
from exporters.delivery import Delivery, DeliveryOptions, Sender
from exporters.ends import earlier_ends

_MOST_AGE_SECONDS = 30 * 86400.0


class _Encoder(Protocol):
    def windows(self, windows: Sequence[Window]) -> list[OutboxItem]: ...

    def points(self, points: Sequence[Point]) -> list[OutboxItem]: ...

    def to_remember(self) -> Mapping[str, int]: ...


@dataclass(frozen=True, slots=True)
class Lane:
    """One push exporter."""

    name: str
    encoder: _Encoder
    delivery: Delivery


class Tables(Protocol):
    """The tables of a configuration that say where to push to."""

    @property
    def influxdb(self) -> InfluxTable | None:
        """InfluxDB, if it is on."""

    @property
    def mqtt(self) -> MqttTable | None:
        """MQTT, if it is on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """Who pushes.

    Attributes:
        name: the node's or the site's.
        kind: `node` or `site`: what its MQTT topics begin with, after the prefix.
        place: site, hall, row, rack and node, as far as set.
        retained: MQTT topics below its own whose last message the broker keeps.
        client: names it to a broker; of two daemons of one site, each has its own.
    """

    name: str
    kind: str
    place: Mapping[str, str]
    retained: tuple[str, ...] = ()
    client: str = ""


class Push:
    """All push exporters that are configured.

    Args:
        tables: the configuration.
        publisher: who pushes.
        ledger: holds the outbox.
        faults: told when a delivery fails and when it works again.
    """

    def __init__(
        self, tables: Tables, publisher: Publisher, ledger: Ledger, faults: FaultBoard
    ) -> None:
        self._ledger = ledger
        self._faults = faults
        self._publisher = publisher
        self._earlier = earlier_ends(ledger.accounts, ledger.numbers)
        self.lanes: list[Lane] = []
        self._lost = LostRows()
        if tables.influxdb is not None:
            self.lanes.append(self._influxdb(tables.influxdb))
        if tables.mqtt is not None:
            self.lanes.append(self._mqtt(tables.mqtt))

    def encode(
        self, windows: Sequence[Window], points: Sequence[Point] = ()
    ) -> tuple[OutboxItem, ...]:
        """The outbox rows of windows and points, for all exporters."""
        return tuple(
            item
            for lane in self.lanes
            for item in (*lane.encoder.windows(windows), *lane.encoder.points(points))
        )

    def to_remember(self) -> dict[str, int]:
        """Numbers to commit with what was just encoded; every exporter's are the same."""
        return {
            name: number
            for lane in self.lanes
            for name, number in lane.encoder.to_remember().items()
        }

    def wake(self) -> None:
        """Say that a commit was submitted."""
        for lane in self.lanes:
            lane.delivery.wake()

    def values(self, now_ns: int, wall_ns: int) -> dict[str, dict[Labels, float]]:
        """The exporters' series, by metric name and labels.

        Args:
            now_ns: monotonic time; never before the last one's.
            wall_ns: UTC.
        """
        values: dict[str, dict[Labels, float]] = {}
        for lane in self.lanes:
            status, waiting = lane.delivery.status, self._ledger.outbox.status(lane.name)
            found = {
                "wattkeeper_exporter_up": float(status.connected),
                "wattkeeper_outbox_rows": waiting.waiting_rows,
                "wattkeeper_outbox_bytes": waiting.waiting_bytes,
                "wattkeeper_delivered_total": status.delivered_total,
                "wattkeeper_retried_total": status.retried_total,
                "wattkeeper_quarantined_total": waiting.quarantined_rows,
                "wattkeeper_dropped_total": waiting.dropped_rows,
            }
            if waiting.oldest_wall_ns is not None:
                age_ns = max(wall_ns - waiting.oldest_wall_ns, 0)
                found["wattkeeper_outbox_oldest_age_seconds"] = age_ns / SECOND_NS
            if status.last_success_wall_ns is not None:
                seconds = status.last_success_wall_ns / SECOND_NS
                found["wattkeeper_last_delivery_timestamp_seconds"] = seconds
            for name, value in found.items():
                values.setdefault(name, {})[lane.name,] = float(value)
        return values | self._lost.values(values, now_ns)

    def _influxdb(self, table: InfluxTable) -> Lane:
        # The client is large: loaded only where it is wanted.
        from exporters.influxdb import LANE, InfluxOptions, LineEncoder  # noqa: PLC0415
        from exporters.influxdb.sender import InfluxSender  # noqa: PLC0415

        options = InfluxOptions(
            url=table.url,
            bucket=table.bucket,
            org=table.org,
            token_file=table.token_file,
            ca_file=table.ca_file,
            gzip=table.gzip,
        )
        encoder = LineEncoder(self._publisher.place, self._earlier)
        return self._lane(LANE, table, encoder, InfluxSender(options))

    def _mqtt(self, table: MqttTable) -> Lane:
        from exporters.mqtt.encode import LANE, JsonEncoder  # noqa: PLC0415 - as above
        from exporters.mqtt.options import MqttOptions  # noqa: PLC0415
        from exporters.mqtt.sender import MqttSender  # noqa: PLC0415
        from exporters.mqtt.topics import base_topic  # noqa: PLC0415

        who, tls = self._publisher, table.tls
        options = MqttOptions(
            host=table.host,
            port=table.port,
            username=table.username,
            password_file=table.password_file,
            topic_prefix=table.topic_prefix,
            tls=tls is not None,
            ca_file=tls.ca_file if tls else None,
            cert_file=tls.cert_file if tls else None,
            key_file=tls.key_file if tls else None,
        )
        base = base_topic(table.topic_prefix, who.kind, who.name)
        sender = MqttSender(
            f"wattkeeper-{who.client or who.name}",
            base,
            options,
            who.place,
            __version__,
            retained=[f"{base}/{topic}" for topic in who.retained],
        )
        return self._lane(LANE, table, JsonEncoder(base, who.place, self._earlier), sender)

    def _lane(
        self,
        name: str,
        table: InfluxTable | MqttTable,
        encoder: _Encoder,
        sender: Sender,
    ) -> Lane:
        self._ledger.outbox.configure(
            name, most_bytes=table.outbox_bytes, most_age_seconds=_MOST_AGE_SECONDS
        )
        options = DeliveryOptions(
            lane=name,
            batch_seconds=table.batch_seconds,
            backfill_rows_per_second=table.backfill_points_per_second,
            phase_share=crc32(self._publisher.name.encode()) / 2**32,
        )
        delivery = Delivery(self._ledger.outbox, sender, options, self._reporter(name))
        return Lane(name, encoder, delivery)

    def _reporter(self, name: str) -> Callable[[str | None, str], None]:
        def report(problem: str | None, action: str) -> None:
            if problem is None:
                self._faults.clear(name)
            else:
                self._faults.report(name, problem, action, quietly=True)

        return report


def node_publisher(settings: Settings) -> Publisher:
    """The publisher of a node."""
    node = settings.node
    place = {"site": node.site, "hall": node.hall, "row": node.row, "rack": node.rack}
    place = {key: value for key, value in (place | {"node": node.name}).items() if value}
    return Publisher(name=node.name, kind="node", place=place)
