"""A GPU's plain readings: numbers that a test sets."""

from collections.abc import Iterable, Sequence
from typing import Literal

from tests.fake_nvml import layout
from tests.fake_nvml.codes import UINT32_MAX
from tests.fake_nvml.part import Number, Part

ProcessKind = Literal["compute", "graphics", "mps"]
_KINDS: tuple[ProcessKind, ...] = ("compute", "graphics", "mps")
_PROFILE_ROWS = ("supported", "requested", "enforced")
_SRAM_COUNTS = (
    "aggregate_parity",
    "aggregate_secded",
    "aggregate_corrected",
    "volatile_parity",
    "volatile_secded",
    "volatile_corrected",
    "bucket_l2",
    "bucket_sm",
    "bucket_pcie",
    "bucket_mcu",
    "bucket_other",
)


class Readings(Part):
    """Plain readings.

    Every change takes effect in running clients at once.  Units are in the
    names; power limits in mW, temperatures in degrees Celsius, utilization in %.
    """

    persistence_mode = Number()
    temperature_celsius = Number()
    memory_temperature_celsius = Number()
    margin_temperature_celsius = Number()
    shutdown_celsius = Number()
    slowdown_celsius = Number()
    memory_max_celsius = Number()
    gpu_max_celsius = Number()
    shutdown_limit_celsius = Number()
    slowdown_limit_celsius = Number()
    memory_max_limit_celsius = Number()
    gpu_max_limit_celsius = Number()
    power_limit_milliwatts = Number()
    enforced_power_limit_milliwatts = Number()
    default_power_limit_milliwatts = Number()
    minimum_power_limit_milliwatts = Number()
    maximum_power_limit_milliwatts = Number()
    power_management_mode = Number()
    gpu_utilization_percent = Number()
    memory_utilization_percent = Number()
    encoder_utilization_percent = Number()
    decoder_utilization_percent = Number()
    jpeg_utilization_percent = Number()
    ofa_utilization_percent = Number()
    graphics_clock_megahertz = Number()
    sm_clock_megahertz = Number()
    memory_clock_megahertz = Number()
    video_clock_megahertz = Number()
    max_graphics_clock_megahertz = Number()
    max_sm_clock_megahertz = Number()
    max_memory_clock_megahertz = Number()
    max_video_clock_megahertz = Number()
    performance_state = Number()
    fan_count = Number()
    fan_speed_percent = Number()
    mig_mode = Number()
    mig_pending_mode = Number()
    mig_device_count_max = Number()
    pcie_replay_count = Number()
    pcie_generation = Number()
    pcie_width = Number()
    pcie_generation_max = Number()
    pcie_width_max = Number()
    pcie_transmit_kilobytes_per_second = Number()
    pcie_receive_kilobytes_per_second = Number()
    memory_total_bytes = Number()
    memory_reserved_bytes = Number()
    memory_used_bytes = Number()
    bar1_total_bytes = Number()
    bar1_used_bytes = Number()
    ecc_mode = Number()
    ecc_pending_mode = Number()
    virtualization_mode = Number()
    is_gpm_supported = Number()
    is_c2c_enabled = Number()
    module_id = Number()
    clock_event_reasons = Number()
    supported_clock_event_reasons = Number()
    supported_event_types = Number()
    violation_unit_nanoseconds = Number()
    """1000: violation times come in microseconds."""

    def set_ecc_errors(self, count: int, *, uncorrected: bool, aggregate: bool) -> None:
        """Set one of the four totals of ECC errors (fields 3 to 6)."""
        self.state.ecc_errors[2 * int(aggregate) + int(uncorrected)] = count

    def set_sram_errors(self, *, threshold_exceeded: bool = False, **counts: int) -> None:
        """Set counts of nvmlDeviceGetSramEccErrorStatus, e.g. `volatile_parity=3`."""
        for name, count in counts.items():
            self.state.sram_ecc_errors[_SRAM_COUNTS.index(name)] = count
        self.state.sram_ecc_threshold_exceeded = int(threshold_exceeded)

    def set_row_histogram(self, *banks: int) -> None:
        """Set the row remapper's histogram: banks with max, high, partial, low, no rows left."""
        for position, count in enumerate(banks):
            self.state.row_remapper_histogram[position] = count

    def set_violation(self, policy: int, nanoseconds: int) -> None:
        """Set the time spent limited by NVML_PERF_POLICY_* (fields 74 to 81)."""
        self.state.violation_nanoseconds[policy] = nanoseconds

    def set_processes(
        self,
        processes: Sequence[tuple[int, int] | tuple[int, int, int, int]],
        kind: ProcessKind = "compute",
    ) -> None:
        """Set the processes of a kind as (process id, bytes used[, GPU, compute instance])."""
        state, wanted = self.state, _KINDS.index(kind)
        kept = [
            (
                process.pid,
                process.kind,
                process.used_memory_bytes,
                process.gpu_instance_id,
                process.compute_instance_id,
            )
            for process in state.processes[: state.process_count]
            if process.kind != wanted
        ]
        for entry in processes:
            instance, part = entry[2:] if len(entry) == 4 else (UINT32_MAX, UINT32_MAX)
            kept.append((entry[0], wanted, entry[1], instance, part))
        if len(kept) > layout.PROCESSES_MAX:
            raise ValueError("too many processes")
        state.process_count = 0
        for slot, values in enumerate(kept):
            state.processes[slot] = layout.ProcessState(*values)
        state.process_count = len(kept)

    def set_power_profiles(self, **profiles: Iterable[int]) -> None:
        """Set workload power profiles by number: `supported`, `requested`, `enforced`."""
        for name, numbers in profiles.items():
            words = [0] * 8
            for number in numbers:
                words[number // 32] |= 1 << number % 32
            row = self.state.power_profiles[_PROFILE_ROWS.index(name)]
            for position, word in enumerate(words):
                row[position] = word
