"""The meters and what they say of the coolant: those that are not well first."""

from collections.abc import Mapping

from collector.catalogue import Values
from collector.sitefile.model import MeterSpec, Site
from exporters.page.site.shape import CoolantJson, MeterJson, MetersJson, MeterState
from exporters.page.site.values import value

MOST_METERS = 60
MOST_LOOPS = 24
_ORDER: Mapping[MeterState, int] = {"silent": 0, "stale": 1, "bad": 2, "good": 3}


def meters_json(site: Site, values: Values) -> MetersJson:
    """All meters, counted; the first of them, those that are not well before the others."""
    states = {meter.id: _state(meter, values) for meter in site.meters.values()}
    rows = sorted(site.meters.values(), key=lambda meter: _ORDER[states[meter.id]])
    return MetersJson(
        total=len(rows),
        good=sum(state == "good" for state in states.values()),
        rows=[_meter(meter, states[meter.id], values) for meter in rows[:MOST_METERS]],
    )


def coolant_json(values: Values) -> list[CoolantJson]:
    """Every loop that tells its temperature, hottest supply first."""
    celsius = values.get("site_coolant_temperature_celsius", {})
    meters = dict.fromkeys(labels[0] for labels in celsius)
    loops = [
        CoolantJson(
            id=meter,
            supply_celsius=value(
                values, "site_coolant_temperature_celsius", (meter, "supply"), digits=1
            ),
            return_celsius=value(
                values, "site_coolant_temperature_celsius", (meter, "return"), digits=1
            ),
        )
        for meter in meters
    ]
    return sorted(loops, key=_coolest)


def _coolest(loop: CoolantJson) -> tuple[float, float]:
    """What sorts the hottest to the front; a side that is not known goes to the end."""
    supply, back = loop["supply_celsius"], loop["return_celsius"]
    return (1e9 if supply is None else -supply, 1e9 if back is None else -back)


def _state(meter: MeterSpec, values: Values) -> MeterState:
    if value(values, "site_meter_good", (meter.id,)):
        return "good"
    age = value(values, "site_meter_age_seconds", (meter.id,), digits=3)
    if age is None:
        return "silent"
    return "stale" if age > meter.stale_seconds else "bad"


def _meter(meter: MeterSpec, state: MeterState, values: Values) -> MeterJson:
    key = (meter.id, meter.role.value)
    return MeterJson(
        id=meter.id,
        branch=meter.branch,
        role=meter.role.value,
        state=state,
        watts=value(values, "site_meter_power_watts", key),
        age_seconds=value(values, "site_meter_age_seconds", (meter.id,), digits=1),
        stale_seconds=meter.stale_seconds,
        power_factor_ratio=value(values, "site_meter_power_factor_ratio", key, digits=3),
    )
