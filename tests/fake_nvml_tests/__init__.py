"""The fake NVML against the real nvidia-ml-py, and its truth against the formulas."""
