"""Who is connected, in what order, and who must go when there is no room."""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from enum import IntEnum, auto
from typing import Generic, TypeVar


class Place(IntEnum):
    """What a client is doing. They lose their place in this order."""

    LEAVING = auto()
    """It was refused, and may read why."""
    ASKING = auto()
    """It has not yet sent a whole request."""
    IDLE = auto()
    """It has its answer, and may ask again."""
    ANSWERING = auto()
    """Its answer is being made, or written."""


_T = TypeVar("_T", bound=Hashable)


@dataclass(slots=True)
class _Stay:
    address: str
    place: Place
    since: float


class _Queues(Generic[_T]):
    """Clients by place, in the order in which they came to it."""

    __slots__ = ("_places", "count")

    def __init__(self) -> None:
        self._places: tuple[dict[_T, None], ...] = tuple({} for _ in range(max(Place) + 1))
        self.count = 0

    def __getitem__(self, place: Place) -> dict[_T, None]:
        return self._places[place]

    def add(self, client: _T, place: Place) -> None:
        self._places[place][client] = None
        self.count += 1

    def remove(self, client: _T, place: Place) -> None:
        del self._places[place][client]
        self.count -= 1

    def first(self) -> _T | None:
        """Who has the least claim, and has sat there longest."""
        return next((next(iter(queue)) for queue in self._places if queue), None)


class Crowd(Generic[_T]):
    """The clients. Pure: it opens and closes nothing, and has no clock.

    Times are monotonic seconds. Whoever comes is let in, and for it goes a client of the address
    that has the most, or of its own when that has as many as it may: so those who fill the port
    take their room from each other. Among equals goes who only sits there, and nobody whose answer
    has just begun.

    Args:
        most: clients at the same time.
        most_of_address: those of one address.
        patience_seconds: how long an answer may take before its client may go for an equal.
    """

    def __init__(self, *, most: int, most_of_address: int, patience_seconds: float) -> None:
        self._most = most
        self._most_of_address = most_of_address
        self._patience = patience_seconds
        self._stays: dict[_T, _Stay] = {}
        self._all: _Queues[_T] = _Queues()
        self._of_address: dict[str, _Queues[_T]] = {}

    def __len__(self) -> int:
        return len(self._stays)

    def __iter__(self) -> Iterator[_T]:
        return iter(tuple(self._stays))

    def __contains__(self, client: _T) -> bool:
        return client in self._stays

    def count_of(self, address: str) -> int:
        """How many clients an address has."""
        own = self._of_address.get(address)
        return 0 if own is None else own.count

    def enter(self, client: _T, address: str, now: float) -> tuple[bool, _T | None]:
        """Let a client in.

        Returns:
            Whether it is in, and who had to go for it; that one is out already.
        """
        victim = None
        own = self._of_address.get(address)
        if own is not None and own.count >= self._most_of_address:
            victim = self._not_young(own.first(), now)
        elif len(self._stays) >= self._most:
            victim = self._anywhere(0 if own is None else own.count, now)
        else:
            self._add(client, address, now)
            return True, None
        if victim is None:
            return False, None
        self.leave(victim)
        self._add(client, address, now)
        return True, victim

    def move(self, client: _T, place: Place, now: float) -> None:
        """Say what a client does from now on; one that is out stays out."""
        stay = self._stays.get(client)
        if stay is not None:
            for queues in (self._all, self._of_address[stay.address]):
                queues.remove(client, stay.place)
                queues.add(client, place)
            stay.place, stay.since = place, now

    def leave(self, client: _T) -> bool:
        """Take a client out. Returns whether it was in."""
        stay = self._stays.pop(client, None)
        if stay is None:
            return False
        own = self._of_address[stay.address]
        own.remove(client, stay.place)
        self._all.remove(client, stay.place)
        if not own.count:
            del self._of_address[stay.address]
        return True

    def place(self, client: _T) -> Place | None:
        """What a client does; None for one that is out."""
        stay = self._stays.get(client)
        return None if stay is None else stay.place

    def longer_than(self, place: Place, seconds: float, now: float) -> list[_T]:
        """Who has been at a place for so long, longest first."""
        found = []
        for client in self._all[place]:
            if now - self._stays[client].since < seconds:
                break
            found.append(client)
        return found

    def _add(self, client: _T, address: str, now: float) -> None:
        self._stays[client] = _Stay(address, Place.ASKING, now)
        self._all.add(client, Place.ASKING)
        own = self._of_address.get(address)
        if own is None:
            own = self._of_address[address] = _Queues()
        own.add(client, Place.ASKING)

    def _anywhere(self, own: int, now: float) -> _T | None:
        """Who goes for a client whose address has so many already."""
        greediest = max(self._of_address.values(), key=lambda queues: queues.count)
        if greediest.count > own + 1:
            return greediest.first()
        for place in Place:
            for client in self._all[place]:
                if self._of_address[self._stays[client].address].count == greediest.count:
                    return self._not_young(client, now)
        return None

    def _not_young(self, client: _T | None, now: float) -> _T | None:
        if client is None:
            return None
        stay = self._stays[client]
        young = stay.place is Place.ANSWERING and now - stay.since < self._patience
        return None if young else client
