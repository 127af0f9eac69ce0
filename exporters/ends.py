"""Window ends as a key: each is used once, also where the wall clock was stepped back.

Ends are told apart by the millisecond: VictoriaMetrics keeps no more of a point's time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from collector.ledger.model import AccountKey, AccountState

_MS: Final = 1_000_000
_BEFORE_ALL_NS: Final = -1
"""No window ends before 1970."""
_LATEST: Final = "window_ends.latest_ns "
_STEPS: Final = "window_ends.steps "

SeriesKey = tuple[str, str, str]
"""Kind, device and scope of an account, whose windows are one series."""


@dataclass(frozen=True, slots=True)
class Used:
    """The ends that a series has used.

    Attributes:
        last_ns: the newest window's, UTC.
        latest_ns: the latest of all, UTC; after a step back that is another one.
        steps: how often the clock was stepped back.
    """

    last_ns: int = _BEFORE_ALL_NS
    latest_ns: int = _BEFORE_ALL_NS
    steps: int = 0


class UsedEnds:
    """The window ends that one GPU and scope has used.

    Args:
        earlier: those of earlier runs.
    """

    __slots__ = ("_last_ns", "_latest_ns", "steps")

    def __init__(self, earlier: Used = Used()) -> None:
        self._last_ns = earlier.last_ns
        self._latest_ns = earlier.latest_ns
        self.steps = earlier.steps

    @property
    def latest_ns(self) -> int:
        """The latest of all, UTC."""
        return self._latest_ns

    def unused(self, end_ns: int) -> int:
        """The end, or where it may have been used before, one shifted by a few ms.

        The shift is n ms, n the number of steps back so far.
        """
        if end_ns // _MS <= self._last_ns // _MS:
            self.steps += 1
        self._last_ns = end_ns
        if end_ns // _MS > self._latest_ns // _MS:
            self._latest_ns = end_ns
            return end_ns
        return end_ns + self.steps * _MS


class EndBook:
    """The window ends that every series has used.

    Args:
        earlier: those of earlier runs.
    """

    def __init__(self, earlier: Mapping[SeriesKey, Used]) -> None:
        self._earlier = earlier
        self._ends: dict[SeriesKey, UsedEnds] = {}
        self._stepped: dict[str, int] = {}

    def unused(self, key: SeriesKey, end_ns: int) -> int:
        """An end of a series that none of its windows has had; see `UsedEnds.unused`."""
        ends = self._ends.get(key)
        if ends is None:
            ends = self._ends[key] = UsedEnds(self._earlier.get(key, Used()))
        before = ends.steps
        unused_ns = ends.unused(end_ns)
        if ends.steps != before:
            name = " ".join(key)
            self._stepped |= {_LATEST + name: ends.latest_ns, _STEPS + name: ends.steps}
        return unused_ns

    def to_remember(self) -> Mapping[str, int]:
        """Numbers for the ledger, by name, to enter it with the windows.

        Seldom any: while the clock only goes on, an account's own anchor tells all.
        """
        stepped, self._stepped = self._stepped, {}
        return stepped


def earlier_ends(
    accounts: Mapping[AccountKey, AccountState], numbers: Mapping[str, int]
) -> Mapping[SeriesKey, Used]:
    """What earlier runs have used, as the ledger knows it.

    Args:
        accounts: its accounts; the anchor of each is the end of its newest window.
        numbers: what it remembers.
    """
    last_ns = {
        (key.kind, key.device, key.scope): state.anchor_wall_ns for key, state in accounts.items()
    }
    latest_ns = {
        _series(name.removeprefix(_LATEST)): number
        for name, number in numbers.items()
        if name.startswith(_LATEST)
    }
    return {
        key: Used(
            last_ns.get(key, _BEFORE_ALL_NS),
            max(last_ns.get(key, _BEFORE_ALL_NS), latest_ns.get(key, _BEFORE_ALL_NS)),
            numbers.get(_STEPS + " ".join(key), 0),
        )
        for key in last_ns.keys() | latest_ns.keys()
    }


def _series(name: str) -> SeriesKey:
    kind, _, rest = name.partition(" ")
    device, _, scope = rest.rpartition(" ")
    return kind, device, scope
