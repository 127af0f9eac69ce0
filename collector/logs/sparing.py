"""Keeps what happens again and again from filling the log."""

import time
from collections.abc import Callable, Hashable


class Sparing:
    """The first of a kind is told at once; those soon after it are counted, for the next line.

    For what happens, and has no end that could be told; a fault that stands is told when it begins
    and when it ends.

    Args:
        quiet_seconds: for how long after a line no other of its kind is written.
        clock: seconds, monotonic.
    """

    def __init__(self, quiet_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._quiet_seconds = quiet_seconds
        self._clock = clock
        self._told_at: dict[Hashable, float] = {}
        self._untold: dict[Hashable, int] = {}

    def times(self, kind: Hashable = None, times: int = 1) -> int:
        """Note that it happened.

        Args:
            kind: what happened.
            times: how often.

        Returns:
            How often it happened since it was told, if it is to be told now; else 0.
        """
        now = self._clock()
        untold = self._untold.pop(kind, 0) + times
        told_at = self._told_at.get(kind)
        if told_at is not None and now - told_at < self._quiet_seconds:
            self._untold[kind] = untold
            return 0
        self._told_at[kind] = now
        return untold
