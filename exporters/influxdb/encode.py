"""A window as a point of the measurement `gpu_window`, timestamped at the window's end."""

from collections.abc import Iterable, Mapping

from collector.ledger.model import OutboxItem
from collector.model import Window
from exporters.ends import UsedEnds
from exporters.fields import window_fields
from exporters.influxdb.line import head, line

LANE = "influxdb"
MEASUREMENT = "gpu_window"
PLACE_KEYS = ("site", "hall", "row", "rack", "node")


class WindowEncoder:
    """Turns windows into outbox rows, one each.

    A point's key is its tags and its time. Where the wall clock stepped back, window ends come a
    second time; they are shifted by n ms, n the number of steps back so far, until the clock has
    passed the latest end that was used.

    Args:
        place: site, hall, row, rack and node; what is empty or missing is left out.
    """

    def __init__(self, place: Mapping[str, str]) -> None:
        self._place = {key: place[key] for key in PLACE_KEYS if place.get(key)}
        self._series: dict[tuple[str, str], _Series] = {}

    def items(self, windows: Iterable[Window]) -> list[OutboxItem]:
        """The rows of these windows, in their order."""
        return [self._item(window) for window in windows]

    def _item(self, window: Window) -> OutboxItem:
        key = window.gpu.uuid, window.scope
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = _Series()
        return OutboxItem(
            lane=LANE,
            topic="",
            payload=line(
                series.head(self._place, window),
                window_fields(window).items(),
                series.ends.unused(window.end_ns),
            ),
        )


class _Series:
    """The head of a GPU's and scope's lines, and the window ends they have used."""

    __slots__ = ("_head", "_index", "ends")

    def __init__(self) -> None:
        self._head = ""
        self._index = -1
        self.ends = UsedEnds()

    def head(self, place: Mapping[str, str], window: Window) -> str:
        """Measurement and tags; made anew only when the GPU's index changed."""
        if not self._head or self._index != window.gpu.index:
            self._index = window.gpu.index
            mine = {"gpu": str(self._index), "uuid": window.gpu.uuid, "scope": window.scope}
            self._head = head(MEASUREMENT, {**place, **mine})
        return self._head
