"""Values as people read them."""

from collections.abc import Callable, Mapping

from collector.catalogue import Metric, Unit
from collector.check.model import Cost

_MEGA = 1e6
_SHOWN: Mapping[Unit, Callable[[float], str]] = {
    Unit.WATTS: lambda watts: f"{watts:.1f} W",
    Unit.JOULES: lambda joules: f"{joules / 1e6:.3f} MJ" if joules >= _MEGA else f"{joules:.0f} J",
    Unit.CELSIUS: lambda celsius: f"{celsius:g} °C",
    Unit.HERTZ: lambda hertz: f"{hertz / 1e6:.0f} MHz",
    Unit.RATIO: lambda ratio: f"{100 * ratio:g} %",
    Unit.BYTES: lambda size: f"{size / 2**30:.2f} GiB",
    Unit.SECONDS: lambda seconds: f"{seconds:.3g} s",
    Unit.NONE: lambda number: f"{number:g}",
}


def shown(metric: Metric, value: float) -> str:
    """A value with a unit for people.

    Args:
        metric: what it is a value of.
        value: in the metric's unit.
    """
    return _SHOWN[metric.unit](value)


def shown_cost(cost: Cost | None) -> str:
    """Median and maximum in microseconds; a dash where nothing was measured."""
    return "-" if cost is None else f"{_short(cost.median_us)} / {_short(cost.max_us)}"


def shown_period(seconds: float | None) -> str:
    """A period in milliseconds; words where it was not seen."""
    return "not seen" if seconds is None else f"{1000 * seconds:.3g} ms"


def _short(microseconds: float) -> str:
    return f"{microseconds:.1f}" if microseconds < 10 else f"{microseconds:.0f}"  # noqa: PLR2004
