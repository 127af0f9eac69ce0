"""The summary of a node, over time."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from collector.catalogue import Labels, Values
from collector.catalogue.gpu.links import NVLINK_ERROR_DETAILS
from collector.model import GpuSnapshot
from collector.summary.conditions import conditions
from collector.summary.gauges import Series, gauges
from collector.summary.growth import Growth, Recent

MINUTE_NS = 60_000_000_000
ERRORS_NS, CLOCK_EVENTS_NS = 15 * MINUTE_NS, 5 * MINUTE_NS
HOT_REASONS = ("power_brake", "thermal", "software_thermal", "hardware_thermal")
SUMS = {
    "gpu_clock_event_seconds_total": "host_gpu_clock_event_seconds_total",
    "gpu_nvlink_bytes_total": "host_gpu_nvlink_bytes_total",
    "gpu_pcie_bytes_total": "host_gpu_pcie_bytes_total",
}
"""By GPU's counter, the node's."""
SUMMED_REASONS = frozenset({("power_cap",), *((reason,) for reason in HOT_REASONS)})
"""Of the clock events, those that are added up."""


class NodeSummary:
    """Sums up a node's GPUs each time its values are shown."""

    def __init__(self) -> None:
        self._sums: dict[tuple[str, Labels], Growth] = {}
        self._recent: dict[tuple[str, str], Recent] = {}

    def add(
        self, gpus: Sequence[GpuSnapshot], now_ns: int
    ) -> tuple[tuple[GpuSnapshot, ...], Series]:
        """What is shown of the GPUs with what is wrong with them, and what they are together.

        Args:
            gpus: all that are known.
            now_ns: monotonic time; never before the last one's.
        """
        host = gauges(gpus)
        shown = tuple(self._with_troubles(gpu, now_ns) for gpu in gpus)
        for gpu in gpus:
            self._grow(gpu)
        for (name, labels), growth in self._sums.items():
            host.setdefault(name, {})[labels] = growth.total
        return shown, host

    def _grow(self, gpu: GpuSnapshot) -> None:
        for name, sum_name in SUMS.items():
            for labels, count in gpu.values.get(name, {}).items():
                if name == "gpu_clock_event_seconds_total" and labels not in SUMMED_REASONS:
                    continue
                growth = self._sums.setdefault((sum_name, labels), Growth())
                growth.take(gpu.gpu.uuid, count)

    def _with_troubles(self, gpu: GpuSnapshot, now_ns: int) -> GpuSnapshot:
        troubles: dict[str, dict[Labels, float]] = {
            "gpu_condition": conditions(gpu.values),
            "gpu_recent_errors": self._errors(gpu, now_ns),
            "gpu_recent_clock_event_ratio": self._hot(gpu, now_ns),
        }
        found = {name: series for name, series in troubles.items() if series}
        return replace(gpu, values={**gpu.values, **found}) if found else gpu

    def _errors(self, gpu: GpuSnapshot, now_ns: int) -> dict[Labels, float]:
        return {
            (error,): recent
            for error, counts in error_counts(gpu.values).items()
            if (recent := self._grown(gpu, error, ERRORS_NS, now_ns, counts))
        }

    def _hot(self, gpu: GpuSnapshot, now_ns: int) -> dict[Labels, float]:
        counts = gpu.values.get("gpu_clock_event_seconds_total", {})
        grown = {
            reason: self._grown(gpu, reason, CLOCK_EVENTS_NS, now_ns, {reason: counts[reason,]})
            for reason in HOT_REASONS
            if (reason,) in counts
        }
        span_seconds = CLOCK_EVENTS_NS / 1e9
        return {
            (reason,): min(seconds / span_seconds, 1.0)
            for reason, seconds in grown.items()
            if seconds
        }

    def _grown(
        self, gpu: GpuSnapshot, what: str, span_ns: int, now_ns: int, counts: Mapping[str, float]
    ) -> float:
        recent = self._recent.setdefault((gpu.gpu.uuid, what), Recent(span_ns))
        return recent.take(now_ns, counts)


def error_counts(values: Values) -> dict[str, dict[str, float]]:
    """What a GPU has counted of the errors that are told of, by error and counter.

    Args:
        values: what is shown of the GPU.
    """
    uncorrected = values.get("gpu_ecc_errors_total", {}).get(("uncorrected", "volatile"))
    replays = values.get("gpu_pcie_replays_total", {}).get(())
    return {
        "ecc_uncorrected": {} if uncorrected is None else {"": uncorrected},
        "nvlink": {
            labels[0]: count
            for labels, count in values.get("gpu_nvlink_errors_total", {}).items()
            if labels not in NVLINK_ERROR_DETAILS
        },
        "pcie_replay": {} if replays is None else {"": replays},
    }
