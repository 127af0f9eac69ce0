"""Sparkplug B: births, aliases, data, deaths, and what is missing."""

import pytest

from collector.sources.meters.reading import MeterReading, Quality, Quantity, Shape
from collector.sources.meters.sparkplug.decoder import SparkplugDecoder
from collector.sources.meters.sparkplug.rule import MetricRule
from collector.sources.meters.values import SourceClock
from tests.meters.rig import NOW_MS, NOW_NS, SECOND_NS, Rig, values
from tests.meters.wire import (
    BOOLEAN,
    FLOAT,
    INT32,
    INT64,
    UINT32,
    Metric,
    chunk,
    number,
    payload,
    varint,
)

ROOT = "spBv1.0/plant"
RULES = (
    MetricRule(node="+", device="+", metric="P", meter="{device}", quantity=Quantity.POWER),
    MetricRule(
        node="gw",
        device="+",
        metric="E",
        meter="{device}",
        quantity=Quantity.ENERGY,
        unit="kWh",
        shape=Shape.SAMPLED,
    ),
    MetricRule(
        node="gw", device="", metric="Own/P", meter="own", quantity=Quantity.POWER, unit="W"
    ),
)
KW = {"engUnit": "kW"}


class Plant(Rig):
    """An edge node `gw` and what becomes of its messages."""

    def __init__(self, *rules: MetricRule, **more: int) -> None:
        self.decoder = SparkplugDecoder(
            "plant", rules or RULES, ["m1", "m2", "own"], SourceClock(), **more
        )
        super().__init__(self.decoder)

    def says(
        self, kind: str, said: bytes, device: str = "", node: str = "gw"
    ) -> list[MeterReading]:
        topic = f"{ROOT}/{kind}/{node}" + (f"/{device}" if device else "")
        return self.send(topic, said)

    def born(self, *, birth: int = 1) -> None:
        """The node and its device m1, with aliases 10 (P) and 11 (E)."""
        session = Metric(birth, INT64, name="bdSeq")
        self.says("NBIRTH", payload(session, seq=0, at_ms=self.now_ms))
        self.says("DBIRTH", payload(*m1(1.0, 100.0, at_ms=self.now_ms), seq=1), "m1")


def m1(power: float, energy: float, at_ms: int) -> tuple[Metric, ...]:
    return (
        Metric(power, name="P", alias=10, at_ms=at_ms, properties=KW),
        Metric(energy, name="E", alias=11, at_ms=at_ms),
        Metric(5, INT32, name="Other", alias=12, at_ms=at_ms),
    )


def test_a_birth_tells_values_and_data_goes_by_alias() -> None:
    plant = Plant()
    plant.says("NBIRTH", payload(Metric(1, INT64, name="bdSeq"), seq=0, at_ms=NOW_MS))
    born = plant.says("DBIRTH", payload(*m1(1.5, 100.0, NOW_MS), seq=1), "m1")
    assert values(born) == [("m1", "power", 1500.0), ("m1", "energy", 3.6e8)]
    assert [one.shape for one in born] == [Shape.HELD, Shape.SAMPLED]
    plant.wait(1)
    said = payload(Metric(2.5, alias=10, at_ms=plant.now_ms), Metric(7, INT32, alias=12), seq=2)
    (reading,) = plant.says("DDATA", said, "m1")
    assert (reading.meter, reading.value) == ("m1", 2500.0)
    assert reading.source_ns == NOW_NS + SECOND_NS
    assert not plant.rejected()
    assert not plant.decoder.requests()


def test_a_node_has_metrics_of_its_own_and_names_go_too() -> None:
    plant = Plant()
    plant.says("NBIRTH", payload(Metric(7.0, name="Own/P", at_ms=NOW_MS), seq=0))
    plant.wait(1)
    (reading,) = plant.says("NDATA", payload(Metric(8.0, name="Own/P"), seq=1, at_ms=NOW_MS + 1))
    assert (reading.meter, reading.value) == ("own", 8.0)
    assert reading.source_ns == NOW_NS + 1_000_000  # the payload's, for want of its own


@pytest.mark.parametrize(
    ("kind", "value", "read"),
    [
        (INT32, -5, -5.0),
        (INT64, -(2**40), -(2.0**40)),
        (UINT32, 2**32 - 5, 2.0**32 - 5),
        (FLOAT, 0.5, 0.5),
        (BOOLEAN, True, 1.0),
    ],
)
@pytest.mark.parametrize("typed", [True, False])
def test_numbers_of_every_type(kind: int, value: float, read: float, *, typed: bool) -> None:
    plant = Plant()
    plant.says("NBIRTH", payload(Metric(0, kind, name="Own/P", alias=1, at_ms=NOW_MS), seq=0))
    plant.wait(1)
    said = Metric(value, kind, alias=1, at_ms=plant.now_ms, typed=typed)
    (reading,) = plant.says("NDATA", payload(said, seq=1))
    assert reading.value == read


def test_null_and_quality() -> None:
    plant = Plant()
    plant.born()
    seen = []
    for seq, said in enumerate(
        (
            Metric(None, alias=10, null=True, at_ms=plant.now_ms + 1),
            Metric(1.0, alias=10, at_ms=plant.now_ms + 2, properties={"Quality": 500}),
            Metric(1.0, alias=10, at_ms=plant.now_ms + 3, properties={"Quality": 192}),
        ),
        start=2,
    ):
        seen += plant.says("DDATA", payload(said, seq=seq), "m1")
    assert [one.quality for one in seen] == [Quality.BAD, Quality.BAD, Quality.GOOD]
    assert [one.value for one in seen] == [None, 1000.0, 1000.0]
    assert "quality 500" in seen[1].reason


def test_data_before_a_birth_asks_for_one_at_most_once_a_minute() -> None:
    plant = Plant()
    for _ in range(3):
        assert plant.says("DDATA", payload(Metric(1.0, alias=10), seq=9), "m1") == []
        plant.wait(20)
    (request,) = plant.inbox.requests()
    assert request.topic == f"{ROOT}/NCMD/gw"
    asked = chunk(1, b"Node Control/Rebirth") + number(4, BOOLEAN) + number(14, 1)
    assert request.payload == number(1, NOW_MS) + chunk(2, asked)
    assert plant.inbox.requests() == []
    plant.says("DDATA", payload(Metric(1.0, alias=10), seq=10), "m1")
    assert len(plant.inbox.requests()) == 1
    assert plant.rejected() == {"not_born": 4}


def test_a_gap_asks_for_a_rebirth_and_its_values_count() -> None:
    plant = Plant()
    plant.born()
    assert not plant.inbox.requests()
    plant.wait(1)
    said = payload(Metric(2.0, alias=10, at_ms=plant.now_ms), seq=4)
    assert values(plant.says("DDATA", said, "m1")) == [("m1", "power", 2000.0)]
    assert plant.rejected() == {"sequence_gap": 1}
    assert len(plant.inbox.requests()) == 1


def test_the_sequence_goes_round() -> None:
    plant = Plant()
    plant.born()
    for step in range(2, 600):
        plant.wait(1)
        said = payload(Metric(1.0, alias=10, at_ms=plant.now_ms), seq=step % 256)
        assert len(plant.says("DDATA", said, "m1")) == 1
    assert not plant.rejected()


def test_an_unknown_alias_asks_for_a_rebirth() -> None:
    plant = Plant()
    plant.born()
    said = payload(Metric(2.0, alias=99), Metric(3.0, alias=10, at_ms=plant.now_ms + 1), seq=2)
    assert values(plant.says("DDATA", said, "m1")) == [("m1", "power", 3000.0)]
    assert plant.rejected() == {"unknown_alias": 1}
    assert len(plant.inbox.requests()) == 1


def test_a_rebirth_gives_new_aliases() -> None:
    plant = Plant()
    plant.born()
    plant.wait(1)
    plant.says("NBIRTH", payload(Metric(1, INT64, name="bdSeq"), seq=0))
    again = Metric(4.0, name="P", alias=77, at_ms=plant.now_ms, properties={"engUnit": "W"})
    assert values(plant.says("DBIRTH", payload(again, seq=1), "m1")) == [("m1", "power", 4.0)]
    plant.wait(1)
    said = payload(Metric(5.0, alias=77, at_ms=plant.now_ms), Metric(1.0, alias=10), seq=2)
    assert values(plant.says("DDATA", said, "m1")) == [("m1", "power", 5.0)]
    assert plant.rejected() == {"unknown_alias": 1}


def test_deaths_are_told_at_once() -> None:
    plant = Plant()
    plant.born()
    plant.wait(5)
    notices = plant.says("DDEATH", payload(seq=2, at_ms=plant.now_ms), "m1")
    assert {one.quantity for one in notices} == {Quantity.POWER, Quantity.ENERGY}
    for notice in notices:
        assert (notice.meter, notice.value, notice.quality) == ("m1", None, Quality.BAD)
        assert notice.notice
        assert notice.source_ns == NOW_NS + 5 * SECOND_NS
        assert "gw/m1 died" in notice.reason
    assert plant.says("DDATA", payload(Metric(1.0, alias=10), seq=3), "m1") == []
    assert plant.rejected() == {"not_born": 1}


def test_a_node_takes_its_devices_with_it() -> None:
    plant = Plant()
    plant.born(birth=7)
    plant.says("DBIRTH", payload(Metric(1.0, name="P", at_ms=NOW_MS, properties=KW), seq=2), "m2")
    old = payload(Metric(6, INT64, name="bdSeq"))
    assert plant.says("NDEATH", old) == []  # the will of the session before
    dead = plant.says("NDEATH", payload(Metric(7, INT64, name="bdSeq")))
    assert {one.meter for one in dead} == {"m1", "m2"}
    assert plant.says("NDEATH", payload(Metric(7, INT64, name="bdSeq"))) == []
    assert not plant.rejected()
    plant.wait(1)
    plant.born(birth=8)
    assert plant.inbox.last["m1", Quantity.POWER, ""] == NOW_NS + SECOND_NS


def test_units_meters_and_doubles_are_checked_at_birth() -> None:
    double = MetricRule(
        node="gw", device="+", metric="P2", meter="{device}", quantity=Quantity.POWER, unit="W"
    )
    plant = Plant(*RULES, double)
    plant.says("NBIRTH", payload(seq=0))
    hp = Metric(1.0, name="P", properties={"engUnit": "hp"})
    assert plant.says("DBIRTH", payload(hp, seq=1), "m1") == []
    assert plant.says("DBIRTH", payload(Metric(1.0, name="P"), seq=2), "m9") == []
    two = payload(
        *(Metric(1.0, name=one, properties=KW, at_ms=NOW_MS) for one in ("P", "P2")), seq=3
    )
    assert len(plant.says("DBIRTH", two, "m2")) == 1
    assert plant.rejected() == {"unknown_unit": 1, "unmapped": 1, "ambiguous": 1}


def test_what_is_not_described_passes_by() -> None:
    plant = Plant()
    plant.born()
    template = chunk(18, chunk(2, Metric(1.0, name="inner").encode()))
    said = Metric(2.0, alias=10, at_ms=plant.now_ms + 1).encode() + template + number(5, 1)
    odd = chunk(2, said) + chunk(4, b"uuid") + chunk(5, b"body") + number(2000, 1)
    assert values(plant.says("DDATA", payload(seq=2, more=odd), "m1")) == [("m1", "power", 2000.0)]
    assert not plant.rejected()


@pytest.mark.parametrize(
    ("metric", "reason"),
    [
        (Metric("text", alias=10), "wrong_type"),
        (Metric(None, alias=10), "wrong_type"),
        (Metric(float("nan"), alias=10, at_ms=NOW_MS), "not_finite"),
        (Metric(float("inf"), FLOAT, alias=10, at_ms=NOW_MS), "not_finite"),
        (Metric(1.0, alias=10), "past"),
        (Metric(1.0, alias=10, at_ms=2**64 - 1), "bad_timestamp"),
        (Metric(1.0, alias=10, at_ms=NOW_MS + 700_000_000), "future"),
        (Metric(1.0, alias=10, at_ms=NOW_MS), "replayed"),
    ],
)
def test_values_that_are_not_taken(metric: Metric, reason: str) -> None:
    plant = Plant()
    plant.born()
    assert plant.says("DDATA", payload(metric, seq=2), "m1") == []
    assert plant.rejected() == {reason: 1}


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"\xff\xff\xff", "not_protobuf"),
        (b'{"value": 1}', "not_protobuf"),
        (varint(2 << 3 | 2) + b"\x7f", "not_protobuf"),
        (b"\x0b" * 100_000, "not_protobuf"),  # groups in groups
        (b"\x00" * (1 << 20) + b"\x00", "too_large"),
    ],
)
def test_what_is_no_payload(said: bytes, reason: str) -> None:
    plant = Plant()
    plant.born()
    assert plant.says("DDATA", said, "m1") == []
    assert plant.rejected() == {reason: 1}


def test_topics_retained_and_other_nodes() -> None:
    plant = Plant(*RULES[2:])
    assert plant.says("NDATA", payload(seq=1), node="stranger") == []  # nobody asks for it
    assert not plant.rejected()
    assert not plant.inbox.requests()
    assert plant.send(f"{ROOT}/NCMD/gw", payload()) == []
    assert plant.send(f"{ROOT}/DDATA/gw", payload()) == []
    assert plant.send(f"{ROOT}/NDATA/gw", payload(seq=1), retain=True) == []
    assert plant.rejected() == {"bad_topic": 2, "retained": 1}


def test_a_device_without_its_node_is_not_known() -> None:
    plant = Plant()
    assert plant.says("DBIRTH", payload(*m1(1.0, 1.0, NOW_MS), seq=4), "m1") == []
    assert plant.rejected() == {"not_born": 1}
    assert len(plant.inbox.requests()) == 1


def test_bounded_metrics_and_nodes() -> None:
    plant = Plant(most_points=8)
    plant.says("NBIRTH", payload(seq=0))
    for number_of in range(20):
        plant.says("DBIRTH", payload(seq=number_of + 1), f"empty-{number_of}")
    assert plant.rejected() == {"too_many_points": 13}
    many = [Metric(1.0, name="x", alias=alias) for alias in range(20)]
    plant.says("NBIRTH", payload(*many, seq=0))
    assert plant.rejected() == {"too_many_points": 14}
    for node in range(20):
        plant.says("NBIRTH", payload(seq=0), node=f"n{node}")
    assert plant.rejected()["too_many_points"] > 20
