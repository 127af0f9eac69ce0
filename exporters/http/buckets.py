"""Token buckets: how often each client may ask."""

from exporters.http.limits import Rate


class Buckets:
    """A bucket for each key; one that is full again is forgotten. No clock of its own.

    Args:
        rate: how fast they fill, and how much they hold.
        most: keys that are remembered; beyond it the one that was seen first goes.
    """

    def __init__(self, rate: Rate, *, most: int = 4096) -> None:
        self._rate = rate
        self._most = most
        self._left: dict[tuple[str, str], tuple[float, float]] = {}

    def __len__(self) -> int:
        return len(self._left)

    def use(self, rate: Rate) -> None:
        """Take another rate; what the buckets hold stays, as far as they can."""
        self._rate = rate

    def take(self, key: tuple[str, str], now: float) -> bool:
        """Take a token. Returns False when there is none.

        Args:
            key: whose.
            now: monotonic seconds.
        """
        tokens, at = self._left.get(key, (float(self._rate.burst), now))
        tokens = min(tokens + max(now - at, 0.0) * self._rate.per_second, self._rate.burst)
        if tokens < 1:
            self._left[key] = (tokens, now)
            return False
        if key not in self._left and len(self._left) >= self._most:
            del self._left[next(iter(self._left))]
        self._left[key] = (tokens - 1, now)
        return True

    def forget(self, now: float) -> None:
        """Drop the buckets that are full by now."""
        full_after = self._rate.burst / self._rate.per_second
        for key in [key for key, (_, at) in self._left.items() if now - at >= full_after]:
            del self._left[key]
