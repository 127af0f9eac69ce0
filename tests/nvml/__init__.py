"""NVML behind the real nvidia-ml-py."""
