"""The slow state of a simulated board, energy and temperature, advanced along its power signal."""

import math
from dataclasses import dataclass

from collector.sources.simulated.grid import REFRESHES, PowerSignal
from collector.sources.simulated.models import BoardModel

_TICKS = 10  # thermal steps in a second
_TICK_REFRESHES = REFRESHES // _TICKS
_INLET_SWING_CELSIUS = 0.8
_INLET_PERIOD_SECONDS = 2400


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardState:
    """A board in one refresh.

    Attributes:
        refresh: number of the refresh since the start.
        power_mw: power in it.
        average_mw: mean power over the second before it, or since the start.
        energy_units: energy up to its beginning, in units of 20 microjoules.
        gpu_celsius: temperature of the GPU.
        memory_celsius: temperature of the memory.
        capped_seconds: whole seconds in which the power limit held the clocks down.
        hot_seconds: whole seconds in which the temperature did.
    """

    refresh: int
    power_mw: int
    average_mw: float
    energy_units: int
    gpu_celsius: float
    memory_celsius: float
    capped_seconds: int
    hot_seconds: int

    @property
    def energy_mj(self) -> int:
        """Energy up to the beginning of the refresh, in whole millijoules."""
        return self.energy_units // REFRESHES


class BoardCursor:
    """Walks one signal forward in whole seconds; for one thread.

    The state at an instant depends on the signal alone, not on when it was asked for: temperatures
    follow a first-order lag on a grid of 100 ms from the start. Asking for an earlier second
    starts over from the beginning.
    """

    def __init__(self, signal: PowerSignal, model: BoardModel) -> None:
        self._signal = signal
        self._model = model
        self._gpu_share = -math.expm1(-1 / _TICKS / model.settle_seconds)
        self._memory_share = -math.expm1(-1 / _TICKS / model.memory_settle_seconds)
        self._restart()

    def _restart(self) -> None:
        self._second = 0
        self._units = 0
        self._capped_seconds = self._hot_seconds = 0
        self._gpu_celsius = self._memory_celsius = self._model.inlet_celsius + 4
        self._before: tuple[int, ...] = ()
        self._powers = self._signal.second(0)

    def at(self, refresh: int) -> BoardState:
        """The state in a refresh."""
        second, place = divmod(refresh, REFRESHES)
        if second < self._second:
            self._restart()
        while self._second < second:
            self._advance()
        done = self._powers[:place]
        trailing = self._before[place:] + done
        gpu, memory = self._warm(place // _TICK_REFRESHES)
        power = self._powers[place]
        return BoardState(
            refresh=refresh,
            power_mw=power,
            average_mw=sum(trailing) / len(trailing) if trailing else power,
            energy_units=self._units + sum(done),
            gpu_celsius=gpu,
            memory_celsius=memory,
            capped_seconds=self._capped_seconds,
            hot_seconds=self._hot_seconds,
        )

    def _advance(self) -> None:
        """Go to the beginning of the next second."""
        self._gpu_celsius, self._memory_celsius = self._warm(_TICKS)
        self._units += sum(self._powers)
        # One look a second: what holds the clocks down does so for longer.
        condition = self._signal.condition(self._second * REFRESHES, self._powers[0])
        self._capped_seconds += condition.power_cap
        self._hot_seconds += condition.software_thermal
        self._second += 1
        self._before = self._powers
        self._powers = self._signal.second(self._second)

    def _warm(self, ticks: int) -> tuple[float, float]:
        """Temperatures after some ticks of this second, in degrees Celsius."""
        model, powers = self._model, self._powers
        swing = math.sin(2 * math.pi * self._second / _INLET_PERIOD_SECONDS)
        inlet = model.inlet_celsius + _INLET_SWING_CELSIUS * swing
        per_tick = 1 / (_TICK_REFRESHES * self._signal.limit_mw)
        rise = model.rise_celsius * self._signal.resistance(self._second) * per_tick
        memory_rise = model.memory_rise_celsius * per_tick
        gpu, memory = self._gpu_celsius, self._memory_celsius
        for tick in range(ticks):
            drawn = sum(powers[tick * _TICK_REFRESHES : (tick + 1) * _TICK_REFRESHES])
            gpu += (inlet + rise * drawn - gpu) * self._gpu_share
            memory += (inlet + memory_rise * drawn - memory) * self._memory_share
        return gpu, memory
