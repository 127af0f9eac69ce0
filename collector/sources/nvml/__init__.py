"""NVIDIA GPUs through NVML, the driver's own library, by way of nvidia-ml-py.

Only this package knows NVIDIA, and only `library` imports pynvml.
"""

from collector.sources.nvml.source import NvmlSource

__all__ = ["NvmlSource"]
