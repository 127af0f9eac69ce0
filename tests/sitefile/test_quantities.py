"""Power and energy as people write them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.sitefile.quantities import shown_watts, to_joules, to_watts


@pytest.mark.parametrize(
    ("written", "watts"),
    [
        (132_000, 132e3),
        (0.5, 0.5),
        ("132 kW", 132e3),
        ("132kW", 132e3),
        (" 0.1 MW ", 1e5),
        ("1 GW", 1e9),
        ("5 W", 5.0),
        ("1.1 kW", 1100.0),
    ],
)
def test_watts(written: object, watts: float) -> None:
    assert to_watts(written) == watts


@pytest.mark.parametrize(
    "written",
    [
        "132",
        "132 kw",
        "132 KW",
        "1,5 MW",
        "-1 kW",
        "0 kW",
        "1e3 W",
        "kW",
        "",
        "132 kW 1",
        "1 kWh",
        0,
        -1,
        math.nan,
        math.inf,
        True,
        None,
        [],
        10**400,
    ],
)
def test_what_is_no_power_is_refused_with_what_is_allowed(written: object) -> None:
    with pytest.raises(ValueError, match=r'allowed is a positive number of watts, .* "132 kW"'):
        to_watts(written)


def test_energy() -> None:
    assert to_joules("999999 kWh") == 3_599_996_400_000.0
    assert to_joules(3600) == to_joules("1 Wh") == 3600.0
    with pytest.raises(ValueError, match="units are J, Wh, kWh, MWh, GWh"):
        to_joules("1 kW")


@pytest.mark.parametrize(
    ("watts", "shown"),
    [(0.0, "0 W"), (999, "999 W"), (132e3, "132 kW"), (1.0565e6, "1.056 MW"), (1e9, "1 GW")],
)
def test_shown(watts: float, shown: str) -> None:
    assert shown_watts(watts) == shown


@given(st.integers(1, 9999), st.sampled_from(["W", "kW", "MW", "GW"]))
def test_what_is_shown_is_read_as_the_same(number: int, unit: str) -> None:
    watts = to_watts(f"{number} {unit}")
    assert to_watts(shown_watts(watts)) == watts
