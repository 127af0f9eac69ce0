"""What dcgm-exporter calls the same things: one more column of the catalogue.

Names, kinds and units are those of its default counters: `old` up to 4.8, `new` from 4.9, which
renamed 23 fields and changed the units of eleven (release notes of 4.9.0; the pairing follows the
aliases in DCGM 4.6). A default counter that has no line here is named in docs/dcgm.md, with the
reason.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from collector.catalogue.types import Kind, Labels

PREFIX = "DCGM_FI_"
_MEBI = 1 / 1_048_576
_MEGA = 1e-6


@dataclass(frozen=True, slots=True)
class Named:
    """A name in a dialect.

    Attributes:
        name: without the prefix.
        factor: what our value is multiplied with.
        kind: as dcgm-exporter types it.
    """

    name: str
    factor: float = 1.0
    kind: Kind = Kind.GAUGE


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """One of dcgm-exporter's families, and which of our series it shows.

    Attributes:
        metric: our metric.
        labels: our series, best first: the first that a GPU has is shown.
        added: all of `labels` belong together, and are added up.
        instead: metric and labels of what is shown where `metric` has nothing.
        old: up to 4.8; None where it had none.
        new: from 4.9.
        help: for people.
        rate: whether it shows how fast our counter grows, per second.
    """

    metric: str
    labels: tuple[Labels, ...]
    old: Named | None
    new: Named
    help: str
    rate: bool = False
    added: bool = False
    instead: tuple[str, Labels] | None = None


def _gauge(name: str, factor: float = 1.0) -> Named:
    return Named(name, factor)


def _counter(name: str, factor: float = 1.0) -> Named:
    return Named(name, factor, Kind.COUNTER)


def _one(*labels: str) -> tuple[Labels]:
    return (labels,)


ALIASES = (
    Alias(
        metric="gpu_clock_hertz",
        labels=_one("sm"),
        old=_gauge("DEV_SM_CLOCK", _MEGA),
        new=_gauge("DEV_SM_CLOCK_HERTZ"),
        help="SM clock frequency.",
    ),
    Alias(
        metric="gpu_clock_hertz",
        labels=_one("memory"),
        old=_gauge("DEV_MEM_CLOCK", _MEGA),
        new=_gauge("DEV_MEMORY_CLOCK_HERTZ"),
        help="Memory clock frequency.",
    ),
    Alias(
        metric="gpu_temperature_celsius",
        labels=_one("memory"),
        old=_gauge("DEV_MEMORY_TEMP"),
        new=_gauge("DEV_MEMORY_TEMP_CELSIUS"),
        help="Memory temperature (in C).",
    ),
    Alias(
        metric="gpu_temperature_celsius",
        labels=_one("gpu"),
        old=_gauge("DEV_GPU_TEMP"),
        new=_gauge("DEV_GPU_TEMP_CELSIUS"),
        help="GPU temperature (in C).",
    ),
    # DCGM's field 155 is nvmlDeviceGetPowerUsage: the driver's average, or on older boards and
    # drivers all there is, which is then our own power. 157, not among the defaults, is instant.
    Alias(
        metric="gpu_power_average_watts",
        labels=_one(),
        instead=("gpu_power_watts", ("gpu",)),
        old=_gauge("DEV_POWER_USAGE"),
        new=_gauge("DEV_BOARD_POWER_WATTS"),
        help="Power draw, averaged by the driver (in W).",
    ),
    Alias(
        metric="gpu_energy_joules_total",
        labels=(("gpu",), ("module",)),
        old=_counter("DEV_TOTAL_ENERGY_CONSUMPTION", 1000.0),
        new=_counter("DEV_GPU_ENERGY_JOULES_TOTAL"),
        help="Energy used; kept over restarts.",
    ),
    Alias(
        metric="gpu_pcie_replays_total",
        labels=_one(),
        old=_counter("DEV_PCIE_REPLAY_COUNTER"),
        new=_counter("DEV_PCIE_REPLAY_TOTAL"),
        help="PCIe retries.",
    ),
    Alias(
        metric="gpu_utilization_ratio",
        labels=_one("sm"),
        old=_gauge("DEV_GPU_UTIL", 100.0),
        new=_gauge("DEV_GPU_UTIL_RATIO"),
        help="GPU utilization.",
    ),
    Alias(
        metric="gpu_utilization_ratio",
        labels=_one("memory"),
        old=_gauge("DEV_MEM_COPY_UTIL", 100.0),
        new=_gauge("DEV_MEMORY_UTIL_RATIO"),
        help="Memory utilization.",
    ),
    Alias(
        metric="gpu_utilization_ratio",
        labels=_one("encoder"),
        old=_gauge("DEV_ENC_UTIL", 100.0),
        new=_gauge("DEV_ENC_UTIL_RATIO"),
        help="Encoder utilization.",
    ),
    Alias(
        metric="gpu_utilization_ratio",
        labels=_one("decoder"),
        old=_gauge("DEV_DEC_UTIL", 100.0),
        new=_gauge("DEV_DEC_UTIL_RATIO"),
        help="Decoder utilization.",
    ),
    Alias(
        metric="gpu_memory_bytes",
        labels=_one("free"),
        old=_gauge("DEV_FB_FREE", _MEBI),
        new=_gauge("DEV_FB_FREE_BYTES"),
        help="Framebuffer memory free.",
    ),
    Alias(
        metric="gpu_memory_bytes",
        labels=_one("used"),
        old=_gauge("DEV_FB_USED", _MEBI),
        new=_gauge("DEV_FB_USED_BYTES"),
        help="Framebuffer memory used.",
    ),
    Alias(
        metric="gpu_memory_bytes",
        labels=_one("reserved"),
        old=_gauge("DEV_FB_RESERVED", _MEBI),
        new=_gauge("DEV_FB_RESERVED_BYTES"),
        help="Framebuffer memory reserved.",
    ),
    Alias(
        metric="gpu_memory_total_bytes",
        labels=_one(),
        old=None,
        new=_gauge("DEV_FB_CAPACITY_BYTES"),
        help="Framebuffer memory in all.",
    ),
    Alias(
        metric="gpu_row_remaps_total",
        labels=_one("uncorrected"),
        old=_counter("DEV_UNCORRECTABLE_REMAPPED_ROWS"),
        new=_counter("DEV_ROW_REMAP_UNCORRECTABLE_TOTAL"),
        help="Rows remapped for uncorrectable errors.",
    ),
    Alias(
        metric="gpu_row_remaps_total",
        labels=_one("corrected"),
        old=_counter("DEV_CORRECTABLE_REMAPPED_ROWS"),
        new=_counter("DEV_ROW_REMAP_CORRECTABLE_TOTAL"),
        help="Rows remapped for correctable errors.",
    ),
    Alias(
        metric="gpu_row_remap_failure",
        labels=_one(),
        old=_gauge("DEV_ROW_REMAP_FAILURE"),
        new=_gauge("DEV_ROW_REMAP_FAILED"),
        help="Whether remapping of rows has failed.",
    ),
    Alias(  # typed a counter up to 4.8, though it is a rate (dcgm-exporter #658)
        metric="gpu_nvlink_bytes_total",
        labels=(("rx",), ("tx",)),
        added=True,
        old=_counter("DEV_NVLINK_BANDWIDTH_TOTAL", _MEGA),
        new=_gauge("DEV_NVLINK_THROUGHPUT_BYTES_PER_SECOND"),
        help="Rate of data over all NVLinks, both directions.",
        rate=True,
    ),
    Alias(
        metric="gpu_activity_ratio",
        labels=_one("graphics"),
        old=_gauge("PROF_GR_ENGINE_ACTIVE"),
        new=_gauge("PROF_GR_ENGINE_UTIL_RATIO"),
        help="Share of time the graphics or compute engine is active.",
    ),
    Alias(
        metric="gpu_activity_ratio",
        labels=_one("tensor"),
        old=_gauge("PROF_PIPE_TENSOR_ACTIVE"),
        new=_gauge("PROF_TENSOR_UTIL_RATIO"),
        help="Share of cycles the tensor pipe is active.",
    ),
    Alias(
        metric="gpu_activity_ratio",
        labels=_one("dram"),
        old=_gauge("PROF_DRAM_ACTIVE"),
        new=_gauge("PROF_DRAM_UTIL_RATIO"),
        help="Share of cycles the device memory interface is active.",
    ),
    Alias(
        metric="gpu_pcie_bytes_total",
        labels=_one("tx"),
        old=_gauge("PROF_PCIE_TX_BYTES"),
        new=_gauge("PROF_PCIE_TX_BYTES"),
        help="Rate of data sent over PCIe, in bytes per second.",
        rate=True,
    ),
    Alias(
        metric="gpu_pcie_bytes_total",
        labels=_one("rx"),
        old=_gauge("PROF_PCIE_RX_BYTES"),
        new=_gauge("PROF_PCIE_RX_BYTES"),
        help="Rate of data received over PCIe, in bytes per second.",
        rate=True,
    ),
)

LAST_XID = Alias(
    metric="gpu_xid_last_seen_timestamp_seconds",
    labels=(),
    old=_gauge("DEV_XID_ERRORS"),
    new=_gauge("DEV_XID_ERROR"),
    help="Value of the last XID error encountered.",
)
"""Shows a label of ours as its value: the code that was seen last; 0 while there was none."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """A version of dcgm-exporter's names.

    Attributes:
        hostname_label: how it spells the node's name.
        driver_label: how it spells the driver's version.
        is_new: whether it takes `Alias.new`.
    """

    hostname_label: str
    driver_label: str
    is_new: bool

    def named(self, alias: Alias) -> Named | None:
        """What an alias is called in it."""
        return alias.new if self.is_new else alias.old


DIALECTS: Mapping[str, Dialect] = {
    "dcgm": Dialect("Hostname", "DCGM_FI_DRIVER_VERSION", is_new=False),
    "dcgm-4.9": Dialect("hostname", "DCGM_FI_SYSTEM_DRIVER_VERSION", is_new=True),
}
"""By their names in `prometheus.dialects`."""
