"""What was handed over and is not yet safe: the broker is told when it is, and in order."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

MOST_WAITING = 50_000
"""Messages; a broker sends no more once 65,535 are not acknowledged, and we would be blind."""


class Acknowledger(Protocol):
    """A connection that messages came by."""

    def acknowledge(self, messages: Sequence[int]) -> None:
        """Tell the broker that it need not keep these; nothing if the connection is gone."""


@dataclass(slots=True)
class _Batch:
    by: Acknowledger
    messages: Sequence[int]
    done: bool = False


class Acknowledgements:
    """Batches in the order they came, over all connections.

    A message that the broker sends again by a new connection is found to be a replay and yields no
    reading. It must not be acknowledged before its first copy is safe: so a batch waits for all
    that came before it. When too many messages wait, the oldest wait no longer: to see what is
    drawn now comes before what a crash of ours would cost.

    Args:
        most_waiting: how many messages may wait.
    """

    def __init__(self, most_waiting: int = MOST_WAITING) -> None:
        self.early_total = 0
        """Messages that were acknowledged before they were safe."""
        self._most_waiting = most_waiting
        self._messages = 0
        self._batches: deque[_Batch] = deque()
        self._empty = asyncio.Event()
        self._empty.set()

    def __len__(self) -> int:
        return len(self._batches)

    def add(self, by: Acknowledger, messages: Sequence[int]) -> Callable[[], None]:
        """Note a batch. Returns what is to be called when it is safe; once is enough."""
        batch = _Batch(by, messages)
        self._batches.append(batch)
        self._messages += len(messages)
        self._empty.clear()
        while self._messages > self._most_waiting and self._batches[0] is not batch:
            self.early_total += len(self._batches[0].messages)
            self._release()

        def done() -> None:
            batch.done = True
            while self._batches and self._batches[0].done:
                self._release()
            if not self._batches:
                self._empty.set()

        return done

    def _release(self) -> None:
        """Acknowledge the oldest batch."""
        oldest = self._batches.popleft()
        self._messages -= len(oldest.messages)
        oldest.by.acknowledge(oldest.messages)

    async def settled(self) -> None:
        """Wait until everything is safe."""
        await self._empty.wait()
