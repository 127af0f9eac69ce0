"""What comes over MQTT: the facility's contract, plain JSON, Sparkplug B; and the map file."""

import math
from collections.abc import Sequence
from typing import Any

from collector.config import ConfigError
from collector.sources.meters.dsx import DsxDecoder
from collector.sources.meters.inbox import MeterInbox
from collector.sources.meters.mapfile import load_map
from collector.sources.meters.reading import MeterReading, Quality
from collector.sources.meters.sparkplug.decoder import SparkplugDecoder
from collector.sources.meters.topicmap import TopicDecoder
from collector.sources.meters.values import SourceClock
from tests.fuzz import byte_changes, json_changes, odd, toml_changes
from tests.fuzz.choices import Choices
from tests.fuzz.target import Target, written
from tests.fuzz.words import MANY_LINES, checked
from tests.meters.dsx_bus import MAIN, ROOT, metadata
from tests.meters.rig import NOW_MS, NOW_NS, Rig, specs
from tests.meters.test_sparkplug import ROOT as PLANT
from tests.meters.test_sparkplug import RULES, m1
from tests.meters.wire import BOOLEAN, INT64, STRING, Metric, payload

_LONGEST_LABEL = 1024
_MAP = """\
[[topic]]
topic = "t/+"
meter = "m"
quantity = "power"
unit = "kW"
shape = "held"
scale = 0.5
value = "/value"
time = "/timestamp"
quality = "/quality"
good = [1, "ok"]

[[topic]]
topic = "t/+"
meter = "m"
quantity = "energy"
unit = "kWh"
value = "/more/0/a~1b"
time = "/stamp"
time_format = "iso"
time_zone = "Asia/Seoul"

[[topic]]
topic = "bare/+"
meter = "{1}"
quantity = "state"
point = "door"

[[sparkplug]]
metric = "P"
meter = "{device}"
device = "+"
quantity = "power"
unit = "W"
"""
_MORE = (
    "[topic]",
    "[[unknown]]",
    'topic = "+/+/+"',
    'topic = "#"',
    'unit = "hp"',
    'time_zone = "Asia"',
    'value = "no pointer"',
    'value = "/~2"',
    "scale = 1e300",
    "good = [[], {}]",
    'point = "x"',
    'node = "gw"',
)

Message = tuple[str, bytes, bool]
"""Topic, payload, whether the broker had kept it."""


class _Telling(MeterInbox):
    """An inbox that does not hide its bugs."""

    def _bug(self, topic: str, error: Exception) -> None:
        raise AssertionError(f"a bug at topic {topic[:99]!r}") from error


def _sane(readings: Sequence[MeterReading]) -> None:
    for one in readings:
        assert one.value is None or math.isfinite(one.value)
        assert one.value is not None or one.quality is Quality.BAD
        assert (one.quality is Quality.BAD) == bool(one.reason)
        assert one.notice or abs(one.source_ns - NOW_NS) <= 8 * 86_400 * 10**9
        assert len(one.meter) + len(one.point) <= _LONGEST_LABEL
        assert len(one.reason) <= _LONGEST_LABEL
        assert one.reason.isprintable()


def _heard(decoder: Any, messages: Sequence[Message]) -> bool:
    """Whether any reading came of the messages."""
    rig = Rig(decoder)
    rig.inbox = _Telling((decoder,))
    count = 0
    for topic, raw, retain in messages:
        rig.wait(1)
        readings = rig.send(topic, raw, retain=retain)
        _sane(readings)
        _sane(rig.tick())
        count += len(readings)
        rig.inbox.requests()
    return bool(count)


def _map(choices: Choices) -> bytes:
    return toml_changes.changed(_MAP, choices, _MORE)


def _run_map(data: bytes) -> bool:
    try:
        found = load_map(written("map.toml", data))
        decoder = TopicDecoder(found.topics, ["m", "x"], SourceClock())
        SparkplugDecoder("g", found.metrics, ["m", "x"], SourceClock())
    except ConfigError as error:
        checked(error, lines=MANY_LINES)
        return False
    said = {"value": 4.5, "timestamp": NOW_MS, "quality": 1, "more": [{"a/b": 2}], "stamp": ""}
    _heard(decoder, [("t/x", json_changes.dumped(said).encode(), False), ("t/x", b"1", False)])
    return True


def _dsx(choices: Choices) -> list[Message]:
    described: Any = metadata(processArea=["Supply", "loop"], scope="plant", phase=None)
    value: Any = {"value": 22.96, "timestamp": NOW_MS, "quality": 1}
    other = choices.pick(
        (
            f"Value/{MAIN}",
            f"Metadata/{MAIN}",
            "Value/System/HeartbeatTimestampBms/bms",
            "Metadata/System/HeartbeatTimestampBms/bms",
            "Metadata/Rack/RackLeakDetect/a",
            "Value/Rack/RackLeakDetect/a",
            "Metadata/CDU/LiquidTemperature/a/b",
            f"Metadata/{choices.pick(odd.TEXTS)}",
            f"Value/PowerMeter/ActivePower/{choices.pick(odd.TEXTS)}",
        )
    )
    plain = [
        (f"Metadata/{MAIN}", described, True),
        (f"Value/{MAIN}", value, False),
        (other, described if "Metadata" in other else value, False),
        (f"Value/{MAIN}", value | {"timestamp": NOW_MS + 9}, choices.seldom(20)),
    ]
    struck = choices.below(len(plain))
    return [
        (f"{ROOT}/{topic}", _said(said, choices, odd_one=at == struck), retain)
        for at, (topic, said, retain) in enumerate(plain)
    ]


def _said(document: Any, choices: Choices, *, odd_one: bool) -> bytes:
    if odd_one or choices.seldom(6):
        return json_changes.changed(document, choices)
    return json_changes.dumped(document).encode()


def _run_dsx(messages: list[Message]) -> bool:
    decoder = DsxDecoder(specs("main"), SourceClock())
    taken = _heard(decoder, messages)
    assert all(len(one) <= _LONGEST_LABEL for one in decoder.tree)
    return taken


_RULES: list[Any] = []


def _topics(choices: Choices) -> list[Message]:
    said = {
        "value": 4.5,
        "timestamp": NOW_MS,
        "quality": 1,
        "more": [{"a/b": 2.5}],
        "stamp": "2026-11-18T20:06:40",
    }
    topic = choices.pick(("t/x", "t/x", "t/x", "bare/m", f"t/{choices.pick(odd.TEXTS)}"))
    return [(topic, json_changes.changed(said, choices), choices.seldom(20))]


def _run_topics(messages: list[Message]) -> bool:
    if not _RULES:
        _RULES.append(load_map(written("good.toml", _MAP.encode())).topics)
    return _heard(TopicDecoder(_RULES[0], ["m", "it", "x"], SourceClock()), messages)


_QUALITIES: tuple[str | int, ...] = (192, 0, "a\x1b[0m", "x" * 3000)


def _sparkplug(choices: Choices) -> list[Message]:
    born = payload(Metric(1, INT64, name="bdSeq"), Metric(1.0, name="Own/P", alias=10), seq=0)
    device = payload(*m1(1.5, 100.0, NOW_MS), seq=1)
    odd_metric = Metric(
        choices.pick((2.5, 3e38, float("inf"), -1, "text", None)),
        choices.pick((10, 9, 3, 4, 7, BOOLEAN, STRING)),
        alias=choices.pick((10, 11, 12, 2**63)),
        at_ms=choices.pick((NOW_MS + 5, 0, 2**64 - 1)),
        properties={"Quality": choices.pick(_QUALITIES)},
    )
    data = payload(odd_metric, seq=choices.pick((2, 2, 3, 2**64 - 1)))
    kinds = ("NDATA/gw", "NDEATH/gw", "DDEATH/gw/m1", f"DDATA/{choices.pick(odd.TEXTS)}")
    said = [
        ("NBIRTH/gw", born),
        ("DBIRTH/gw/m1", device),
        ("DDATA/gw/m1", data),
        (choices.pick(kinds), choices.pick((born, device, data))),
    ]
    return [
        (f"{PLANT}/{kind}", byte_changes.changed(raw, choices) if choices.seldom(2) else raw, False)
        for kind, raw in said
    ]


def _run_sparkplug(messages: list[Message]) -> bool:
    return _heard(SparkplugDecoder("plant", RULES, ["m1", "own"], SourceClock()), messages)


TARGETS = (
    Target(name="map-file", make=_map, run=_run_map),
    Target(name="mqtt-dsx", make=_dsx, run=_run_dsx, share=2),
    Target(name="mqtt-topics", make=_topics, run=_run_topics, share=2),
    Target(name="mqtt-sparkplug", make=_sparkplug, run=_run_sparkplug, share=2),
)
