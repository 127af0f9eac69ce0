"""Tells whether an event was already counted, because another origin told of it before."""

from collections import deque
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

WINDOW_NS = 5_000_000_000
"""Two origins tell of the same event within this time of each other.

Both hear of it within milliseconds; records of the kernel log that are read later are dated by the
kernel's own clock, which is a little off.
"""
HOLD_NS = 60_000_000_000
"""For how long an event waits for the other origin's word, which may be read late."""
_MOST_WAITING = 10_000
"""Of one subject and origin; more is a storm, in which the oldest are given up."""

Subject = TypeVar("Subject", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Unmatched(Generic[Subject]):
    """An event that only one origin has told of so far.

    Attributes:
        subject: whose event, and which.
        origin: who told of it.
        monotonic_ns: when it was.
    """

    subject: Subject
    origin: str
    monotonic_ns: int


class Matcher(Generic[Subject]):
    """Pairs the events of two origins, one to one, the oldest first.

    An event is new unless the other origin has told of one of the same subject, within
    `WINDOW_NS`, that is not paired yet. Each origin tells in the order in which things happened;
    how the two interleave does not matter.
    """

    def __init__(self, unmatched: Iterable[Unmatched[Subject]] = ()) -> None:
        self._waiting: dict[Subject, dict[str, deque[int]]] = {}
        for one in unmatched:
            self._queue(one.subject, one.origin).append(one.monotonic_ns)

    def is_new(self, subject: Subject, origin: str, monotonic_ns: int) -> bool:
        """Take an event in; False when it is the other half of one that was taken before."""
        for other, times in self._waiting.get(subject, {}).items():
            if other == origin:
                continue
            # In order: what is too old for this event is too old for all that follow it.
            while times and times[0] < monotonic_ns - WINDOW_NS:
                times.popleft()
            if times and times[0] <= monotonic_ns + WINDOW_NS:
                times.popleft()
                return False
        self._queue(subject, origin).append(monotonic_ns)
        return True

    def rename(self, subject: Subject, now: Subject) -> None:
        """Let a subject's unmatched events be another's: it is the same one, better known."""
        for origin, times in self._waiting.pop(subject, {}).items():
            queue = self._queue(now, origin)
            merged = sorted((*queue, *times))
            queue.clear()
            queue.extend(merged)

    def expire(self, now_ns: int) -> None:
        """Give up waiting for the other half of old events."""
        for subject, origins in list(self._waiting.items()):
            for origin, times in list(origins.items()):
                while times and times[0] < now_ns - HOLD_NS:
                    times.popleft()
                if not times:
                    del origins[origin]
            if not origins:
                del self._waiting[subject]

    def __iter__(self) -> Iterator[Unmatched[Subject]]:
        for subject, origins in self._waiting.items():
            for origin, times in origins.items():
                for monotonic_ns in times:
                    yield Unmatched(subject, origin, monotonic_ns)

    def _queue(self, subject: Subject, origin: str) -> deque[int]:
        origins = self._waiting.setdefault(subject, {})
        queue = origins.get(origin)
        if queue is None:
            queue = origins[origin] = deque(maxlen=_MOST_WAITING)
        return queue
