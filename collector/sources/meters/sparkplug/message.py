"""One message of a node or device."""

from dataclasses import dataclass
from typing import Any

from google.protobuf.message import DecodeError

from collector.sources.meters.decoder import MOST_POINTS
from collector.sources.meters.rejection import Reason, Rejected
from collector.sources.meters.sparkplug.node import EdgeNode
from collector.sources.meters.sparkplug.schema import Payload

MOST_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message, with what its topic says.

    Attributes:
        node: what is known of its node.
        name: the node's.
        device: the device's; empty for the node's own messages.
        said: the payload.
        received_ns: when it arrived, CLOCK_MONOTONIC.
        wall_ns: when it arrived, UTC.
    """

    node: EdgeNode
    name: str
    device: str
    said: Any
    received_ns: int
    wall_ns: int


def parsed(payload: bytes) -> Any:
    """A payload's message.

    Raises:
        Rejected: it is too large, has too many metrics, or is no payload.
    """
    if len(payload) > MOST_BYTES:
        raise Rejected(Reason.TOO_LARGE, f"{len(payload)} bytes; up to {MOST_BYTES} are looked at")
    try:
        said = Payload.FromString(payload)
    except DecodeError:
        raise Rejected(Reason.NOT_PROTOBUF, "the payload is no Sparkplug B payload") from None
    if len(said.metrics) > MOST_POINTS:  # an empty one takes two bytes, and each is looked at
        raise Rejected(
            Reason.TOO_MANY_POINTS,
            f"{len(said.metrics)} metrics; up to {MOST_POINTS} are looked at",
        )
    return said


def birth_number(said: Any) -> int | None:
    """The metric `bdSeq`, which a death certificate shares with its birth certificate's."""
    for metric in said.metrics:
        if metric.name == b"bdSeq":
            return int(metric.long_value or metric.int_value)
    return None


def called(node: str, device: str) -> str:
    """A node or device, for people."""
    return f"device {node}/{device}" if device else f"node {node}"
