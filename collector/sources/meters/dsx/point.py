"""One point: what is known of it, and the values that wait for its metadata."""

from collector.sources.meters.dsx.metadata import Metadata
from collector.sources.meters.dsx.value import Value
from collector.sources.meters.rejection import Rejected


class Point:
    """One point, by the topic of its values.

    Args:
        topic: of its values.
        object_type: a part of that.
        point_type: a part of that.
    """

    __slots__ = (
        "heard_ns",
        "metadata",
        "meter",
        "object_type",
        "point_type",
        "problem",
        "seen",
        "silent",
        "topic",
        "waiting",
    )

    def __init__(self, topic: str, object_type: str, point_type: str) -> None:
        self.topic = topic
        self.object_type = object_type
        self.point_type = point_type
        self.metadata: Metadata | None = None
        self.meter: str | None = None
        self.problem: Rejected | None = None
        self.seen: int | None = None  # of the metadata's payload, which comes again and again
        self.waiting: list[Value] = []
        self.heard_ns = 0
        self.silent = True  # until its first value

    def forget(self) -> None:
        """Its metadata changes: what it said counts no more."""
        self.metadata = self.meter = self.problem = None
