"""The coolant of a hall that loses its cooling, and what heat leaves of a GPU's work."""

from collections.abc import Iterable, Iterator
from math import isfinite

from benchmarks.fleet.scenario import Event
from collector.sources.simulated.models import BoardModel

SETTLE_SECONDS = 300.0
"""In which a hall without cooling gets as warm as it will, and later as cool as it was."""
_STEP_SECONDS = 10.0
_BUSIEST_LEVEL = 0.95
_LEAST_SHARE = 0.15


def excess_celsius(events: Iterable[Event], at_s: float) -> float:
    """How much warmer than usual the coolant is, by the events of its hall."""
    return max((_excess(event, at_s) for event in events), default=0.0)


def _excess(event: Event, at_s: float) -> float:
    slope = event.celsius / SETTLE_SECONDS
    risen = min(event.celsius, max(0.0, (min(at_s, event.end_s) - event.begin_s) * slope))
    return max(0.0, risen - max(0.0, at_s - event.end_s) * slope)


def share(model: BoardModel, excess: float) -> float:
    """The share of its work that a GPU does in warmer coolant: the driver holds its clocks down."""
    allowed = (model.gpu_max_celsius - 1 - model.inlet_celsius - excess) / model.rise_celsius
    watts = allowed * model.limit_mw - model.idle_mw
    return min(1.0, max(_LEAST_SHARE, watts / (model.limit_mw - model.idle_mw) / _BUSIEST_LEVEL))


def steps(event: Event) -> Iterator[float]:
    """The instants at which the share is looked at anew."""
    for begin_s in (event.begin_s, event.end_s):
        if isfinite(begin_s):
            for number in range(round(SETTLE_SECONDS / _STEP_SECONDS) + 1):
                yield begin_s + number * _STEP_SECONDS
