"""Units and numbers."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.sources.meters.reading import Quantity
from collector.sources.meters.rejection import Reason, Rejected
from collector.sources.meters.units import UNITS, UnknownUnitError, unit_of
from collector.sources.meters.values import SourceClock, number

SAME = [
    (Quantity.POWER, 1.5, "MW", 1500.0, "kW"),
    (Quantity.ENERGY, 1.0, "kWh", 3.6, "MJ"),
    (Quantity.ENERGY, 1.0, "GWh", 3.6e6, "MJ"),
    (Quantity.REACTIVE_POWER, 1.0, "Mvar", 1000.0, "kVAr"),
    (Quantity.FLOW, 60.0, "LPM", 1.0, "L/s"),
    (Quantity.FLOW, 3.6, "m³/h", 1.0, "L/s"),
    (Quantity.FLOW, 1.0, "GPM", 3.785411784, "LPM"),
    (Quantity.PRESSURE, 1.0, "bar", 100.0, "kPa"),
    (Quantity.PRESSURE, 14.503773773, "psi", 1.0, "bar"),
    (Quantity.SUPPLY_TEMPERATURE, 212.0, "°F", 100.0, "C"),
    (Quantity.RETURN_TEMPERATURE, 273.15, "K", 0.0, "° C"),
    (Quantity.POWER_FACTOR, 98.0, "%", 0.98, ""),
]


def si(quantity: Quantity, value: float, text: str) -> float:
    unit = unit_of(quantity, text)
    return value * unit.factor + unit.offset


@pytest.mark.parametrize(("quantity", "one", "unit", "other", "other_unit"), SAME)
def test_the_same_in_two_units(
    quantity: Quantity, one: float, unit: str, other: float, other_unit: str
) -> None:
    assert si(quantity, one, unit) == pytest.approx(
        si(quantity, other, other_unit), rel=1e-9, abs=1e-9
    )


def test_milli_and_mega_are_told_apart() -> None:
    assert si(Quantity.POWER, 1.0, "mW") == 1e-3
    assert si(Quantity.POWER, 1.0, "MW") == 1e6


def test_every_quantity_has_units() -> None:
    assert set(UNITS) == set(Quantity)


def test_an_unknown_unit_is_named_with_what_is_known() -> None:
    with pytest.raises(UnknownUnitError, match=r"'hp' is no known unit of power; known: .*kW"):
        unit_of(Quantity.POWER, "hp")


@given(st.floats() | st.integers() | st.booleans() | st.text() | st.none() | st.lists(st.none()))
def test_a_number_is_finite_or_rejected(value: Any) -> None:
    if type(value) in {int, float} and abs(value) < 1e30:
        assert number(value) == pytest.approx(value, rel=1e-15)
        return
    with pytest.raises(Rejected) as caught:
        number(value)
    assert caught.value.reason in {Reason.WRONG_TYPE, Reason.NOT_FINITE}


@given(st.integers(), st.integers(-(10**15), 10**15), st.integers(0, 2**62))
def test_a_time_is_near_or_rejected(stamped_ns: int, ahead_ns: int, wall_ns: int) -> None:
    try:
        source_ns = SourceClock(ahead_ns).corrected(stamped_ns, wall_ns)
    except Rejected:
        assert not 0 <= stamped_ns - ahead_ns - wall_ns <= 60 * 10**9 or stamped_ns < 0
    else:
        assert source_ns == stamped_ns - ahead_ns
        assert -7 * 86400 * 10**9 <= source_ns - wall_ns <= 60 * 10**9
