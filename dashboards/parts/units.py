"""Units: those of the catalogue as Grafana's unit ids, and the few others that panels need."""

from collections.abc import Mapping

from collector.catalogue import BY_NAME, Unit

WATT = "watt"
WATT_HOUR = "watth"
JOULE = "joule"
CELSIUS = "celsius"
HERTZ = "hertz"
RATIO = "percentunit"
"""A share from 0 to 1, shown in percent."""
BYTES = "bytes"
BYTES_PER_SECOND = "binBps"
SECONDS = "s"
COUNT = "short"
PLAIN = "none"
"""A small number as it is: an index, a generation, a state."""
MOMENT = "dateTimeAsIso"
"""A time; the value is in milliseconds since 1970."""
PER_SECOND = "cps"
WON = "currencyKRW"
TONNES = "masst"

BY_UNIT: Mapping[Unit, str] = {
    Unit.WATTS: WATT,
    Unit.JOULES: JOULE,
    Unit.CELSIUS: CELSIUS,
    Unit.HERTZ: HERTZ,
    Unit.RATIO: RATIO,
    Unit.BYTES: BYTES,
    Unit.SECONDS: SECONDS,
    Unit.NONE: COUNT,
}


def unit_of(name: str) -> str:
    """The unit of a metric, or of a recording rule by the metric in its name.

    A rule is `level:metric:operation`; `ratio` or `seconds` in the operation says the unit, else
    the metric does, and where the catalogue does not have it, its last word.

    Args:
        name: of a metric or a rule.
    """
    _, _, rest = name.partition(":")
    metric, _, operation = (rest or name).partition(":")
    for unit in (Unit.RATIO, Unit.SECONDS):
        if unit.value in operation.split("_"):
            return BY_UNIT[unit]
    if metric in BY_NAME:
        return BY_UNIT[BY_NAME[metric].unit]
    last = metric.rpartition("_")[2]
    return next((BY_UNIT[unit] for unit in Unit if unit and unit.value == last), COUNT)
