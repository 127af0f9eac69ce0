"""What every way in offers: topics to subscribe to, and readings out of messages."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from collector.sources.meters.reading import MeterReading

MOST_POINTS = 50_000
"""Distinct points that one decoder keeps track of. Others publish: memory has to be bounded."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """A topic filter, and with which quality of service it is wanted."""

    topic: str
    qos: int = 1


@dataclass(frozen=True, slots=True)
class Request:
    """A message that a decoder wants to be published, QoS 0."""

    topic: str
    payload: bytes


class Decoder(Protocol):
    """One way in. It does no input or output of its own; times are given."""

    @property
    def subscriptions(self) -> tuple[Subscription, ...]:
        """What it wants to hear."""

    def wants(self, topic: str) -> bool:
        """Whether a message of this topic is its."""

    def origin(self, topic: str) -> str:
        """Who speaks: the same for all topics of one point, node or device."""

    def decode(
        self, topic: str, payload: bytes, *, retain: bool, received_ns: int, wall_ns: int
    ) -> Sequence[MeterReading]:
        """Readings of one message, in order.

        Args:
            topic: where it was published.
            payload: what was.
            retain: whether the broker had kept it.
            received_ns: when it arrived, CLOCK_MONOTONIC.
            wall_ns: when it arrived, UTC.

        Raises:
            Rejected: it is not taken, or only in part.
        """

    def tick(self, *, received_ns: int, wall_ns: int) -> Sequence[MeterReading]:
        """Notices of what fell silent by now. Called about once a second."""

    def requests(self) -> Sequence[Request]:
        """What is to be published; each is given once."""
