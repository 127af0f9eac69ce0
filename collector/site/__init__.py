"""The site's arithmetic: meters into energy, demand, budget, key figures. Pure: no clocks, no I/O.

Source time decides: `_ns` is nanoseconds of UTC by the meters' own clock, corrected as configured,
unless the name says `monotonic`. Energy is in integer millijoules, power in integer milliwatts
where it is summed and in watts where it is shown.
"""
