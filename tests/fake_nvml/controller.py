"""Sets up the state file that the fake library reads, and changes it live."""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import os
import tempfile
import threading
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self, overload

from tests.fake_nvml import layout, library
from tests.fake_nvml.layout import ALL_GROUPS, POWER_GROUPS, GpuState, Group, SegmentState, State
from tests.fake_nvml.profiles import PROFILES, Profile
from tests.fake_nvml.waveforms import AnyWaveform, Constant, Sine, Square, Table

STATE_VARIABLE: Final = "FAKE_NVML_STATE"
UINT64_MAX: Final = 2**64 - 1
UINT32_MAX: Final = 2**32 - 1

ERROR_NOT_SUPPORTED: Final = 3
ERROR_NO_PERMISSION: Final = 4
ERROR_DRIVER_NOT_LOADED: Final = 9
ERROR_TIMEOUT: Final = 10
ERROR_GPU_IS_LOST: Final = 15
ERROR_LIB_RM_VERSION_MISMATCH: Final = 18
ERROR_NOT_READY: Final = 27
ERROR_UNKNOWN: Final = 999

EVENT_XID: Final = 0x8

Scope = Literal["gpu", "module", "memory"]

_PICOJOULES_PER_MILLIJOULE: Final = 10**9
# A new waveform sets in this much later, so that no client has looked at a
# time beyond already: the counter would seem to step back.
_LEAD_NANOSECONDS: Final = 1_000_000
_EPOCH_BACK_NANOSECONDS: Final = 10_000_000_000


class _Number:
    """A plain value of the state file, readable and settable live."""

    def __set_name__(self, owner: type[FakeGpu], name: str) -> None:
        self._name = name

    @overload
    def __get__(self, gpu: None, owner: type[FakeGpu]) -> Self: ...
    @overload
    def __get__(self, gpu: FakeGpu, owner: type[FakeGpu]) -> int: ...
    def __get__(self, gpu: FakeGpu | None, owner: type[FakeGpu]) -> Self | int:
        if gpu is None:
            return self
        return int(getattr(gpu.state, self._name))

    def __set__(self, gpu: FakeGpu, value: int) -> None:
        setattr(gpu.state, self._name, value)


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


class FakeGpu:
    """One GPU: its truth, its readings and its faults.

    Every change takes effect in running clients at once.  Units are in the
    names; power limits in mW, temperatures in degrees Celsius, utilization in %.
    """

    persistence_mode = _Number()
    temperature_celsius = _Number()
    memory_temperature_celsius = _Number()
    margin_temperature_celsius = _Number()
    shutdown_celsius = _Number()
    slowdown_celsius = _Number()
    memory_max_celsius = _Number()
    gpu_max_celsius = _Number()
    shutdown_limit_celsius = _Number()
    slowdown_limit_celsius = _Number()
    memory_max_limit_celsius = _Number()
    gpu_max_limit_celsius = _Number()
    power_limit_milliwatts = _Number()
    enforced_power_limit_milliwatts = _Number()
    default_power_limit_milliwatts = _Number()
    minimum_power_limit_milliwatts = _Number()
    maximum_power_limit_milliwatts = _Number()
    gpu_utilization_percent = _Number()
    memory_utilization_percent = _Number()
    encoder_utilization_percent = _Number()
    decoder_utilization_percent = _Number()
    jpeg_utilization_percent = _Number()
    ofa_utilization_percent = _Number()
    graphics_clock_megahertz = _Number()
    sm_clock_megahertz = _Number()
    memory_clock_megahertz = _Number()
    video_clock_megahertz = _Number()
    max_graphics_clock_megahertz = _Number()
    max_sm_clock_megahertz = _Number()
    max_memory_clock_megahertz = _Number()
    max_video_clock_megahertz = _Number()
    performance_state = _Number()
    mig_mode = _Number()
    mig_pending_mode = _Number()
    mig_device_count_max = _Number()
    pcie_replay_count = _Number()
    pcie_generation = _Number()
    pcie_width = _Number()
    pcie_generation_max = _Number()
    pcie_width_max = _Number()
    memory_total_bytes = _Number()
    memory_reserved_bytes = _Number()
    memory_used_bytes = _Number()
    clock_event_reasons = _Number()
    supported_clock_event_reasons = _Number()
    supported_event_types = _Number()

    power_refresh_nanoseconds = _Number()
    """0: a new value at every call."""
    power_phase_nanoseconds = _Number()
    power_window_nanoseconds = _Number()
    """The instant reading is the mean over so long; 0: a point sample."""
    average_window_nanoseconds = _Number()
    usage_is_average = _Number()
    timestamp_is_refresh = _Number()
    """1: a field's timestamp is its sensor's refresh, not the call."""
    counter_refresh_nanoseconds = _Number()
    counter_phase_nanoseconds = _Number()

    # Set these before a client reads: changing them makes the energy jump.
    module_factor_permille = _Number()
    module_constant_milliwatts = _Number()
    memory_factor_permille = _Number()

    def __init__(self, fake: FakeNvml, index: int) -> None:
        self._fake = fake
        self.index = index
        self._segments: list[_Segment] = []

    @property
    def state(self) -> GpuState:
        """The GPU's part of the state file."""
        gpu = self._fake.state.gpus[self.index]
        assert isinstance(gpu, GpuState)
        return gpu

    @property
    def uuid(self) -> str:
        """NVML's UUID of this GPU."""
        value = self.state.uuid
        assert isinstance(value, bytes)
        return value.decode()

    # ---- Truth --------------------------------------------------------------

    @property
    def epoch_nanoseconds(self) -> int:
        """CLOCK_MONOTONIC when the true energy was zero."""
        return int(self.state.epoch_nanoseconds)

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
                base, _PICOJOULES_PER_MILLIJOULE
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
            self.true_energy_picojoules(monotonic_nanoseconds, scope) // _PICOJOULES_PER_MILLIJOULE
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
        value = int(state.counter_base_millijoules) + since // _PICOJOULES_PER_MILLIJOULE
        return max(value, 0)

    # ---- Faults of the counter and of power ---------------------------------

    @contextlib.contextmanager
    def _counter_update(self) -> Iterator[GpuState]:
        state = self.state
        with self._fake.lock:
            state.counter_sequence += 1
        try:
            yield state
        finally:
            with self._fake.lock:
                state.counter_sequence += 1

    def reset_counter(self, value_millijoules: int = 0) -> int:
        """Restart the counter, from 0 mJ by default; returns the instant in ns."""
        with self._counter_update() as state:
            now = time.monotonic_ns()
            state.counter_zero_nanoseconds = now
            state.counter_base_millijoules = value_millijoules
            state.counter_is_frozen = 0
        return now

    def jump_counter(self, millijoules: int) -> None:
        """Add to the counter once; negative: a step back."""
        with self._counter_update() as state:
            state.counter_base_millijoules += millijoules

    def freeze_counter(self) -> int:
        """Stop the counter where it is; returns the instant in ns."""
        with self._counter_update() as state:
            now = time.monotonic_ns()
            state.counter_frozen_nanoseconds = now
            state.counter_is_frozen = 1
        return now

    def unfreeze_counter(self, *, catch_up: bool = True) -> None:
        """Let the counter run on, with the energy missed or without it."""
        with self._counter_update() as state:
            if not catch_up and state.counter_is_frozen:
                held = self.expected_counter_millijoules(0)
                state.counter_zero_nanoseconds = time.monotonic_ns()
                state.counter_base_millijoules = held
            state.counter_is_frozen = 0

    def override_counter(self, millijoules: int | None = UINT64_MAX) -> None:
        """Make the counter read a fixed value; None: the real one again."""
        with self._counter_update() as state:
            if millijoules is not None:
                state.counter_override_millijoules = millijoules
            state.counter_is_overridden = int(millijoules is not None)

    def set_counter_scope(self, scope: Literal["gpu", "module"]) -> None:
        """What the counter counts; set it before a client reads."""
        with self._counter_update() as state:
            state.counter_scope = int(scope == "module")

    def override_power(
        self,
        milliwatts: int | None = UINT32_MAX,
        groups: Group | Iterable[Group] = POWER_GROUPS,
    ) -> None:
        """Make power read a fixed value in `groups`; None: the real one again."""
        if milliwatts is None:
            self.state.power_override_mask = 0
            return
        self.state.power_override_milliwatts = milliwatts
        self.state.power_override_mask = layout.group_mask(groups)

    # ---- Faults of calls ----------------------------------------------------

    def set_latency(
        self, microseconds: float, groups: Group | Iterable[Group] | None = None
    ) -> None:
        """Delay every call, or the calls of `groups`.

        A group's own latency replaces the general one for a function and comes
        on top of it for a field within nvmlDeviceGetFieldValues; 0 removes it.
        """
        nanoseconds = round(microseconds * 1000)
        if groups is None:
            self.state.latency_nanoseconds = nanoseconds
            return
        for group in (groups,) if isinstance(groups, Group) else groups:
            self.state.group_latency_nanoseconds[group] = nanoseconds

    def hang(self, groups: Group | Iterable[Group] = ALL_GROUPS) -> None:
        """Block the calls that touch `groups` (all of them) until release()."""
        self.state.hang_mask = layout.group_mask(groups)

    def release(self) -> None:
        """End hang()."""
        self.state.hang_mask = 0

    @property
    def hung_calls(self) -> int:
        """Calls that have run into a hang so far."""
        return int(self.state.hung_calls)

    def lose(self) -> None:
        """Let every call fail with NVML_ERROR_GPU_IS_LOST."""
        self.state.is_lost = 1

    def recover(self) -> None:
        """End lose()."""
        self.state.is_lost = 0

    def set_unsupported(self, groups: Group | Iterable[Group], *, value: bool = True) -> None:
        """Add `groups` to what the GPU does not support, or take them off."""
        mask = layout.group_mask(groups)
        present = int(self.state.unsupported_mask)
        self.state.unsupported_mask = present | mask if value else present & ~mask

    def set_error(self, groups: Group | Iterable[Group], code: int | None) -> None:
        """Let calls (or fields) of `groups` fail with an NVML code; None: no more."""
        for group in (groups,) if isinstance(groups, Group) else groups:
            self.state.group_error[group] = code or 0

    # ---- Other readings -----------------------------------------------------

    def set_ecc_errors(self, count: int, *, uncorrected: bool, aggregate: bool) -> None:
        """Set one of the four totals of ECC errors."""
        self.state.ecc_errors[2 * int(aggregate) + int(uncorrected)] = count

    def set_violation(self, policy: int, nanoseconds: int) -> None:
        """Set the time spent limited by NVML_PERF_POLICY_*."""
        self.state.violation_nanoseconds[policy] = nanoseconds

    def set_processes(self, processes: Sequence[tuple[int, int]]) -> None:
        """Set the compute processes as (process id, bytes used)."""
        if len(processes) > layout.PROCESSES_MAX:
            raise ValueError("too many processes")
        self.state.process_count = 0
        for slot, (process_id, used_bytes) in enumerate(processes):
            self.state.processes[slot].pid = process_id
            self.state.processes[slot].used_memory_bytes = used_bytes
        self.state.process_count = len(processes)

    def inject_event(self, event_type: int, event_data: int) -> None:
        """Deliver an event to the event sets that asked for its type."""
        with self._fake.lock:
            head = int(self._fake.state.event_head)
            event = self._fake.state.events[head % layout.EVENTS_MAX]
            event.gpu_index = self.index
            event.event_type = event_type
            event.event_data = event_data
        with self._fake.lock:
            self._fake.state.event_head = head + 1

    def inject_xid(self, xid: int) -> None:
        """Deliver a critical XID."""
        self.inject_event(EVENT_XID, xid)

    # ---- What the clients did -----------------------------------------------

    def calls(self, group: Group | None = None) -> int:
        """Calls so far on this GPU; for a field's group: fields so far."""
        if group is None:
            return int(self.state.total_calls)
        return int(self.state.calls[group])

    @property
    def concurrent_calls(self) -> int:
        """Calls begun while another call of the same process was on this GPU."""
        return int(self.state.concurrent_calls)

    # ---- Setting up ---------------------------------------------------------

    def apply_profile(self, profile: Profile) -> None:
        """Pose as another board; before a client starts."""
        state = self.state
        state.name = profile.model_name.encode()
        state.vbios_version = profile.vbios_version.encode()
        state.board_part_number = profile.board_part_number.encode()
        state.pci_device_id = profile.pci_device_id
        state.pci_subsystem_id = profile.pci_device_id
        state.architecture = profile.architecture
        state.brand = profile.brand
        state.compute_major, state.compute_minor = profile.compute_capability
        state.unsupported_mask = layout.group_mask(profile.unsupported)
        self.set_counter_scope("module" if profile.counter_is_module else "gpu")
        self.module_factor_permille = profile.module_factor_permille
        self.module_constant_milliwatts = profile.module_constant_milliwatts
        self.memory_factor_permille = 150
        self._apply_sensors(profile)
        self._apply_readings(profile)

    def _apply_sensors(self, profile: Profile) -> None:
        self.power_refresh_nanoseconds = profile.power_refresh_nanoseconds
        self.power_window_nanoseconds = profile.power_window_nanoseconds
        self.average_window_nanoseconds = 1_000_000_000
        self.usage_is_average = int(profile.usage_is_average)
        self.counter_refresh_nanoseconds = 10_000_000

    def _apply_readings(self, profile: Profile) -> None:
        self.persistence_mode = 1
        self.temperature_celsius = 45
        self.memory_temperature_celsius = 52
        self.margin_temperature_celsius = profile.gpu_max_celsius - 45
        self.shutdown_celsius = profile.shutdown_celsius
        self.slowdown_celsius = profile.slowdown_celsius
        self.gpu_max_celsius = profile.gpu_max_celsius
        self.memory_max_celsius = profile.memory_max_celsius
        self.shutdown_limit_celsius = -8
        self.slowdown_limit_celsius = -2
        self.gpu_max_limit_celsius = 0
        self.memory_max_limit_celsius = 0
        self.power_limit_milliwatts = profile.default_power_limit_milliwatts
        self.enforced_power_limit_milliwatts = profile.default_power_limit_milliwatts
        self.default_power_limit_milliwatts = profile.default_power_limit_milliwatts
        self.minimum_power_limit_milliwatts = profile.minimum_power_limit_milliwatts
        self.maximum_power_limit_milliwatts = profile.maximum_power_limit_milliwatts
        self.gpu_utilization_percent = 100
        self.memory_utilization_percent = 40
        self.encoder_utilization_percent = 0
        self.decoder_utilization_percent = 0
        self.graphics_clock_megahertz = profile.graphics_clock_megahertz
        self.sm_clock_megahertz = profile.graphics_clock_megahertz
        self.memory_clock_megahertz = profile.memory_clock_megahertz
        self.video_clock_megahertz = profile.video_clock_megahertz
        self.max_graphics_clock_megahertz = profile.graphics_clock_megahertz
        self.max_sm_clock_megahertz = profile.graphics_clock_megahertz
        self.max_memory_clock_megahertz = profile.memory_clock_megahertz
        self.max_video_clock_megahertz = profile.video_clock_megahertz
        self.performance_state = 0
        self.mig_device_count_max = 7
        self.pcie_generation = self.pcie_generation_max = profile.pcie_generation
        self.pcie_width = self.pcie_width_max = 16
        self.memory_total_bytes = profile.memory_total_bytes
        self.memory_reserved_bytes = profile.memory_reserved_bytes
        self.memory_used_bytes = profile.memory_total_bytes // 4
        self.clock_event_reasons = 0
        self.supported_clock_event_reasons = 0x1FF
        self.supported_event_types = 0x9F

    def set_identity(self, seed: str) -> None:
        """Derive UUID, serial number and bus address from `seed` and the index."""
        unique = uuid.uuid5(uuid.NAMESPACE_OID, f"fake-nvml/{seed}/{self.index}")
        state = self.state
        state.uuid = f"GPU-{unique}".encode()
        state.serial = f"16{unique.int % 10**11:011d}".encode()
        state.minor_number = self.index
        buses = (0x1B, 0x43, 0x52, 0x61, 0x9D, 0xC3, 0xD1, 0xDF)
        state.pci_domain, position = divmod(self.index, len(buses))
        state.pci_bus = buses[position]
        state.pci_device = 0

    def start_truth(
        self, epoch_nanoseconds: int, counter_base_millijoules: int, waveform: AnyWaveform
    ) -> None:
        """Begin the GPU's history; once, by FakeNvml."""
        self.state.epoch_nanoseconds = epoch_nanoseconds
        self.state.counter_zero_nanoseconds = epoch_nanoseconds
        self.state.counter_base_millijoules = counter_base_millijoules
        self.set_waveform(waveform, epoch_nanoseconds)


class FakeNvml:
    """A machine with a fake driver; use as a context manager.

    Creates a state file in `folder` and removes it at the end.  `gpus` are set
    up, of which `visible_gpus` (all) are shown.  `waveform` holds for every GPU;
    by default each draws a constant power of its own.  The true energy is zero
    at the epoch, by default 10 s ago; the counters were then at
    `counter_base_millijoules`.  `identity_seed` makes two machines differ.
    `library_path` saves building the library into `folder`.
    """

    def __init__(  # noqa: PLR0913 - keywords, each with a default
        self,
        folder: Path,
        gpus: int = 8,
        profile: str | Profile = "H200",
        *,
        waveform: AnyWaveform | None = None,
        visible_gpus: int | None = None,
        counter_base_millijoules: int = 123_456_789_000,
        epoch_monotonic_nanoseconds: int | None = None,
        identity_seed: str = "node",
        old_driver: bool | None = None,
        library_path: Path | None = None,
    ) -> None:
        if not 0 <= gpus <= layout.GPUS_MAX:
            raise ValueError(f"at most {layout.GPUS_MAX} GPUs")
        self.profile = PROFILES[profile] if isinstance(profile, str) else profile
        is_old = self.profile.old_driver if old_driver is None else old_driver
        folder.mkdir(parents=True, exist_ok=True)
        self.library_path = (
            library.build(folder, old_driver=is_old) if library_path is None else library_path
        ).resolve()
        self.lock = threading.RLock()
        self._previous_variable: str | None = None
        self._is_in_process = False
        self._table_points = 0
        self._tables: dict[int, tuple[Table, int]] = {}
        handle, name = tempfile.mkstemp(prefix="fake-nvml-", suffix=".state", dir=folder)
        try:
            os.ftruncate(handle, ctypes.sizeof(State))
            self._mapping = mmap.mmap(handle, ctypes.sizeof(State))
        finally:
            os.close(handle)
        self.state_path = Path(name).resolve()
        self._state: State | None = State.from_buffer(self._mapping)
        state = self._state
        state.layout_version = layout.LAYOUT_VERSION
        state.gpus_max = layout.GPUS_MAX
        state.total_bytes = ctypes.sizeof(State)
        state.gpu_bytes = ctypes.sizeof(GpuState)
        state.driver_version = self.profile.driver_version.encode()
        state.nvml_version = self.profile.nvml_version.encode()
        state.cuda_driver_version = self.profile.cuda_driver_version
        state.stale_client_error = ERROR_LIB_RM_VERSION_MISMATCH
        epoch = epoch_monotonic_nanoseconds
        if epoch is None:
            epoch = time.monotonic_ns() - _EPOCH_BACK_NANOSECONDS
        self._gpus = tuple(FakeGpu(self, index) for index in range(gpus))
        for gpu in self._gpus:
            gpu.apply_profile(self.profile)
            gpu.set_identity(identity_seed)
            gpu.start_truth(
                epoch,
                counter_base_millijoules,
                waveform or Constant(self.profile.busy_milliwatts - 1000 * gpu.index),
            )
        state.gpu_count = gpus
        state.visible_gpus = gpus if visible_gpus is None else visible_gpus
        # Last: without it the library refuses the file.
        state.magic = layout.MAGIC

    # ---- Life ---------------------------------------------------------------

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release what hangs, unmap and delete the state file."""
        if self._state is None:
            return
        for gpu in self._gpus:
            gpu.release()
        if self._is_in_process:
            if self._previous_variable is None:
                os.environ.pop(STATE_VARIABLE, None)
            else:
                os.environ[STATE_VARIABLE] = self._previous_variable
        self._state = None
        # Still mapped while someone holds a part of the state: harmless.
        with contextlib.suppress(BufferError):
            self._mapping.close()
        self.state_path.unlink(missing_ok=True)

    @property
    def state(self) -> State:
        """The state file."""
        if self._state is None:
            raise ValueError("this fake is closed")
        return self._state

    def environment(self) -> dict[str, str]:
        """What a child process needs in its environment to use this fake."""
        earlier = os.environ.get("LD_LIBRARY_PATH")
        folders = [str(self.library_path.parent), *([earlier] if earlier else [])]
        return {"LD_LIBRARY_PATH": ":".join(folders), STATE_VARIABLE: str(self.state_path)}

    def load_in_process(self) -> ctypes.CDLL:
        """Make this process use the fake from its next nvmlInit on.

        Call it before pynvml's first nvmlInit.  The library stays loaded for
        good; close() takes the state file away again.
        """
        handle = library.load(self.library_path)
        if not self._is_in_process:
            self._previous_variable = os.environ.get(STATE_VARIABLE)
            self._is_in_process = True
        os.environ[STATE_VARIABLE] = str(self.state_path)
        return handle

    # ---- GPUs ---------------------------------------------------------------

    @property
    def gpus(self) -> tuple[FakeGpu, ...]:
        """All GPUs, also those not visible."""
        return self._gpus

    def gpu(self, index: int) -> FakeGpu:
        """The GPU at an index."""
        return self._gpus[index]

    def true_energy_millijoules(self, gpu: int, monotonic_nanoseconds: int) -> int:
        """True energy of a GPU since the epoch in whole mJ."""
        return self._gpus[gpu].true_energy_millijoules(monotonic_nanoseconds)

    def true_power_milliwatts(self, gpu: int, monotonic_nanoseconds: int) -> int:
        """True power of a GPU at an instant in mW."""
        return self._gpus[gpu].true_power_milliwatts(monotonic_nanoseconds)

    @property
    def visible_gpus(self) -> int:
        """How many GPUs the driver shows; the first ones."""
        return int(self.state.visible_gpus)

    @visible_gpus.setter
    def visible_gpus(self, count: int) -> None:
        if not 0 <= count <= len(self._gpus):
            raise ValueError("more visible GPUs than were set up")
        self.state.visible_gpus = count

    def latch_visible_gpus(self, *, value: bool = True) -> None:
        """Let a client see the number as of its nvmlInit, as the real driver does."""
        self.state.latch_visible_gpus = int(value)

    # ---- The driver ---------------------------------------------------------

    def set_init_error(self, code: int | None = ERROR_DRIVER_NOT_LOADED) -> None:
        """Let nvmlInit fail with an NVML code; None: no more."""
        self.state.init_error = code or 0

    def set_call_error(self, code: int | None = ERROR_DRIVER_NOT_LOADED) -> None:
        """Let every call of initialised clients fail; None: no more."""
        self.state.call_error = code or 0

    def unload_driver(self) -> None:
        """Let nvmlInit and every call fail with DRIVER_NOT_LOADED."""
        self.set_init_error()
        self.set_call_error()

    def reload_driver(self, stale_client_error: int = ERROR_LIB_RM_VERSION_MISMATCH) -> None:
        """Load the driver anew: counters restart, clients must initialise again.

        Calls of clients initialised before fail with `stale_client_error` until
        they have shut NVML down and initialised it again.
        """
        for gpu in self._gpus:
            gpu.reset_counter()
        self.state.stale_client_error = stale_client_error
        self.state.driver_generation += 1
        self.set_init_error(None)
        self.set_call_error(None)

    def set_init_latency(self, microseconds: float) -> None:
        """Delay nvmlInit."""
        self.state.init_latency_nanoseconds = round(microseconds * 1000)

    def set_global_lock(self, mode: Literal["off", "latency", "hang"]) -> None:
        """Serialise a process's calls for their latency, or while hung as well."""
        self.state.global_lock = ("off", "latency", "hang").index(mode)

    # ---- What the clients did -----------------------------------------------

    def calls(self, group: Group | None = None) -> int:
        """Calls so far by all clients; for a field's group: fields so far.

        Without a group: all but nvmlInit, nvmlShutdown and event waits.
        """
        if group is None:
            return int(self.state.total_calls)
        return int(self.state.calls[group])

    @property
    def concurrent_calls(self) -> int:
        """Calls begun while another of the same process was under way."""
        return int(self.state.concurrent_calls)

    @property
    def outstanding_calls_max(self) -> int:
        """Most calls ever under way at once in one process."""
        return int(self.state.outstanding_calls_max)

    @property
    def shutdowns_with_outstanding_calls(self) -> int:
        """Final nvmlShutdowns while a call or an event wait was under way."""
        return int(self.state.shutdowns_with_outstanding_calls)

    @property
    def events_delivered(self) -> int:
        """Events that event waits have returned."""
        return int(self.state.events_delivered)

    # ---- For FakeGpu --------------------------------------------------------

    def store_waveform(self, raw: SegmentState, waveform: AnyWaveform) -> None:
        """Write a waveform into a segment; tables go into the shared pool."""
        raw.phase_nanoseconds = waveform.phase_nanoseconds
        match waveform:
            case Constant():
                raw.kind = 0
                raw.low_milliwatts = waveform.milliwatts
            case Square():
                raw.kind = 1
                raw.period_nanoseconds = waveform.period_nanoseconds
                raw.high_nanoseconds = waveform.high_nanoseconds
                raw.low_milliwatts = waveform.low_milliwatts
                raw.high_milliwatts = waveform.high_milliwatts
            case Sine():
                raw.kind = 2
                raw.period_nanoseconds = waveform.period_nanoseconds
                raw.low_milliwatts = waveform.low_milliwatts
                raw.high_milliwatts = waveform.high_milliwatts
            case Table():
                raw.kind = 3
                raw.period_nanoseconds = waveform.period_nanoseconds
                raw.table_first = self._store_table(waveform)
                raw.table_count = len(waveform.steps)

    def _store_table(self, table: Table) -> int:
        known = self._tables.get(id(table))
        if known is not None:
            return known[1]
        first = self._table_points
        if first + len(table.steps) > layout.TABLE_POINTS_MAX:
            raise ValueError("no room for so many table points")
        offset = energy = 0
        for slot, (duration, power) in enumerate(table.steps, first):
            point = self.state.table[slot]
            point.offset_nanoseconds = offset
            point.power_milliwatts = power
            point.energy_before_picojoules = energy
            offset += duration
            energy += duration * power
        self._table_points += len(table.steps)
        # Held, so that its id stays its own.
        self._tables[id(table)] = (table, first)
        return first
