"""What waits in memory to enter the outbox: bounded, for the disk may fail for days."""

from collections import deque
from dataclasses import dataclass, field

from collector.ledger.model import OutboxItem

_ITEM_BYTES = 250
"""What an item takes up in memory besides its payload, about."""


@dataclass(slots=True)
class Queue:
    """What waits for one lane, oldest first. Changed in place.

    Attributes:
        items: when each was created, UTC in nanoseconds, and what it is.
        payload_bytes: their payloads together.
        dropped_rows: how many were given up to bound memory.
    """

    items: deque[tuple[int, OutboxItem]] = field(default_factory=deque)
    payload_bytes: int = 0
    dropped_rows: int = 0

    def add(self, wall_ns: int, item: OutboxItem) -> None:
        """Take in one."""
        self.items.append((wall_ns, item))
        self.payload_bytes += len(item.payload)

    def absorb(self, newer: "Queue") -> None:
        """Take in what came later. `newer` must not be used any more."""
        if newer.dropped_rows:  # it is full, and nothing older must outlive what it gave up
            self.dropped_rows += len(self.items)
            self.items.clear()
            self.payload_bytes = 0
        self.items.extend(newer.items)
        self.payload_bytes += newer.payload_bytes
        self.dropped_rows += newer.dropped_rows

    def bound(self, most_bytes: int) -> None:
        """Give up the oldest until the rest takes up no more memory than this."""
        while self.payload_bytes + _ITEM_BYTES * len(self.items) > most_bytes:
            _, item = self.items.popleft()
            self.payload_bytes -= len(item.payload)
            self.dropped_rows += 1
