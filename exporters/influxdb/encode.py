"""Windows and points as lines: a window is a point of `gpu_window`, `host_window`, `meter_window`.

A window's time is its end.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from collector.ledger.model import OutboxItem
from collector.model import Device, Point, Window
from exporters.ends import EndBook, SeriesKey, Used, UsedEnds
from exporters.fields import FieldValue, window_fields
from exporters.influxdb.line import head, line

LANE = "influxdb"
PLACE_KEYS = ("site", "hall", "row", "rack", "node")


class LineEncoder:
    """Turns windows and points into outbox rows, one each.

    A point's key is its tags and its time. Where the wall clock stepped back, window ends come a
    second time; they are shifted by n ms, n the number of steps back so far, until the clock has
    passed the latest end that was used.

    Args:
        place: site, hall, row, rack and node; what is empty or missing is left out.
        earlier: the window ends that earlier runs have used.
    """

    def __init__(
        self,
        place: Mapping[str, str],
        earlier: Mapping[SeriesKey, Used] = MappingProxyType({}),
    ) -> None:
        self._place = {key: place[key] for key in PLACE_KEYS if place.get(key)}
        self._series: dict[SeriesKey, _Series] = {}
        self._window_ends = EndBook(earlier)
        self._ends: dict[str, UsedEnds] = {}

    def windows(self, windows: Iterable[Window]) -> list[OutboxItem]:
        """The rows of these windows, in their order."""
        return [self._window(window) for window in windows]

    def points(self, points: Iterable[Point]) -> list[OutboxItem]:
        """The rows of those points that are to be stored, in their order."""
        return [self._point(point) for point in points if point.measurement]

    def to_remember(self) -> Mapping[str, int]:
        """Numbers that the ledger is to keep with the windows; see `EndBook`."""
        return self._window_ends.to_remember()

    def _window(self, window: Window) -> OutboxItem:
        device = window.device
        key = (device.kind, device.key, window.scope)
        series = self._series.setdefault(key, _Series())
        return _item(
            series.head(self._place, device, window.scope),
            window_fields(window).items(),
            self._window_ends.unused(key, window.end_ns),
        )

    def _point(self, point: Point) -> OutboxItem:
        head_ = head(point.measurement, _texts({**self._place, **point.tags}))
        ends = self._ends.setdefault(head_, UsedEnds())
        return _item(head_, point.fields.items(), ends.unused(point.wall_ns))


class _Series:
    """The head of a device's and scope's lines."""

    __slots__ = ("_device", "_head")

    def __init__(self) -> None:
        self._head = ""
        self._device: Device | None = None

    def head(self, place: Mapping[str, str], device: Device, scope: str) -> str:
        """Measurement and tags; made anew only when the device's words changed."""
        if self._device != device:
            self._device = device
            tags = {**place, **device.tags, "scope": scope}
            self._head = head(f"{device.kind}_window", _texts(tags))
        return self._head


def _item(head_: str, fields: Iterable[tuple[str, FieldValue]], wall_ns: int) -> OutboxItem:
    return OutboxItem(lane=LANE, topic="", payload=line(head_, fields, wall_ns))


def _texts(tags: Mapping[str, int | str]) -> dict[str, str]:
    return {name: str(value) for name, value in tags.items()}
