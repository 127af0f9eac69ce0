"""The power of one GPU of a training node, as a pure function of time."""

from functools import lru_cache
from random import Random
from typing import Final

from collector.sources.simulated.grid import REFRESHES, Condition
from collector.sources.simulated.models import BoardModel
from collector.sources.simulated.workload import (
    SHIFT_SECONDS,
    Job,
    Phase,
    Shift,
    Stretch,
    plan_shift,
)

_NOISE_SIZE: Final = 4096
_NOISE_MASK: Final = _NOISE_SIZE - 1
_NOISE: Final = 0.006
_STEP_NOISE: Final = 0.008
_CAP: Final = 0.985  # where the regulator holds power, so that noise stays under the limit
_LOAD_LEVEL: Final = 0.12
_CHECKPOINT_LEVEL: Final = 0.16
_COOLING_RAMP_SECONDS: Final = 40
_WEAK_COOLER: Final = 1.2
_COOLING_LOSS: Final = 1.3
# Dynamic power goes with clock x voltage squared, and voltage falls with the clock.
_CLOCK_EXPONENT: Final = 1 / 2.2


@lru_cache(maxsize=128)
def _noise(seed: int, index: int) -> tuple[float, ...]:
    """Bounded noise of unit deviation (three uniform values at most 3 off)."""
    random = Random(f"{seed}/noise/{index}")  # noqa: S311 - play, not secrets
    draw = random.random
    return tuple((draw() + draw() + draw() - 1.5) * 2 for _ in range(_NOISE_SIZE))


class TrainingSignal:
    """Power of one GPU of a node that trains; all GPUs of a node step together.

    Args:
        model: the board.
        seed: of the simulation.
        index: of the GPU.
        gpus: number of GPUs; one of them has a weak cooler.
    """

    def __init__(self, model: BoardModel, seed: int, index: int, gpus: int) -> None:
        random = Random(f"{seed}/board/{index}")  # noqa: S311 - play, not secrets
        self._model = model
        self._seed = seed
        self._gain = 0.97 + 0.06 * random.random()
        self._cooler = 0.92 + 0.16 * random.random()
        self._lag = round(2 * random.random())
        self._noise = _noise(seed, index)
        weak = Random(f"{seed}/weak").randrange(gpus)  # noqa: S311 - play, not secrets
        self._weak = index == weak
        self._idle_mw = model.idle_mw * (0.96 + 0.08 * random.random())
        self._span_mw = model.limit_mw * self._gain - self._idle_mw
        self._cap_mw = model.limit_mw * _CAP

    @property
    def limit_mw(self) -> int:
        """Power that is never exceeded, in milliwatts."""
        return self._model.limit_mw

    def has_reading(self, refresh: int) -> bool:
        """Whether the sensor reports in this refresh: always."""
        del refresh
        return True

    def second(self, second: int) -> tuple[int, ...]:
        """Power in each refresh of a second since the start, in milliwatts."""
        shift = plan_shift(self._seed, second // SHIFT_SECONDS)
        scale = self._thermal_scale(shift, second)
        at, end = second * REFRESHES, (second + 1) * REFRESHES
        powers: list[int] = []
        for stretch in shift.stretches:
            if stretch.end <= at:
                continue
            until = min(end, stretch.end)
            self._extend(powers, stretch, shift.job, range(at, until), scale)
            at = until
            if at == end:
                break
        return tuple(powers)

    def _extend(
        self, powers: list[int], stretch: Stretch, job: Job, refreshes: range, scale: float
    ) -> None:
        """Append the power of refreshes that lie within one stretch."""
        noise, idle, cap, limit = self._noise, self._idle_mw, self._cap_mw, self._model.limit_mw
        for refresh in refreshes:
            # The table is walked from another place each time round, so that it does not repeat.
            jitter = _NOISE * noise[(refresh + (refresh >> 12) * 1237) & _NOISE_MASK]
            power = min(cap, self._wanted_mw(stretch, job, refresh))
            if scale < 1:
                power = idle + (power - idle) * scale
            powers.append(min(limit, int(power * (1 + jitter))))

    def _wanted_mw(self, stretch: Stretch, job: Job, refresh: int) -> float:
        """Power that the work would draw, were there no limits, in milliwatts."""
        number, place = divmod(refresh - stretch.start + self._lag, len(job.step))
        level = 0.0
        if stretch.phase is Phase.TRAIN:
            each = 1 + _STEP_NOISE * self._noise[number * 61 & _NOISE_MASK]
            level = job.level(number, place) * each
        elif stretch.phase is Phase.RAMP:
            done = (refresh - stretch.start) / (stretch.end - stretch.start)
            level = _LOAD_LEVEL + (job.step[place] - _LOAD_LEVEL) * done
        elif stretch.phase is Phase.LOAD:
            level = _LOAD_LEVEL
        elif stretch.phase is Phase.CHECKPOINT:
            level = _CHECKPOINT_LEVEL
        return self._idle_mw + self._span_mw * level

    def resistance(self, second: int) -> float:
        """Thermal resistance to the inlet in this second, relative to the model's own."""
        return self._resistance(plan_shift(self._seed, second // SHIFT_SECONDS), second)

    def _resistance(self, shift: Shift, second: int) -> float:
        if not self._weak:
            return self._cooler
        usual = self._cooler * _WEAK_COOLER
        if not shift.cooling_start <= second < shift.cooling_end:
            return usual
        model = self._model
        # As much as takes a busy board well over what it may reach, whatever the model.
        worst = _COOLING_LOSS * (model.gpu_max_celsius - model.inlet_celsius) / model.rise_celsius
        edge = min(second - shift.cooling_start, shift.cooling_end - second)
        return usual + (max(worst, usual) - usual) * min(1.0, edge / _COOLING_RAMP_SECONDS)

    def _thermal_scale(self, shift: Shift, second: int) -> float:
        """Share of its dynamic power that the board's cooling lets it draw in this second."""
        if not self._weak or not shift.cooling_start <= second < shift.cooling_end:
            return 1.0
        model = self._model
        rise = model.rise_celsius * self._resistance(shift, second)
        sustained = model.limit_mw * (model.gpu_max_celsius - 1 - model.inlet_celsius) / rise
        wanted = self._span_mw * shift.job.mean
        return max(0.3, min(1.0, (sustained - self._idle_mw) / wanted))

    def condition(self, refresh: int, power_mw: int) -> Condition:
        """What the GPU does in this refresh, at the power that it draws in it."""
        del power_mw
        second = refresh // REFRESHES
        shift = plan_shift(self._seed, second // SHIFT_SECONDS)
        stretch = next(one for one in shift.stretches if refresh < one.end)
        job = shift.job
        if stretch.phase is Phase.IDLE:
            return Condition(busy_ratio=0.0, clock_ratio=0.0, memory_ratio=0.005, idle=True)
        if stretch.phase is not Phase.TRAIN:
            busy = 0.8 if stretch.phase is Phase.RAMP else 0.06
            return Condition(busy_ratio=busy, clock_ratio=1.0, memory_ratio=job.memory_ratio)
        wanted = self._wanted_mw(stretch, job, refresh)
        scale = self._thermal_scale(shift, second)
        allowed = self._idle_mw + (min(wanted, self._cap_mw) - self._idle_mw) * scale
        return Condition(
            busy_ratio=0.99,
            clock_ratio=(allowed / wanted) ** _CLOCK_EXPONENT,
            memory_ratio=job.memory_ratio,
            power_cap=wanted > self._cap_mw,
            software_thermal=scale < 1,
        )
