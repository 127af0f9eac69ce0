"""When the driver's own samples were taken, on the monotonic clock.

nvml.h says that they are stamped with "CPU timestamps in microseconds since 1970"; a project that
reads them has found them counted from the start of the machine instead
(github.com/polarsignals/gpu-metrics-agent, pull request 36). So the clock is told by the stamps.
"""

import time
from collections.abc import Callable

Clock = Callable[[], int]
"""Nanoseconds of a clock."""

SLEW_NS = 2_000_000
"""Between two looks, a fraction of a second apart, a clock is slewed by less; more is a step."""
SLACK_NS = 50_000_000
"""A stamp this far in the future is still believed: the clocks are read one after the other."""
_OLDEST_NS = 1_000_000_000
_MICROSECOND_NS = 1000


def _real() -> int:
    return time.clock_gettime_ns(time.CLOCK_REALTIME)


def _since_boot() -> int:
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


CLOCKS: tuple[Clock, ...] = (_real, _since_boot, time.monotonic_ns)


def clock_of(newest_us: int, clocks: tuple[Clock, ...] = CLOCKS) -> Clock | None:
    """The clock by which a sample that was taken just now is recent.

    Args:
        newest_us: the stamp of the newest sample, microseconds.
        clocks: those that may be meant, likeliest first.

    Returns:
        None where it is recent by none of them: nothing is known of when the samples were taken.
    """
    for clock in clocks:
        if -SLACK_NS <= clock() - newest_us * _MICROSECOND_NS <= _OLDEST_NS:
            return clock
    return None


class SampleClock:
    """Turns stamps into times of the monotonic clock; a step of the stamps' clock moves none.

    Where the clock was stepped, samples from before it came with stamps of the old time. Each
    sample is placed by the old or the new time, whichever fits the one before it better; so it
    does not matter either whether the driver's stamps follow a step at once, late or never.

    Args:
        offset_ns: the stamps' clock minus the monotonic clock.
    """

    def __init__(self, offset_ns: int) -> None:
        self._now_ns = offset_ns
        self._kept_ns = offset_ns

    def note(self, offset_ns: int) -> int:
        """Take the offset anew, before each look at the samples.

        Returns:
            The step since the last time in nanoseconds, 0 where there was none.
        """
        moved_ns = offset_ns - self._now_ns
        self._now_ns = offset_ns
        if abs(moved_ns) < SLEW_NS:
            self._kept_ns += moved_ns
            return 0
        return moved_ns

    def monotonic_ns(self, stamp_us: int, expected_ns: int, latest_ns: int) -> int | None:
        """When a sample was taken.

        Args:
            stamp_us: its stamp, microseconds.
            expected_ns: when it is due after the one before it.
            latest_ns: the monotonic clock now: none can have been taken later.

        Returns:
            None where it would lie in the future.
        """
        by_new_ns = stamp_us * _MICROSECOND_NS - self._now_ns
        by_old_ns = stamp_us * _MICROSECOND_NS - self._kept_ns
        most_ns = latest_ns + SLACK_NS
        if by_old_ns == by_new_ns:
            return min(by_new_ns, latest_ns) if by_new_ns <= most_ns else None
        fitting = [at_ns for at_ns in (by_old_ns, by_new_ns) if at_ns <= most_ns]
        if not fitting:
            return None
        best_ns = min(fitting, key=lambda at_ns: abs(at_ns - expected_ns))
        if best_ns == by_new_ns:
            self._kept_ns = self._now_ns  # the samples after it are from after the step, too
        return min(best_ns, latest_ns)
