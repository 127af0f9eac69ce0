"""What is told above racks, by two servers that watch one fleet in two ways."""

import math
import re
import time

import pytest

from tests.scale.stand import Prometheus, Series, Victoria

ABOVE = '{__name__=~"(row|hall|site|branch|group|meter):.+"}'
_FROM_START = re.compile("_avg|_burn")
"""What remembers how each server began."""
_BY_RATE = re.compile("rate5m|mean5m")
"""What is nothing while time stands still."""


class Clock:
    """The fleet's time. It stands still, so that two servers see the same, until it is let go."""

    def __init__(self) -> None:
        self.begin_s = time.time()
        self._let_go_s: float | None = None

    def let_go(self) -> None:
        """From now on it runs."""
        self._let_go_s = time.time()

    def __call__(self) -> float:
        passed_s = time.time() - self._let_go_s if self._let_go_s is not None else 0.0
        return self.begin_s + passed_s


def differences(
    single: Prometheus, other: Prometheus | Victoria
) -> list[tuple[Series, float | None, float | None]]:
    """Series above racks that one has and the other not, or has with another value."""
    left, right = single.ask(ABOVE), other.ask(ABOVE)
    found = []
    for series in left.keys() | right.keys():
        one, two = left.get(series), right.get(series)
        there = one is not None and two is not None
        if one is not None and math.isnan(one) and two is None:
            continue  # VictoriaMetrics keeps no 0 / 0
        if there and (_FROM_START.search(series[0]) or _BY_RATE.search(series[0])):
            continue
        if not there or two != pytest.approx(one, rel=1e-9, abs=1e-9, nan_ok=True):
            found.append((series, one, two))
    return found


def rates_differ(
    single: Prometheus, other: Prometheus | Victoria
) -> list[tuple[Series, float, float | None]]:
    """Series of rates that differ by more than the moments of the scrapes explain."""
    right = other.ask(ABOVE)
    return [
        (series, one, right.get(series))
        for series, one in single.ask(ABOVE).items()
        if _BY_RATE.search(series[0])
        and not (math.isfinite(one) and right.get(series) == pytest.approx(one, rel=0.25, abs=1e-6))
    ]
