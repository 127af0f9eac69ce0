"""What a reading thread is at in the driver, for the event loop to see when it takes too long."""

import time
from collections.abc import Container


class Watch:
    """Shared by one reading thread, which writes it, and the event loop, which looks at it.

    Attributes:
        since_ns: since when the thread is in the driver for this sensor, monotonic; 0 between
            reads.
        timed: whether the durations of the reads are wanted.
        skip: sensors to leave out, because a call for them has not returned.
        relieved: the sensor whose call took so long that another thread took over; the thread
            ends as soon as it can, and what it read is dropped. Empty while all is well.
    """

    __slots__ = ("_sensor", "relieved", "since_ns", "skip", "timed")

    def __init__(self, skip: Container[str] = (), *, timed: bool = True) -> None:
        self._sensor = ""
        self.since_ns = 0
        self.timed = timed
        self.skip = skip
        self.relieved = ""

    @property
    def sensor(self) -> str:
        """What is being read; empty while it is no single sensor."""
        return self._sensor

    @sensor.setter
    def sensor(self, name: str) -> None:
        # Many slow calls one after the other are not one that hangs. The time comes first: whoever
        # looks meanwhile sees the sensor before with a time too young, never one too old.
        self.since_ns = time.monotonic_ns()
        self._sensor = name
