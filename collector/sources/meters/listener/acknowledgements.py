"""What was handed over and is not yet safe: the broker is told when it is, and in order."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol


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
    that came before it.
    """

    def __init__(self) -> None:
        self._batches: deque[_Batch] = deque()
        self._empty = asyncio.Event()
        self._empty.set()

    def __len__(self) -> int:
        return len(self._batches)

    def add(self, by: Acknowledger, messages: Sequence[int]) -> Callable[[], None]:
        """Note a batch. Returns what is to be called when it is safe; once is enough."""
        batch = _Batch(by, messages)
        self._batches.append(batch)
        self._empty.clear()

        def done() -> None:
            batch.done = True
            while self._batches and self._batches[0].done:
                safe = self._batches.popleft()
                safe.by.acknowledge(safe.messages)
            if not self._batches:
                self._empty.set()

        return done

    async def settled(self) -> None:
        """Wait until everything is safe."""
        await self._empty.wait()
