"""A GPU's true power and energy, and what its sensors make of it."""

import time
from dataclasses import dataclass
from typing import Final, Literal

from tests.fake_nvml import layout
from tests.fake_nvml.layout import SegmentState
from tests.fake_nvml.part import Machine, Number, Part
from tests.fake_nvml.waveforms import AnyWaveform

Scope = Literal["gpu", "module", "memory"]

PICOJOULES_PER_MILLIJOULE: Final = 10**9
# A new waveform sets in this much later, so that no client has looked at a
# time beyond already: the counter would seem to step back.
_LEAD_NANOSECONDS: Final = 1_000_000


@dataclass(frozen=True)
class _Segment:
    start_nanoseconds: int
    base_picojoules: int
    waveform: AnyWaveform

    def energy_picojoules(self, monotonic_nanoseconds: int) -> int:
        phase = self.waveform.phase_nanoseconds
        since = monotonic_nanoseconds - self.start_nanoseconds
        return (
            self.base_picojoules
            + self.waveform.energy_picojoules(phase + since)
            - self.waveform.energy_picojoules(phase)
        )

    def power_milliwatts(self, monotonic_nanoseconds: int) -> int:
        since = monotonic_nanoseconds - self.start_nanoseconds
        return self.waveform.power_milliwatts(self.waveform.phase_nanoseconds + since)


class Truth(Part):
    """True power and energy; power in mW, energy in mJ or pJ (mW * ns)."""

    power_refresh_nanoseconds = Number()
    """0: a new value at every call."""
    power_phase_nanoseconds = Number()
    power_window_nanoseconds = Number()
    """The instant reading is the mean over so long; 0: a point sample."""
    average_window_nanoseconds = Number()
    sample_period_nanoseconds = Number()
    """Distance of what nvmlDeviceGetSamples gives; 0: the refresh."""
    usage_is_average = Number()
    timestamp_is_refresh = Number()
    """1: a field's timestamp is its sensor's refresh, not the call."""
    counter_refresh_nanoseconds = Number()
    counter_phase_nanoseconds = Number()

    # Set these before a client reads: changing them makes the energy jump.
    module_factor_permille = Number()
    module_constant_milliwatts = Number()
    memory_factor_permille = Number()

    def __init__(self, machine: Machine, index: int) -> None:
        super().__init__(machine, index)
        self._segments: list[_Segment] = []

    def set_waveform(
        self, waveform: AnyWaveform, at_monotonic_nanoseconds: int | None = None
    ) -> int:
        """Switch to `waveform` and return the instant, in CLOCK_MONOTONIC ns.

        By default that is 1 ms ahead.  The energy carries on without a jump; an
        instant before the last switch is refused.
        """
        at = at_monotonic_nanoseconds
        if at is None:
            at = time.monotonic_ns() + _LEAD_NANOSECONDS
        with self._fake.lock:
            if not self._segments:
                base = 0
            elif at < self._segments[-1].start_nanoseconds:
                raise ValueError("a waveform cannot set in before the present one")
            else:
                base = self._segments[-1].energy_picojoules(at)
            if len(self._segments) >= layout.SEGMENTS_MAX:
                raise ValueError("too many waveforms for one GPU")
            raw = self.state.segments[len(self._segments)]
            assert isinstance(raw, SegmentState)
            raw.start_nanoseconds = at
            raw.base_millijoules, raw.base_remainder_picojoules = divmod(
                base, PICOJOULES_PER_MILLIJOULE
            )
            self._fake.store_waveform(raw, waveform)
            self._segments.append(_Segment(at, base, waveform))
        # Apart, so that the segment is whole before a reader can see it.
        with self._fake.lock:
            self.state.segment_count = len(self._segments)
        return at

    def _segment(self, monotonic_nanoseconds: int) -> _Segment | None:
        for segment in reversed(self._segments):
            if segment.start_nanoseconds <= monotonic_nanoseconds:
                return segment
        return None

    def true_energy_picojoules(self, monotonic_nanoseconds: int, scope: Scope = "gpu") -> int:
        """True energy since the epoch in pJ (mW * ns)."""
        segment = self._segment(monotonic_nanoseconds)
        if segment is None:
            return 0
        energy = segment.energy_picojoules(monotonic_nanoseconds)
        if scope == "module":
            elapsed = monotonic_nanoseconds - self.epoch_nanoseconds
            return (
                energy * self.module_factor_permille // 1000
                + self.module_constant_milliwatts * elapsed
            )
        if scope == "memory":
            return energy * self.memory_factor_permille // 1000
        return energy

    def true_energy_millijoules(self, monotonic_nanoseconds: int, scope: Scope = "gpu") -> int:
        """True energy since the epoch in whole mJ."""
        return (
            self.true_energy_picojoules(monotonic_nanoseconds, scope) // PICOJOULES_PER_MILLIJOULE
        )

    def true_power_milliwatts(self, monotonic_nanoseconds: int, scope: Scope = "gpu") -> int:
        """True power at an instant in mW."""
        segment = self._segment(monotonic_nanoseconds)
        if segment is None:
            return 0
        power = segment.power_milliwatts(monotonic_nanoseconds)
        if scope == "module":
            return power * self.module_factor_permille // 1000 + self.module_constant_milliwatts
        if scope == "memory":
            return power * self.memory_factor_permille // 1000
        return power

    # ---- What the sensors make of it ----------------------------------------

    def _refreshed(self, at: int, refresh: int, phase: int) -> int:
        if refresh == 0:
            return max(at, self.epoch_nanoseconds)
        first = self.epoch_nanoseconds + phase
        if at < first:
            return self.epoch_nanoseconds
        return at - (at - first) % refresh

    def expected_power_milliwatts(
        self, monotonic_nanoseconds: int, *, average: bool = False, scope: Scope = "gpu"
    ) -> int:
        """What the instant (or average) power field reads at an instant, in mW."""
        end = self._refreshed(
            monotonic_nanoseconds, self.power_refresh_nanoseconds, self.power_phase_nanoseconds
        )
        window = self.average_window_nanoseconds if average else self.power_window_nanoseconds
        begin = max(end - window, self.epoch_nanoseconds)
        if end <= begin:
            return self.true_power_milliwatts(end, scope)
        energy = self.true_energy_picojoules(end, scope) - self.true_energy_picojoules(begin, scope)
        # A sine near zero may be off by a picojoule.
        return max(energy, 0) // (end - begin)

    def expected_counter_millijoules(self, monotonic_nanoseconds: int) -> int:
        """What the energy counter reads at an instant, in mJ."""
        state = self.state
        if state.counter_is_overridden:
            return int(state.counter_override_millijoules)
        at = monotonic_nanoseconds
        if state.counter_is_frozen:
            at = int(state.counter_frozen_nanoseconds)
        scope: Scope = "module" if state.counter_scope == 1 else "gpu"
        zero = int(state.counter_zero_nanoseconds)
        seen = self._refreshed(at, self.counter_refresh_nanoseconds, self.counter_phase_nanoseconds)
        since = self.true_energy_picojoules(max(seen, zero), scope) - self.true_energy_picojoules(
            zero, scope
        )
        value = int(state.counter_base_millijoules) + since // PICOJOULES_PER_MILLIJOULE
        return max(value, 0)

    def expected_sample_milliwatts(self, monotonic_nanoseconds: int, scope: Scope = "gpu") -> int:
        """What a sample taken at an instant reads, in mW; for a period of its own.

        The mean over the period before it, so that the samples' energy is the true one.
        """
        period = self.sample_period_nanoseconds
        energy = self.true_energy_picojoules(
            monotonic_nanoseconds, scope
        ) - self.true_energy_picojoules(monotonic_nanoseconds - period, scope)
        return max(energy, 0) // period
