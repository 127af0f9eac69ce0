"""What is wrong with a GPU, in few series: they are there only while it is.

A fleet's rules read these instead of asking every GPU for each of its sensors. That a GPU was
looked at at all, `gpu_up` says.
"""

from collector.catalogue.types import Kind, Metric, Rate, Unit

CONDITIONS = (
    Metric(
        key="gpu_condition",
        kind=Kind.GAUGE,
        help="What is wrong now, only while it is: how many links, lanes or generations are gone; "
        "how far the energy counter is off as a ratio; else 1.",
        labels=("condition",),
        rate=Rate.DERIVED,
    ),
    Metric(
        key="gpu_recent_errors",
        kind=Kind.GAUGE,
        help="Errors within the last 15 minutes, only where there are any: ECC, not corrected; "
        "NVLink, but for what healthy links count; PCIe packets sent again.",
        labels=("error",),
        rate=Rate.DERIVED,
    ),
    Metric(
        key="gpu_recent_clock_event",
        kind=Kind.GAUGE,
        unit=Unit.RATIO,
        help="Share of the last 5 minutes in which heat or the power brake held the clocks down, "
        "only where they did.",
        labels=("reason",),
        rate=Rate.DERIVED,
    ),
)
