"""The power of a GPU that replays a trace."""

from typing import Final

from collector.sources.simulated.grid import REFRESH_NS, REFRESHES, Condition
from collector.sources.simulated.models import BoardModel
from collector.sources.simulated.series import Series

_REFRESH_US: Final = REFRESH_NS // 1000
_LAG_US: Final = 100_000
_IDLE_LOAD: Final = 0.02
_FULLY_BUSY_LOAD: Final = 0.6
_MW_IN_WATT: Final = 1000


class ReplaySignal:
    """Power of one GPU from a series, looped; all of the series counts, gaps included.

    Args:
        model: the board; its limit gives way to a higher peak in the series.
        series: what to replay.
        lag: how many GPUs replay the same series ahead of this one. Each is a tenth of a second
            behind the one before, since the GPUs of a node work nearly in step.
    """

    def __init__(self, model: BoardModel, series: Series, lag: int) -> None:
        self._series = series
        self._shift_us = (-lag * _LAG_US) % series.times_us[-1]
        peak_watts = -(-max(series.powers_mw) // _MW_IN_WATT)
        self._limit_mw = max(model.limit_mw, peak_watts * _MW_IN_WATT)
        self._idle_mw = model.idle_mw

    @property
    def limit_mw(self) -> int:
        """Power that is never exceeded, in milliwatts."""
        return self._limit_mw

    def second(self, second: int) -> tuple[int, ...]:
        """Power in each refresh of a second since the start, in milliwatts.

        It is the mean over the refresh, so that its sum is the energy of the series.
        """
        begin_us = second * REFRESHES * _REFRESH_US + self._shift_us
        powers: list[int] = []
        before = self._series.energy_units(begin_us)
        for refresh in range(1, REFRESHES + 1):
            after = self._series.energy_units(begin_us + refresh * _REFRESH_US)
            powers.append(after - before)
            before = after
        return tuple(powers)

    def has_reading(self, refresh: int) -> bool:
        """Whether the sensor reports in this refresh: not in a gap of the series."""
        return not self._series.in_gap(refresh * _REFRESH_US + self._shift_us)

    def condition(self, refresh: int, power_mw: int) -> Condition:
        """What the GPU seems to do, judged by its power alone; no throttling is made up."""
        del refresh
        load = max(0.0, (power_mw - self._idle_mw) / (self._limit_mw - self._idle_mw))
        if load < _IDLE_LOAD:
            return Condition(busy_ratio=0.0, clock_ratio=0.0, memory_ratio=0.005, idle=True)
        busy = round(min(1.0, load / _FULLY_BUSY_LOAD), 2)
        return Condition(busy_ratio=busy, clock_ratio=1.0, memory_ratio=0.8)

    def resistance(self, second: int) -> float:
        """Thermal resistance relative to the model's own: just that."""
        del second
        return 1.0
