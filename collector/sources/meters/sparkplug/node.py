"""One edge node: whether it lives, what its aliases mean, and which message comes next."""

from dataclasses import dataclass, field
from typing import Any

from collector.sources.meters.rejection import Reason, Rejected
from collector.sources.meters.sparkplug.rule import BoundMetric

_SEQUENCES = 256


@dataclass(slots=True)
class Device:
    """A device, or the node itself, since its birth.

    Attributes:
        names: its metrics by name; None for one that is not read.
        aliases: likewise by alias.
    """

    names: dict[bytes, BoundMetric | None] = field(default_factory=dict)
    aliases: dict[int, BoundMetric | None] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """How much it takes of what may be kept."""
        return 1 + len(self.names) + len(self.aliases)

    def find(self, metric: Any) -> BoundMetric | None:
        """What a metric was born as; None when it is not read.

        Raises:
            Rejected: it was not born.
        """
        try:
            if metric.name:
                return self.names[metric.name]
            return self.aliases[metric.alias]
        except KeyError:
            raise Rejected(
                Reason.UNKNOWN_ALIAS,
                "a metric that the birth certificate does not name; a rebirth is asked for",
            ) from None


@dataclass(slots=True)
class EdgeNode:
    """An edge node.

    Attributes:
        devices: by name, those that were born in this session; the node itself is "".
        sequence: number of the last message; None when the next may be any.
        birth: the session's number, which its death certificate repeats; None when not said.
        asked_ns: when it was last asked to be born again, CLOCK_MONOTONIC.
    """

    devices: dict[str, Device] = field(default_factory=dict)
    sequence: int | None = None
    birth: int | None = None
    asked_ns: int | None = None

    def follows(self, sequence: int) -> bool:
        """Take a message's number; whether none is missing before it."""
        last, self.sequence = self.sequence, sequence
        return last is None or sequence == (last + 1) % _SEQUENCES
