"""MIG devices, GPM metrics, and where a GPU sits: fabric and platform."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from tests.fake_nvml import layout
from tests.fake_nvml.layout import GpmMetricState, MigState
from tests.fake_nvml.part import Number, Part


@dataclass(frozen=True, slots=True)
class MigDevice:
    """A MIG device: a compute instance within a GPU instance."""

    profile: str
    """As nvidia-smi names it: 1g.10gb, 1c.3g.40gb."""
    gpu_instance: int
    compute_instance: int
    memory_total_bytes: int
    multiprocessors: int
    gpu_slices: int
    compute_slices: int
    copy_engines: int = 1
    decoders: int = 0
    encoders: int = 0
    jpegs: int = 0
    ofas: int = 0
    memory_used_bytes: int = 1 << 20
    memory_reserved_bytes: int = 0


class Partition(Part):
    """What divides a GPU, and what it is a part of."""

    fabric_status = Number()
    """nvmlReturn of the registration with the fabric."""
    fabric_clique_id = Number()
    fabric_state = Number()
    """NVML_GPU_FABRIC_STATE_*: 1 not started, 2 in progress, 3 completed."""
    fabric_health_mask = Number()
    fabric_health_summary = Number()
    fabric_version_max = Number()
    """Newest struct of nvmlDeviceGetGpuFabricInfoV that the driver knows: 2 or 3."""
    platform_slot = Number()
    platform_tray = Number()
    platform_host_id = Number()
    platform_peer_type = Number()
    """0 direct, 1 through a switch."""
    platform_module_id = Number()
    platform_version_max = Number()

    def set_fabric_cluster(self, uuid: bytes) -> None:
        """Set the cluster's UUID: 16 bytes."""
        self.state.fabric_cluster_uuid[:] = uuid.ljust(16, b"\0")

    def set_chassis(self, serial: str, ib_guid: bytes = b"") -> None:
        """Set the chassis's serial number and the GPU's InfiniBand GUID: 16 bytes each."""
        self.state.platform_chassis_serial[:] = serial.encode().ljust(16, b"\0")
        self.state.platform_ib_guid[:] = ib_guid.ljust(16, b"\0")

    def set_nvlink_remote(self, kind: int, link: int | None = None) -> None:
        """Set what is at a link's other end: 0 GPU, 2 switch, 255 unknown; None: at every one's."""
        for position in range(layout.NVLINKS_MAX) if link is None else (link,):
            self.state.nvlink_remote_type[position] = kind

    # ---- MIG ----------------------------------------------------------------

    def mig(self, position: int) -> MigState:
        """A MIG device's part of the state file; its numbers can be set live."""
        return cast("MigState", self.state.mig[position])

    def add_mig(self, position: int, device: MigDevice) -> None:
        """Make a MIG device and switch MIG on."""
        state, raw = self.state, self.mig(position)
        raw.gpu_instance_id = device.gpu_instance
        raw.compute_instance_id = device.compute_instance
        raw.multiprocessor_count = device.multiprocessors
        raw.copy_engine_count = device.copy_engines
        raw.decoder_count = device.decoders
        raw.encoder_count = device.encoders
        raw.jpeg_count = device.jpegs
        raw.ofa_count = device.ofas
        raw.gpu_instance_slice_count = device.gpu_slices
        raw.compute_instance_slice_count = device.compute_slices
        raw.memory_total_bytes = device.memory_total_bytes
        raw.memory_used_bytes = device.memory_used_bytes
        raw.memory_reserved_bytes = device.memory_reserved_bytes
        raw.name = state.name + f" MIG {device.profile}".encode()
        suffix = f"{device.gpu_instance:02x}{device.compute_instance:02x}"
        raw.uuid = b"MIG-" + state.uuid[len("GPU-") : -4] + suffix.encode()
        raw.is_present = 1
        state.mig_mode = state.mig_pending_mode = 1

    def remove_mig(self, position: int) -> None:
        """Destroy a MIG device: its handle is invalid from now on."""
        self.mig(position).is_present = 0

    # ---- GPM ----------------------------------------------------------------

    def _gpm(self, metric: int, mig: int | None) -> Iterator[GpmMetricState]:
        """Whole GPU, or a MIG device and those that share its GPU instance."""
        state = self.state
        slots = [0]
        if mig is not None:
            wanted = self.mig(mig).gpu_instance_id
            slots = [
                1 + position
                for position, other in enumerate(state.mig)
                if other.is_present and other.gpu_instance_id == wanted
            ]
        for slot in slots:
            yield state.gpm[slot][metric]

    def set_gpm(self, metric: int, value: float, *, mig: int | None = None) -> None:
        """Make a GPM metric read a value from now on; of a MIG device's GPU instance.

        Between two samples with a change in between it reads the mean over time.
        """
        with self._update("gpm_sequence"):
            now = time.monotonic_ns()
            for raw in self._gpm(metric, mig):
                grown = raw.base + raw.level * (now - raw.since_nanoseconds) / 1e9
                raw.base = grown if raw.is_present and math.isfinite(grown) else 0.0
                raw.since_nanoseconds = now
                raw.level = value
                raw.error = 0
                raw.is_present = 1

    def fail_gpm(self, metric: int, code: int | None, *, mig: int | None = None) -> None:
        """Give a GPM metric an nvmlReturn of its own; None: no more."""
        for raw in self._gpm(metric, mig):
            raw.error = code or 0
            raw.is_present = 1
