"""The series of one simulated GPU, as `collector.daemon.gpu_values` makes them of a real one.

What is read from a board is asked of the simulated source's own quantities, by the catalogue: a
metric that is added there is here too.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

from benchmarks.fleet.course import Course, Doing
from benchmarks.fleet.machines import Board
from benchmarks.fleet.work import Phase
from collector.catalogue import DEFAULT_ON, Labels
from collector.sources.simulated.board import BoardState
from collector.sources.simulated.grid import REFRESHES, Condition
from collector.sources.simulated.models import BoardModel
from collector.sources.simulated.moment import Moment
from collector.sources.simulated.reads import ReadPlan, plan_reads

Series = dict[str, dict[Labels, float]]
TRAILING_SECONDS = 30.0
SAMPLE_SECONDS = 0.1
"""The daemon's power period: what a sensor that is faster seems to refresh in."""
_CLOCK_EXPONENT = 1 / 2.2
_CAP_CLOCK_RATIO = 0.96
_SWING_CELSIUS = 0.8
_SWING_SECONDS = 2400.0


class Seen(NamedTuple):
    """A GPU at an instant.

    Attributes:
        at_s: the instant.
        since_s: when it was switched on.
        now, boot: its course then and at that time.
        celsius: how much warmer than usual its coolant is.
    """

    at_s: float
    since_s: float
    now: Doing
    boot: Doing
    celsius: float


class GpuTruth:
    """Makes a GPU's series.

    Args:
        model: the kind of board.
    """

    def __init__(self, model: BoardModel) -> None:
        self.model = model
        self.plan: ReadPlan = plan_reads(DEFAULT_ON, model)
        self.scopes = self.plan.power_scopes

    def watts(self, board: Board, level: float, scope: str) -> float:
        """Power at a level of work."""
        watts = board.idle_watts + board.span_watts * level
        if scope == "module":
            watts += (self.model.host_idle_mw + self.model.host_busy_mw * level) / 1000
        return watts

    def joules(self, board: Board, doing: Doing, scope: str) -> float:
        """Energy since the origin."""
        joules = board.idle_watts * doing.on + board.span_watts * doing.done
        if scope == "module":
            model = self.model
            joules += (model.host_idle_mw * doing.on + model.host_busy_mw * doing.done) / 1000
        return joules

    def values(self, board: Board, course: Course, seen: Seen) -> Series:
        """Its series while it is well, by metric name and labels."""
        moment = self._moment(board, course, seen)
        values: Series = {
            name: {labels: of(moment) or 0.0 for labels, of in reads}
            for name, reads in (*self.plan.seldom, *self.plan.telemetry)
        }
        at_s = seen.at_s
        before = course.at(max(at_s - TRAILING_SECONDS, seen.since_s))
        low, high = course.extremes(at_s - TRAILING_SECONDS, at_s)
        window: dict[Labels, float] = {}
        energy: dict[Labels, float] = {}
        for scope in self.scopes:
            values.setdefault("gpu_power_watts", {})[scope,] = self.watts(
                board, seen.now.level, scope
            )
            used = self.joules(board, seen.now, scope)
            span = at_s - max(at_s - TRAILING_SECONDS, seen.since_s)
            window[scope, "min"] = self.watts(board, low, scope)
            window[scope, "mean"] = (used - self.joules(board, before, scope)) / max(span, 1e-3)
            window[scope, "max"] = self.watts(board, high, scope)
            energy[scope,] = round(used - self.joules(board, seen.boot, scope), 3)
        values["gpu_power_window_watts"] = window
        values["gpu_power_ramp_watts"] = {("1s",): (high - low) * board.span_watts}
        values["gpu_power_coverage_ratio"] = {(): 1.0}
        values["gpu_sensor_refresh_seconds"] = {
            (f"power_{scope}",): SAMPLE_SECONDS for scope in self.scopes
        }
        values["gpu_energy_joules_total"] = energy
        values["gpu_energy_estimated_joules_total"] = dict.fromkeys(energy, 0.0)
        values["gpu_energy_counter_ratio"] = {(): 1.0}
        values["gpu_energy_resets_total"] = {(): 0.0}
        values["gpu_info"] = {_info(board): 1.0}
        return values

    def _moment(self, board: Board, course: Course, seen: Seen) -> Moment:
        """What the simulated source's quantities are asked of."""
        model, now, boot = self.model, seen.now, seen.boot
        work, hot = now.work, now.piece.share < 1
        phase = now.phase
        held = work.held and not hot
        clock = 0.0 if phase is Phase.IDLE else 1.0
        if hot:
            clock = now.piece.share**_CLOCK_EXPONENT
        elif held:
            clock = _CAP_CLOCK_RATIO
        busy = {Phase.IDLE: 0.0, Phase.TRAIN: 0.99, Phase.RAMP: 0.8}.get(phase, 0.06)
        return Moment(
            model=model,
            limit_mw=model.limit_mw,
            state=BoardState(
                refresh=int((seen.at_s - seen.since_s) * REFRESHES),
                power_mw=int(self.watts(board, now.level, "gpu") * 1000),
                average_mw=self._mean(board, course, seen, 1.0) * 1000,
                energy_units=int(
                    (self.joules(board, now, "gpu") - self.joules(board, boot, "gpu"))
                    * 1000
                    * REFRESHES
                ),
                gpu_celsius=self._celsius(board, course, seen, model.settle_seconds),
                memory_celsius=self._celsius(board, course, seen, model.memory_settle_seconds),
                capped_seconds=int(now.capped - boot.capped),
                hot_seconds=int(now.hot - boot.hot),
            ),
            condition=Condition(
                busy_ratio=busy,
                clock_ratio=clock,
                memory_ratio=0.005 if phase is Phase.IDLE else work.job.memory_ratio,
                idle=phase is Phase.IDLE,
                power_cap=held,
                software_thermal=hot,
            ),
            has_reading=True,
        )

    def _mean(self, board: Board, course: Course, seen: Seen, seconds: float) -> float:
        """Mean power of the seconds before, in watts."""
        before = course.at(seen.at_s - seconds)
        on, done = seen.now.on - before.on, seen.now.done - before.done
        return (board.idle_watts * on + board.span_watts * done) / seconds

    def _celsius(self, board: Board, course: Course, seen: Seen, settle_seconds: float) -> float:
        """Temperature: it follows the mean power of two time constants."""
        model = self.model
        memory = settle_seconds == model.memory_settle_seconds
        rise = model.memory_rise_celsius if memory else model.rise_celsius * board.cooler
        swing = _SWING_CELSIUS * math.sin(2 * math.pi * seen.at_s / _SWING_SECONDS)
        watts = self._mean(board, course, seen, 2 * settle_seconds)
        warm = model.inlet_celsius + swing + seen.celsius + rise * watts * 1000 / model.limit_mw
        most = model.memory_max_celsius if memory else model.slowdown_celsius
        return min(warm, most)


def _info(board: Board) -> Labels:
    gpu = board.identity
    return (
        gpu.model,
        gpu.architecture,
        gpu.serial,
        gpu.pci_bus_id,
        gpu.driver_version,
        gpu.vbios_version,
        "1" if gpu.simulated else "0",
    )


def sensors(plan: ReadPlan) -> Mapping[str, str]:
    """Every sensor that a daemon times, and by which thread it is read."""
    return {
        **{name: "telemetry" for name, _ in plan.telemetry},
        plan.counter: "telemetry",
        **{name: "slow" for name, _ in plan.seldom},
        "gpu_power_watts": "power",
    }
