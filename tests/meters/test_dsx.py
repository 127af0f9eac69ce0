"""The facility contract, message by message."""

import pytest

from collector.sources.meters.dsx import DsxDecoder
from collector.sources.meters.reading import Quality, Quantity, Shape
from collector.sources.meters.values import SourceClock
from tests.meters.dsx_bus import MAIN, ROOT, describe, metadata, say
from tests.meters.rig import NOW_NS, SECOND_NS, Rig, specs, values


def rig(*ids: str, **objects: str) -> Rig:
    return Rig(DsxDecoder(specs(*(ids or ("main",)), **objects), SourceClock()))


def test_a_value_after_its_metadata_is_a_reading() -> None:
    bus = rig()
    assert describe(bus) == []
    bus.wait(5)
    (reading,) = say(bus, 1234.5)
    assert (reading.meter, reading.quantity) == ("main", Quantity.POWER)
    assert reading.value == 1_234_500.0
    assert reading.source_ns == NOW_NS + 5 * SECOND_NS
    assert reading.received_ns == 5 * SECOND_NS
    assert reading.quality is Quality.GOOD
    assert reading.shape is Shape.HELD
    assert not bus.rejected()


def test_values_wait_for_their_metadata() -> None:
    """After an outage a broker gives what it kept for us first, and the metadata last."""
    bus = rig()
    assert say(bus, 1.0) == []
    bus.wait(1)
    assert say(bus, 2.0) == []
    bus.wait(1)
    first, second = describe(bus)
    assert (first.value, second.value) == (1000.0, 2000.0)
    assert (first.source_ns, second.source_ns) == (NOW_NS, NOW_NS + SECOND_NS)
    assert second.received_ns == SECOND_NS
    assert not bus.rejected()
    bus.wait(1)
    assert values(say(bus, 3.0)) == [("main", "power", 3000.0)]


def test_values_do_not_wait_for_ever() -> None:
    bus = rig()
    assert say(bus, 1.0) == []
    bus.wait(221)
    assert say(bus, 2.0) == []
    assert bus.rejected() == {"no_metadata": 1}
    (reading,) = describe(bus)
    assert reading.value == 2000.0


def test_the_object_of_the_site_file_names_the_meter() -> None:
    bus = rig(feed_a="EM-01", feed_b="EM-02")
    describe(bus, object_id="EM-02")
    assert values(say(bus, 1.0)) == [("feed_b", "power", 1000.0)]
    describe(bus, "PowerMeter/ActivePower/x", object_id="feed_a")  # an id, but no object
    assert say(bus, 1.0, "PowerMeter/ActivePower/x") == []
    assert bus.rejected() == {"unmapped": 1}


@pytest.mark.parametrize(
    ("quality", "value", "doubt"),
    [(0, 5.0, "quality 0"), (None, 5.0, "null"), (True, 5.0, "true or false"), (1, None, "no v")],
)
def test_what_is_not_vouched_for_is_bad(quality: object, value: float | None, doubt: str) -> None:
    bus = rig()
    describe(bus)
    (reading,) = say(bus, value, quality=quality)
    assert reading.quality is Quality.BAD
    assert reading.value == (None if value is None else 5000.0)
    assert doubt in reading.reason


@pytest.mark.parametrize(
    ("path", "unit", "value", "quantity", "si"),
    [
        ("PowerMeter/ActivePower", "MW", 1.5, Quantity.POWER, 1.5e6),
        ("PowerMeter/ApparentPower", "kVA", 2.0, Quantity.APPARENT_POWER, 2000.0),
        ("PowerMeter/PowerFactor", None, 0.98, Quantity.POWER_FACTOR, 0.98),
        ("PowerMeter/PowerFactor", "%", 98.0, Quantity.POWER_FACTOR, 0.98),
        ("PowerMeter/Voltage", "kV", 22.9, Quantity.VOLTAGE, 22_900.0),
        ("PowerMeter/Frequency", "Hz", 60.0, Quantity.FREQUENCY, 60.0),
        ("Rack/RackLiquidSupplyTemperature", "°C", 32.5, Quantity.SUPPLY_TEMPERATURE, 32.5),
        ("Rack/RackLiquidReturnTemperature", "F", 104.0, Quantity.RETURN_TEMPERATURE, 40.0),
        ("Rack/RackLiquidFlow", "LPM", 120.0, Quantity.FLOW, 0.002),
        ("Rack/RackLiquidDifferentialPressure", "kPa", 80.0, Quantity.PRESSURE, 80_000.0),
        ("Rack/RackLeakDetect", None, 1, Quantity.STATE, 1.0),
    ],
)
def test_units_become_si(
    path: str, unit: str | None, value: float, quantity: Quantity, si: float
) -> None:
    bus = rig("main")
    said = metadata(unit=unit)
    if path.startswith("Rack"):
        said["rackLocationId"] = said.pop("objectId")
    describe(bus, f"{path}/t", said)
    (reading,) = say(bus, value, f"{path}/t")
    assert reading.quantity is quantity
    assert reading.value == pytest.approx(si)


def test_an_unknown_unit_is_that_points_error_until_it_is_mended() -> None:
    bus = rig()
    describe(bus, unit="horsepower")
    assert say(bus, 1.0) == []
    assert say(bus, 1.0) == []
    assert bus.rejected() == {"unknown_unit": 3}
    describe(bus, unit="horsepower")  # again, every 100 s
    assert bus.rejected() == {"unknown_unit": 3}
    describe(bus, unit="kW")
    assert values(say(bus, 1.0)) == [("main", "power", 1000.0)]


def test_a_unit_of_another_quantity_is_unknown() -> None:
    bus = rig()
    describe(bus, unit="kVA")
    assert bus.rejected() == {"unknown_unit": 1}


def test_what_is_not_read_is_no_mistake() -> None:
    bus = rig()
    for path in (
        "PowerMeter/PhaseCurrent/a",
        "PowerMeter/GenericPoint/b",
        "Rack/RackControlValvePosition/c",
        "System/HeartbeatEchoBms/d",
        "Chiller/LiquidTemperature/e",
    ):
        describe(bus, path, unit="furlong")
        assert say(bus, 1.0, path) == []
    describe(bus, MAIN, isSetpoint=True)
    assert say(bus, 1.0) == []
    assert not bus.rejected()


def test_the_side_of_a_loop_is_in_its_process_area() -> None:
    bus = rig("cdu-1")
    for tag, areas in {
        "a": ["Secondary", "Supply"],
        "b": ["Secondary", "Return"],
        "c": ["Primary", "Supply"],
        "d": ["Somewhere"],
    }.items():
        path = f"CDU/LiquidTemperature/{tag}"
        describe(bus, path, metadata("cdu-1", "C", processArea=areas))
    read = [
        (one.quantity.value, one.point)
        for tag in "abcd"
        for one in say(bus, 30.0, f"CDU/LiquidTemperature/{tag}")
    ]
    assert read == [
        ("supply_temperature", "secondary"),
        ("return_temperature", "secondary"),
        ("supply_temperature", "primary"),
    ]


def test_two_points_for_one_power_are_not_both_taken() -> None:
    bus = rig()
    describe(bus)
    other = "PowerMeter/ActivePower/plant/main/again"
    describe(bus, other)
    assert len(say(bus, 1.0)) == 1
    bus.wait(1)
    assert say(bus, 1.0, other) == []
    assert bus.rejected() == {"ambiguous": 1}
    bus.wait(201)  # the first is gone: renamed
    assert len(say(bus, 2.0, other)) == 1


def test_retained_repeated_and_older_values_are_not_new() -> None:
    bus = rig()
    describe(bus)
    topic = f"{ROOT}/Value/{MAIN}"
    said = {"value": 1.0, "timestamp": bus.now_ms, "quality": 1}
    assert bus.send(topic, said, retain=True) == []
    assert len(bus.send(topic, said)) == 1
    assert bus.send(topic, said) == []
    assert say(bus, 2.0, at_ms=bus.now_ms - 1) == []
    assert bus.rejected() == {"retained": 1, "replayed": 2}


@pytest.mark.parametrize(
    ("stamp", "reason"),
    [
        (0, "past"),
        (-5, "bad_timestamp"),
        (1.5e12, "bad_timestamp"),
        ("2026", "bad_timestamp"),
        (None, "bad_timestamp"),
        (10**4000, "bad_timestamp"),
        (NOW_NS // 1_000_000 + 7 * 86_400_000, "future"),
        (NOW_NS // 1_000_000 + 61_000, "future"),
        (NOW_NS // 1_000_000 - 8 * 86_400_000, "past"),
    ],
)
def test_times_that_cannot_be(stamp: object, reason: str) -> None:
    bus = rig()
    describe(bus)
    said = {"value": 1.0, "timestamp": stamp, "quality": 1}
    assert bus.send(f"{ROOT}/Value/{MAIN}", said) == []
    assert bus.rejected() == {reason: 1}


def test_a_clock_that_is_known_to_be_wrong_is_corrected() -> None:
    bus = Rig(DsxDecoder(specs("main"), SourceClock(ahead_ns=3600 * SECOND_NS)))
    describe(bus)
    (reading,) = say(bus, 1.0, at_ms=bus.now_ms + 3_600_000)
    assert reading.source_ns == NOW_NS


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "not_json"),
        (b"{", "not_json"),
        (b"\xff\xfe", "not_json"),
        (b"[" * 60_000, "not_json"),
        (b'{"value":' * 5_000, "not_json"),
        (b"1" * 5_000, "not_json"),
        (b" " * 10_000_000, "too_large"),
        (b"[1]", "wrong_type"),
        (b'"text"', "wrong_type"),
        (b'{"value": 1}', "wrong_type"),
        (b'{"value": "1", "timestamp": 1, "quality": 1}', "wrong_type"),
        (b'{"value": true, "timestamp": 1, "quality": 1}', "wrong_type"),
        (b'{"value": {}, "timestamp": 1, "quality": 1}', "wrong_type"),
        (b'{"value": NaN, "timestamp": 1, "quality": 1}', "not_finite"),
        (b'{"value": -Infinity, "timestamp": 1, "quality": 1}', "not_finite"),
        (b'{"value": 1e999, "timestamp": 1, "quality": 1}', "not_finite"),
        (b'{"value": ' + b"9" * 400 + b', "timestamp": 1, "quality": 1}', "not_finite"),
    ],
)
def test_what_is_no_value_message(payload: bytes, reason: str) -> None:
    bus = rig()
    describe(bus)
    assert bus.send(f"{ROOT}/Value/{MAIN}", payload) == []
    assert bus.rejected() == {reason: 1}


@pytest.mark.parametrize(
    "topic", ["BMS/v1/PUB/Value/PowerMeter/ActivePower", "BMS/v1/PUB/Other/PowerMeter/x/y"]
)
def test_topics_that_are_none(topic: str) -> None:
    bus = rig()
    assert bus.send(topic, {"value": 1}) == []
    assert bus.rejected() == {"bad_topic": 1}


def test_bounded_points() -> None:
    bus = Rig(DsxDecoder(specs("main"), SourceClock(), most_points=3))
    for tag in range(10):
        say(bus, 1.0, f"PowerMeter/ActivePower/{tag}")
    assert bus.rejected() == {"too_many_points": 7}


def test_the_tree_is_what_the_meters_serve() -> None:
    decoder = DsxDecoder(specs("main"), SourceClock())
    bus = Rig(decoder)
    describe(bus, object_id="main", servesId=["ups-a", "ups-b"])
    describe(bus, "PowerMeter/Voltage/v", object_id="main", unit="V", servesId=["ups-a", "ups-b"])
    describe(bus, "PowerMeter/ActivePower/u", object_id="ups-a", servesId=["rack-1"])
    describe(
        bus, "CDU/LiquidFlow/c", metadata("cdu-1", "LPM", servesId=["rack-1"])
    )  # water, not power
    describe(bus, "UPS/Status/s", {"associateId": "ups-a"})
    assert decoder.tree == {"main": ("ups-a", "ups-b"), "ups-a": ("rack-1",)}
    assert not bus.rejected()


def test_a_point_that_is_taken_away_reads_no_more() -> None:
    bus = rig()
    describe(bus)
    bus.send(f"{ROOT}/Metadata/{MAIN}", b"")
    assert say(bus, 1.0) == []
    assert not bus.rejected()
