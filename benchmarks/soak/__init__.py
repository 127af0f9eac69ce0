"""What a daemon uses over hours: does anything grow? `python -m benchmarks.soak --help`."""
