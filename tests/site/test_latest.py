"""Whether what a meter said last may still be used."""

from dataclasses import replace

from collector.site.latest import Latest
from collector.sources.meters.reading import Quality, Quantity
from tests.site.rig import STALE_NS, at, mono, power, register


def latest(*readings: tuple[float, float | None, float]) -> Latest:
    """A meter that said a power at a time of its own, which came at another."""
    found = Latest(STALE_NS)
    for seconds, watts, came in readings:
        found.add(power(seconds, watts, came=came))
    return found


def watts(meter: Latest, seconds: float) -> float | None:
    return meter.value(Quantity.POWER, at(seconds), mono(seconds))


def test_a_value_is_good_until_it_is_stale() -> None:
    meter = latest((0, 5.0, 0))
    assert (watts(meter, 200), watts(meter, 201)) == (5.0, None)
    assert (meter.good(at(200), mono(200)), meter.good(at(201), mono(201))) == (True, False)
    assert meter.age_seconds(at(201), mono(201)) == 201


def test_an_old_value_that_comes_again_is_no_news() -> None:
    """A retained message: it has just come, but it was said an hour ago."""
    assert watts(latest((-3600, 5.0, 0)), 1) is None
    assert watts(latest((100, 7.0, 100), (-3600, 5.0, 101)), 102) == 7.0


def test_a_clock_that_is_ahead_keeps_nothing_fresh_for_ever() -> None:
    meter = latest((3600, 5.0, 0))
    assert (watts(meter, 100), watts(meter, 300)) == (5.0, None)


def test_a_bad_value_is_none_and_says_that_the_meter_is_not_good() -> None:
    meter = latest((0, 5.0, 0), (10, None, 10))
    assert watts(meter, 11) is None
    assert not meter.good(at(11), mono(11))


def test_a_notice_of_silence_counts_whatever_its_clock_says() -> None:
    meter = latest((0, 5.0, 0))
    notice = replace(power(-50, None, came=10), notice=True)
    meter.add(notice)
    assert watts(meter, 11) is None
    meter.add(power(20, 6.0))
    assert watts(meter, 21) == 6.0


def test_quantities_and_points_are_kept_apart() -> None:
    meter = Latest(STALE_NS)
    meter.add(register(0, 1e9))
    meter.add(replace(power(1, 25.0), quantity=Quantity.SUPPLY_TEMPERATURE, point="primary"))
    meter.add(replace(power(1, 35.0), quantity=Quantity.SUPPLY_TEMPERATURE, point="secondary"))
    now = (at(2), mono(2))
    assert meter.value(Quantity.ENERGY, *now) == 1e9
    assert meter.value(Quantity.SUPPLY_TEMPERATURE, *now, point="secondary") == 35.0
    assert meter.value(Quantity.SUPPLY_TEMPERATURE, *now) == 25.0
    main = meter.main()
    assert main is not None
    assert (main.quantity, main.quality) == (Quantity.ENERGY, Quality.GOOD)
    assert Latest(STALE_NS).age_seconds(*now) is None
    assert not Latest(STALE_NS).good(*now)
