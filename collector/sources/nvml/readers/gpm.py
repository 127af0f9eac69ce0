"""Activity of a GPU's parts by GPM (GPU performance monitoring), from Hopper on.

GPM has counters of its own: it needs no DCGM and takes no lock that a profiler wants. A value is
the mean between two samples, so that the first read has none.
"""

import ctypes
import math

from collector.sources.nvml.errors import as_error, raise_if_fatal, word
from collector.sources.nvml.library import Door, Handle, constant, structure
from collector.sources.nvml.readers.base import Found, Reader, Series, UnsupportedError
from collector.sources.nvml.readers.driver import done, function, offered

_METRICS = {
    "graphics": "GRAPHICS_UTIL",
    "sm": "SM_UTIL",
    "sm_occupancy": "SM_OCCUPANCY",
    "tensor": "ANY_TENSOR_UTIL",
    "dram": "DRAM_BW_UTIL",
    "fp64": "FP64_UTIL",
    "fp32": "FP32_UTIL",
    "fp16": "FP16_UTIL",
    "integer": "INTEGER_UTIL",
}
UNITS = tuple(_METRICS)
"""The parts whose activity is told."""
_SUPPORT, _ALLOC = "nvmlGpmQueryDeviceSupport", "nvmlGpmSampleAlloc"
_SAMPLE, _METRICS_GET = "nvmlGpmSampleGet", "nvmlGpmMetricsGet"
_VERSION = 1


class Gpm(Reader):
    """Shares of the time between two reads, or of the most that is possible, by part.

    The two samples are never freed: there is one reader a GPU for as long as it is there.
    """

    def __init__(self, door: Door, handle: Handle) -> None:
        _, ask = function(door, _SUPPORT)
        support = structure("c_nvmlGpmSupport_t")()
        support.version = _VERSION
        code = ask(handle, ctypes.byref(support))
        offered(code, _SUPPORT)
        if code or not support.isSupportedDevice:
            raise UnsupportedError("no GPM")
        _, alloc = function(door, _ALLOC)
        _, self._sample = function(door, _SAMPLE)
        _, self._get = function(door, _METRICS_GET)
        self._handle = handle
        self._question = structure("c_nvmlGpmMetricsGet_t")()
        self._question.version = _VERSION
        self._question.numMetrics = len(_METRICS)
        for metric, name in zip(self._question.metrics, _METRICS.values(), strict=False):
            metric.metricId = constant(f"NVML_GPM_METRIC_{name}")
        pointer = type(self._question.sample1)
        self._older, self._newer = pointer(), pointer()
        for sample in (self._older, self._newer):
            code = alloc(ctypes.byref(sample))
            offered(code, _ALLOC)
            done(code, _ALLOC)
        self._has_older = False

    def read(self) -> Found:
        """Ratios by part since the read before; none at the first, and none after a failure."""
        code = self._sample(self._handle, self._newer)
        raise_if_fatal(code, _SAMPLE)
        if code:
            self._has_older = False
            raise as_error(code, _SAMPLE)
        self._older, self._newer = self._newer, self._older
        if not self._has_older:
            self._has_older = True
            return Found()
        # After the swap the newest sample is in `_older`: it is the older one of the next read.
        self._question.sample1, self._question.sample2 = self._newer, self._older
        done(self._get(ctypes.byref(self._question)), _METRICS_GET)
        found = Found()
        ratios: Series = {}
        for part, metric in zip(UNITS, self._question.metrics, strict=False):
            if metric.nvmlReturn or not math.isfinite(metric.value):
                found.failed[""] = word(metric.nvmlReturn) if metric.nvmlReturn else "sentinel"
            else:
                ratios[part,] = metric.value / 100
        found.values[""] = ratios
        return found
