"""A window as one JSON object on one line, that a person can read in `mosquitto_sub`.

What it says, in this order: `seq`, the times, the place, the GPU and its scope, then the fields of
`exporters.fields`. `seq` is known once the ledger took the row; `with_seq` puts it in front.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from collector.ledger.model import OutboxItem
from collector.model import Window
from exporters.ends import UsedEnds
from exporters.fields import FieldValue, window_fields
from exporters.mqtt.topics import PLACE_KEYS, gpu_topic

LANE = "mqtt"
"""The name of this exporter's lane in the outbox."""

_SECOND_NS = 1_000_000_000


class WindowEncoder:
    """Turns windows into outbox rows, one each.

    Where the wall clock stepped back, window ends come a second time. They are shifted by n ms, n
    the number of steps back so far, until the clock has passed the latest end that was used; so
    no two windows of a GPU and scope have the same end.

    Args:
        node: the node's name, a part of the topic.
        topic_prefix: what every topic begins with.
        place: site, hall, row, rack and node; what is empty is left out.
    """

    def __init__(self, node: str, topic_prefix: str, place: Mapping[str, str]) -> None:
        self._node = node
        self._prefix = topic_prefix
        self._place = {key: place[key] for key in PLACE_KEYS if place.get(key)}
        self._ends: dict[tuple[str, str], UsedEnds] = {}

    def items(self, windows: Iterable[Window]) -> list[OutboxItem]:
        """The rows of these windows, in their order."""
        return [self._item(window) for window in windows]

    def _item(self, window: Window) -> OutboxItem:
        gpu = window.gpu
        ends = self._ends.setdefault((gpu.uuid, window.scope), UsedEnds())
        said: dict[str, FieldValue] = {
            "time": rfc3339(ends.unused(window.end_ns)),
            "start": rfc3339(window.start_ns),
            **self._place,
            "gpu": gpu.index,
            "uuid": gpu.uuid,
            "scope": window.scope,
        }
        for name, value in window_fields(window).items():
            said[name] = int(value) if isinstance(value, float) and value.is_integer() else value
        return OutboxItem(
            lane=LANE,
            topic=gpu_topic(self._prefix, self._node, gpu.uuid),
            payload=json.dumps(said, ensure_ascii=False, allow_nan=False).encode(),
        )


def with_seq(payload: bytes, seq: int) -> bytes:
    """A payload made by `WindowEncoder`, with its `seq` in front."""
    return b'{"seq": %d, %b' % (seq, payload.removeprefix(b"{"))


def rfc3339(wall_ns: int) -> str:
    """An instant in UTC (RFC 3339), exact, with no more digits than needed: 0, 3, 6 or 9."""
    seconds, rest_ns = divmod(wall_ns, _SECOND_NS)
    whole = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    digits = f"{rest_ns:09d}"
    while digits.endswith("000"):
        digits = digits[:-3]
    return f"{whole}.{digits}Z" if digits else f"{whole}Z"
