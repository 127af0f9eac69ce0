"""Plain JSON and bare numbers; the examples of docs/meters.md with what such devices say."""

import re
from pathlib import Path
from typing import Any

import pytest

from collector.config import ConfigError
from collector.sources.meters.mapfile import MapFile, load_map
from collector.sources.meters.reading import Quality, Quantity, Shape
from collector.sources.meters.topicmap import TopicDecoder
from collector.sources.meters.topicmap.pointer import found, pointer_of
from collector.sources.meters.values import SourceClock
from tests.meters.rig import NOW_MS, NOW_NS, SECOND_NS, Rig, values

DOCS = Path(__file__).parents[2] / "docs" / "meters.md"
ENTRY = '[[topic]]\ntopic = "t/+"\nmeter = "m"\nquantity = "power"\nunit = "W"\n'


def documented() -> str:
    """Every map entry of the guide."""
    blocks = re.findall(r"```toml\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    return "\n".join(block for block in blocks if "[[topic]]" in block or "[[sparkplug]]" in block)


def mapped(tmp_path: Path, text: str) -> MapFile:
    file = tmp_path / "map.toml"
    file.write_text(text, encoding="utf-8")
    return load_map(file)


def rig(tmp_path: Path, text: str, *meters: str) -> Rig:
    return Rig(TopicDecoder(mapped(tmp_path, text).topics, meters, SourceClock()))


@pytest.mark.parametrize(
    ("topic", "said", "read"),
    [
        (
            "shellypro3em-0cb815fc5a88/status/em:0",
            {"id": 0, "a_act_power": 10.0, "total_current": 2.1, "total_act_power": 482.5},
            [("chiller-1", "power", 482.5)],
        ),
        (
            "shellypro3em-0cb815fc5a88/status/emdata:0",
            {"id": 0, "total_act": 1000.0, "total_act_ret": 0.0},
            [("chiller-1", "energy", 3.6e6)],
        ),
        (
            "tele/crah-3/SENSOR",
            {"Time": "2026-11-18T20:06:40", "ENERGY": {"Total": 2.5, "Power": 182, "Factor": 0.9}},
            [("crah-3", "power", 182.0), ("crah-3", "energy", 9e6)],
        ),
        (
            "zigbee2mqtt/crah-3",
            {"power": 60.5, "linkquality": 90, "last_seen": "2026-11-18T11:06:40+00:00"},
            [("crah-3", "power", 60.5)],
        ),
        (
            "telegraf/gw/switchboard-1",
            {
                "fields": {"active_power": 41.25, "import_register": 1000},
                "name": "modbus",
                "tags": {"host": "gw"},
                "timestamp": NOW_MS,
            },
            [("switchboard-1", "power", 41250.0), ("switchboard-1", "energy", 3.6e8)],
        ),
        ("plant/hall-1/crah-3/watts", b"812.5", [("crah-3", "power", 812.5)]),
        (
            "BMS/v1/PUB/Value/PowerMeter/GenericPoint/plant/feed-a/kwh",
            {"value": 2, "timestamp": NOW_MS, "quality": 1},
            [("feed-a", "energy", 7.2e6)],
        ),
    ],
)
def test_the_examples_of_the_guide(
    tmp_path: Path, topic: str, said: Any, read: list[tuple[str, str, float]]
) -> None:
    bus = rig(tmp_path, documented(), "chiller-1", "crah-3", "switchboard-1", "feed-a")
    readings = bus.send(topic, said)
    assert [(m, q) for m, q, _ in values(readings)] == [(m, q) for m, q, _ in read]
    assert [one.value for one in readings] == pytest.approx([v for _, _, v in read])
    assert not bus.rejected()
    for reading in readings:
        assert abs(reading.source_ns - NOW_NS) <= 1 * SECOND_NS


def test_without_a_time_arrival_counts_and_the_broker_keeps_nothing(tmp_path: Path) -> None:
    text = ENTRY + ENTRY.replace("t/+", "u/+").replace("[[topic]]", '[[topic]]\ntime = "/at"')
    rules = mapped(tmp_path, text).topics
    decoder = TopicDecoder(rules, ["m"], SourceClock(ahead_ns=SECOND_NS))
    assert {one.topic: one.qos for one in decoder.subscriptions} == {"t/+": 0, "u/+": 1}
    bus = Rig(decoder)
    bus.wait(3)
    (reading,) = bus.send("t/x", b"5")
    assert reading.source_ns == NOW_NS + 3 * SECOND_NS
    assert reading.shape is Shape.SAMPLED


def test_scale_shape_point_and_state(tmp_path: Path) -> None:
    text = """
    [[topic]]
    topic = "p"
    meter = "m"
    quantity = "power"
    unit = "kW"
    scale = -2.5
    shape = "held"
    [[topic]]
    topic = "leak"
    meter = "m"
    quantity = "state"
    point = "leak"
    value = "/0/wet"
    """
    bus = rig(tmp_path, text, "m")
    (reading,) = bus.send("p", b"2")
    assert (reading.value, reading.shape) == (-5000.0, Shape.HELD)
    (state,) = bus.send("leak", [{"wet": True}])
    assert (state.quantity, state.value, state.point) == (Quantity.STATE, 1.0, "leak")


@pytest.mark.parametrize(
    ("quality", "good"), [(1, True), (192, True), ("ok", True), (0, False), (True, False)]
)
def test_quality(tmp_path: Path, quality: object, good: bool) -> None:  # noqa: FBT001 - pytest passes it by name
    lines = 'value = "/v"\nquality = "/q"\ngood = [1, 192, "ok"]\n'
    bus = rig(tmp_path, ENTRY + lines, "m")
    (reading,) = bus.send("t/x", {"v": 1, "q": quality})
    assert reading.quality is (Quality.GOOD if good else Quality.BAD)
    bus.wait(1)
    (silent,) = bus.send("t/x", {"v": 1})
    assert silent.quality is Quality.BAD
    bus.wait(1)
    (none,) = bus.send("t/x", {"v": None, "q": 1})
    assert (none.value, none.quality) == (None, Quality.BAD)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"on", "not_json"),
        (b'"5"', "wrong_type"),
        (b"true", "wrong_type"),
        (b"{}", "wrong_type"),
        (b"NaN", "not_finite"),
        (b"1e99", "not_finite"),
    ],
)
def test_what_is_no_number(tmp_path: Path, payload: bytes, reason: str) -> None:
    bus = rig(tmp_path, ENTRY, "m")
    assert bus.send("t/x", payload) == []
    assert bus.rejected() == {reason: 1}


@pytest.mark.parametrize(
    ("form", "zone", "stamp", "reason"),
    [
        ("s", "", NOW_MS / 1000, ""),
        ("s", "", NOW_MS // 1000, ""),
        ("us", "", NOW_MS * 1000, ""),
        ("ns", "", NOW_NS, ""),
        ("iso", "", "2026-11-18T20:06:40+09:00", ""),
        ("iso", "", "2026-11-18T11:06:40Z", ""),
        ("iso", "Asia/Seoul", "2026-11-18T20:06:40", ""),
        ("iso", "", "2026-11-18T20:06:40", "bad_timestamp"),
        ("iso", "", "yesterday", "bad_timestamp"),
        ("iso", "", 5, "bad_timestamp"),
        ("iso", "", "0001-01-01T00:00:00+23:00", "bad_timestamp"),
        ("s", "", "5", "bad_timestamp"),
        ("s", "", None, "bad_timestamp"),
        ("s", "", NOW_MS, "bad_timestamp"),
        ("ms", "", NOW_MS // 1000, "past"),
    ],
)
def test_times(tmp_path: Path, form: str, zone: str, stamp: object, reason: str) -> None:
    lines = f'value = "/v"\ntime = "/t"\ntime_format = "{form}"\ntime_zone = "{zone}"\n'
    bus = rig(tmp_path, ENTRY + lines, "m")
    readings = bus.send("t/x", {"v": 1, "t": stamp})
    assert bus.rejected() == ({reason: 1} if reason else {})
    assert [one.source_ns for one in readings] == ([] if reason else [NOW_NS])


def test_retained_unknown_and_missing(tmp_path: Path) -> None:
    bus = rig(tmp_path, ENTRY.replace('"m"', '"{1}"') + 'value = "/v"\n', "m")
    assert bus.send("t/m", {"v": 1}, retain=True) == []
    assert bus.send("t/other", {"v": 1}) == []
    assert bus.send("t/m", {"w": 1}) == []
    assert bus.rejected() == {"retained": 1, "unmapped": 1, "no_value": 1}


def test_two_topics_for_one_meter_are_not_added(tmp_path: Path) -> None:
    bus = rig(tmp_path, ENTRY, "m")
    assert len(bus.send("t/a", b"1")) == 1
    bus.wait(1)
    assert bus.send("t/b", b"1") == []
    twice = rig(tmp_path, ENTRY + ENTRY, "m")
    assert twice.send("t/a", b"1") == []
    assert bus.rejected() == twice.rejected() == {"ambiguous": 1}


def test_bounded_topics(tmp_path: Path) -> None:
    rules = mapped(tmp_path, ENTRY).topics
    bus = Rig(TopicDecoder(rules, ["m"], SourceClock(), most_points=2))
    for number in range(5):
        bus.send(f"t/{number}", b"1")
    assert bus.rejected() == {"ambiguous": 1, "too_many_points": 3}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ('topic = "a/#"', "# is not"),
        ('topic = "a/b+"', "whose levels may be"),
        ('quantity = "heat"', "quantity = 'heat'"),
        ('unit = "hp"', "no known unit of power"),
        ('value = "ENERGY.Power"', "JSON pointer"),
        ('time_format = "hours"', "time_format = 'hours'"),
        ('time_zone = "Mars/Olympus"', "such as Asia/Seoul"),
        ('quality = "/q"', "quality and good belong together"),
        ('point = "a"', "a meter has one of each"),
        ("scale = inf", "scale = inf"),
        ("colour = 1", "colour is no key of it"),
    ],
)
def test_a_mistake_in_the_map_is_told_with_its_place(tmp_path: Path, wrong: str, said: str) -> None:
    key = wrong.split(" ", maxsplit=1)[0]
    lines = [line for line in ENTRY.splitlines() if not line.startswith(key)]
    with pytest.raises(ConfigError) as caught:
        mapped(tmp_path, ENTRY + "\n".join([*lines, wrong]))
    assert said in str(caught.value)
    assert f"{tmp_path / 'map.toml'}, [[topic]] number 2" in str(caught.value)


def test_a_map_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"number 1: meter is missing"):
        mapped(tmp_path, ENTRY.replace('meter = "m"\n', ""))
    with pytest.raises(ConfigError, match=r"unknown table topics"):
        mapped(tmp_path, "[[topics]]")
    with pytest.raises(ConfigError, match=r"written \[\[topic\]\]"):
        mapped(tmp_path, "[topic]")
    with pytest.raises(ConfigError, match="not valid TOML"):
        mapped(tmp_path, "[[topic")
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        load_map(tmp_path / "none.toml")


def test_pointers_of_the_rfc() -> None:
    document = {"a/b": 1, "m~n": 2, "": 3, "foo": ["bar", "baz"]}
    for pointer, value in {"/a~1b": 1, "/m~0n": 2, "/": 3, "/foo/1": "baz"}.items():
        assert found(document, pointer_of(pointer)) == value
    assert found(document, pointer_of("")) is document
    for pointer in ("/foo/2", "/foo/-", "/foo/01", "/foo/bar", "/x"):
        with pytest.raises(LookupError):
            found(document, pointer_of(pointer))
