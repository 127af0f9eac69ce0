"""A window or point as one JSON object on one line, that a person can read in `mosquitto_sub`.

What it says, in this order: `seq`, the times, the place, the device and its scope, then the
fields of `exporters.fields`. `seq` is known once the ledger took the row; `with_seq` puts it in
front.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from collector.ledger.model import OutboxItem
from collector.model import Point, Window
from exporters.ends import EndBook, SeriesKey, Used, UsedEnds
from exporters.fields import FieldValue, window_fields
from exporters.mqtt.topics import PLACE_KEYS, window_topic

LANE = "mqtt"
"""The name of this exporter's lane in the outbox."""

_SECOND_NS = 1_000_000_000


class JsonEncoder:
    """Turns windows and points into outbox rows, one each.

    Where the wall clock stepped back, window ends come a second time. They are shifted by n ms, n
    the number of steps back so far, until the clock has passed the latest end that was used; so
    no two windows of a device and scope have the same end.

    Args:
        base: what every topic begins with: `base_topic`.
        place: site, hall, row, rack and node; what is empty is left out.
        earlier: the window ends that earlier runs have used.
    """

    def __init__(
        self,
        base: str,
        place: Mapping[str, str],
        earlier: Mapping[SeriesKey, Used] = MappingProxyType({}),
    ) -> None:
        self._base = base
        self._place = {key: place[key] for key in PLACE_KEYS if place.get(key)}
        self._window_ends = EndBook(earlier)
        self._ends: dict[tuple[str, ...], UsedEnds] = {}

    def windows(self, windows: Iterable[Window]) -> list[OutboxItem]:
        """The rows of these windows, in their order."""
        return [self._window(window) for window in windows]

    def points(self, points: Iterable[Point]) -> list[OutboxItem]:
        """The rows of those points that have a topic, in their order."""
        return [self._point(point) for point in points if point.topic]

    def to_remember(self) -> Mapping[str, int]:
        """Numbers that the ledger is to keep with the windows; see `EndBook`."""
        return self._window_ends.to_remember()

    def _window(self, window: Window) -> OutboxItem:
        device = window.device
        key = (device.kind, device.key, window.scope)
        said: dict[str, FieldValue] = {
            "time": rfc3339(self._window_ends.unused(key, window.end_ns)),
            "start": rfc3339(window.start_ns),
            **self._place,
            **device.tags,
            "scope": window.scope,
        }
        return _item(window_topic(self._base, device), said | window_fields(window))

    def _point(self, point: Point) -> OutboxItem:
        topic = f"{self._base}/{point.topic}"
        key = (point.measurement, topic, *map(str, point.tags.values()))
        ends = self._ends.setdefault(key, UsedEnds())
        said: dict[str, FieldValue] = {
            "time": rfc3339(ends.unused(point.wall_ns)),
            **self._place,
            **point.tags,
        }
        return _item(topic, said | dict(point.fields))


def _item(topic: str, said: Mapping[str, FieldValue]) -> OutboxItem:
    shown = {
        name: int(value) if isinstance(value, float) and value.is_integer() else value
        for name, value in said.items()
    }
    return OutboxItem(
        lane=LANE,
        topic=topic,
        payload=json.dumps(shown, ensure_ascii=False, allow_nan=False).encode(),
    )


def with_seq(payload: bytes, seq: int) -> bytes:
    """A payload made by `JsonEncoder`, with its `seq` in front."""
    return b'{"seq": %d, %b' % (seq, payload.removeprefix(b"{"))


def rfc3339(wall_ns: int) -> str:
    """An instant in UTC (RFC 3339), exact, with no more digits than needed: 0, 3, 6 or 9."""
    seconds, rest_ns = divmod(wall_ns, _SECOND_NS)
    whole = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    digits = f"{rest_ns:09d}"
    while digits.endswith("000"):
        digits = digits[:-3]
    return f"{whole}.{digits}Z" if digits else f"{whole}Z"
