"""Power into energy: integration, the hardware counter, windows. Pure: no clocks, no I/O.

All times are CLOCK_MONOTONIC nanoseconds unless the name says `wall`.
"""
