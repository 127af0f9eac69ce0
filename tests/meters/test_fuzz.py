"""Whatever is published, decoders answer with readings that make sense, or a reason."""

import itertools
import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.sources.meters.dsx import DsxDecoder
from collector.sources.meters.reading import MeterReading, Quality, Quantity
from collector.sources.meters.sparkplug.decoder import SparkplugDecoder
from collector.sources.meters.topicmap import TopicDecoder
from collector.sources.meters.values import SourceClock
from tests.meters.dsx_bus import MAIN, ROOT, beat, metadata
from tests.meters.rig import NOW_MS, NOW_NS, Rig, specs
from tests.meters.test_sparkplug import ROOT as PLANT
from tests.meters.test_sparkplug import RULES, m1
from tests.meters.test_topic_map import ENTRY, mapped
from tests.meters.wire import Metric, payload

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
ODD = JSON | st.sampled_from([NOW_MS, 1, 1.0, "kW", "main", 10**400, float("nan"), [], {}])
VALUE = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("value", "timestamp", "quality", "more"), ODD)
)
METADATA = st.builds(
    lambda base, changes: base | changes,
    st.just(metadata()),
    st.fixed_dictionaries(
        {},
        optional={
            key: ODD | st.lists(st.text())
            for key in ("engUnit", "objectId", "servesId", "processArea", "phase", "scope")
        },
    ),
)
TAIL = st.text(st.characters(codec="utf-8", exclude_characters="\0+#"), max_size=30)


def sane(rig: Rig, readings: list[MeterReading]) -> None:
    assert "bug" not in rig.rejected()
    for one in readings:
        assert one.value is None or math.isfinite(one.value)
        assert one.value is not None or one.quality is Quality.BAD
        assert (one.quality is Quality.BAD) == bool(one.reason)
        assert abs(one.source_ns - NOW_NS) <= 8 * 86_400 * 10**9


def dump(value: Any) -> bytes:
    return json.dumps(value).encode()


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(st.booleans(), st.booleans(), METADATA | VALUE | JSON | st.binary()), max_size=8
    )
)
def test_the_contract(messages: list[tuple[bool, bool, Any]]) -> None:
    rig = Rig(DsxDecoder(specs("main"), SourceClock()))
    beat(rig)
    for described, retain, said in messages:
        topic = f"{ROOT}/{'Metadata' if described else 'Value'}/{MAIN}"
        raw = said if isinstance(said, bytes) else dump(said)
        sane(rig, rig.send(topic, raw, retain=retain))
        rig.wait(20)
        sane(rig, rig.tick())


@settings(max_examples=200, deadline=None)
@given(TAIL, st.sampled_from([ROOT, PLANT, "BMS/v1/PUB/Value", f"{PLANT}/DDATA", ""]), st.binary())
def test_topics(tail: str, root: str, raw: bytes) -> None:
    rig = Rig(
        DsxDecoder(specs("main"), SourceClock()),
        SparkplugDecoder("plant", RULES, ["m1"], SourceClock()),
    )
    sane(rig, rig.send(f"{root}/{tail}", raw))


@settings(max_examples=200, deadline=None)
@given(said=JSON | VALUE | st.binary())
def test_the_map(said: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder: Path = tmp_path_factory.getbasetemp()
    lines = 'value = "/value"\ntime = "/timestamp"\nquality = "/quality"\ngood = [1]\n'
    more = ENTRY.replace("power", "state").replace('"W"', '""') + 'point = "x"\nvalue = "/0/1"\n'
    rules = mapped(folder, ENTRY + lines + more).topics
    rig = Rig(TopicDecoder(rules, ["m"], SourceClock()))
    raw = said if isinstance(said, bytes) else dump(said)
    sane(rig, rig.send("t/x", raw))


@st.composite
def _mutated(draw: st.DrawFn) -> bytes:
    """A good payload, with some of its bytes changed, cut or doubled."""
    metric = st.builds(
        Metric,
        st.floats(width=32) | st.integers(-(2**31), 2**31 - 1) | st.text(max_size=5),
        st.integers(0, 22),
        st.sampled_from([None, "P", "E", "Own/P", "bdSeq"]),
        st.sampled_from([None, 10, 11, 2**63]),
        st.sampled_from([None, 0, NOW_MS, NOW_MS + 1, 2**64 - 1]),
        st.booleans(),
        st.booleans(),
        st.dictionaries(
            st.sampled_from(["engUnit", "Quality"]), st.sampled_from(["kW", "kWh", "hp", 192, 0])
        ),
    )
    metrics = draw(st.lists(metric, max_size=4))
    raw = bytearray(payload(*metrics, seq=draw(st.integers(0, 2**64 - 1)), at_ms=NOW_MS))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(raw) - 1))
        match draw(st.sampled_from("xci")):
            case "x":
                raw[at] = draw(st.integers(0, 255))
            case "c":
                raw = raw[: at + 1]
            case "i":
                raw[at:at] = draw(st.binary(max_size=4))
    return bytes(raw)


KINDS = st.sampled_from(["NBIRTH/gw", "DBIRTH/gw/m1", "NDATA/gw", "DDATA/gw/m1", "NDEATH/gw"])


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(KINDS, _mutated() | st.binary()), max_size=6))
def test_sparkplug(messages: list[tuple[str, bytes]]) -> None:
    rig = Rig(SparkplugDecoder("plant", RULES, ["m1", "own"], SourceClock()))
    rig.send(f"{PLANT}/NBIRTH/gw", payload(Metric(1.0, name="Own/P", alias=10), seq=0))
    rig.send(f"{PLANT}/DBIRTH/gw/m1", payload(*m1(1.0, 1.0, NOW_MS), seq=1))
    for kind, raw in messages:
        rig.wait(1)
        sane(rig, rig.send(f"{PLANT}/{kind}", raw))
    assert len(rig.inbox.requests()) <= 1


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-5, 5), st.integers(0, 3)), min_size=1),
    st.dictionaries(st.integers(0, 3), st.integers(-5, 5)),
)
def test_each_series_only_goes_forward(said: list[tuple[int, int]], known: dict[int, int]) -> None:
    names = [f"m{number}" for number in range(4)]
    last = {(names[n], Quantity.POWER, ""): NOW_NS + at * 10**6 for n, at in known.items()}
    rig = Rig(DsxDecoder(specs(*names), SourceClock()), last=last)
    for name in names:
        path = f"PowerMeter/ActivePower/{name}"
        rig.send(f"{ROOT}/Metadata/{path}", metadata(name), retain=True)
    taken: dict[str, list[int]] = {name: [] for name in names}
    for at, number in said:
        path = f"PowerMeter/ActivePower/{names[number]}"
        value = {"value": 1.0, "timestamp": NOW_MS + at, "quality": 1}
        for reading in rig.send(f"{ROOT}/Value/{path}", value):
            taken[reading.meter].append(reading.source_ns)
    for number, name in enumerate(names):
        before = known.get(number)
        start = [] if before is None else [NOW_NS + before * 10**6]
        series = start + taken[name]
        assert all(one < other for one, other in itertools.pairwise(series))
    count = sum(map(len, taken.values()))
    assert count + rig.rejected().get("replayed", 0) == len(said)
