"""Window ends as a key: each is used once, also where the wall clock was stepped back."""

_MS = 1_000_000


class UsedEnds:
    """The window ends that one GPU and scope has used."""

    __slots__ = ("_last_ns", "_latest_ns", "_steps")

    def __init__(self) -> None:
        self._last_ns = 0
        self._latest_ns = 0
        self._steps = 0

    def unused(self, end_ns: int) -> int:
        """The end, or where it may have been used before, one shifted by a few ms.

        The shift is n ms, n the number of steps back so far.
        """
        if end_ns <= self._last_ns:
            self._steps += 1
        self._last_ns = end_ns
        if end_ns > self._latest_ns:
            self._latest_ns = end_ns
            return end_ns
        return end_ns + self._steps * _MS
