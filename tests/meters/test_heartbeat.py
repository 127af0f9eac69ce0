"""Without its heartbeat, a building management system that says nothing is not believed."""

from collector.sources.meters.dsx import DsxDecoder
from collector.sources.meters.reading import Quality
from collector.sources.meters.values import SourceClock
from tests.meters.dsx_bus import ROOT, beat, describe, metadata, say
from tests.meters.rig import NOW_NS, SECOND_NS, Rig, specs

ONE, TWO = "PowerMeter/ActivePower/east/one", "PowerMeter/ActivePower/west/two"


def rig() -> Rig:
    bus = Rig(DsxDecoder(specs("one", "two"), SourceClock()))
    describe(bus, ONE, object_id="one")
    describe(bus, TWO, object_id="two")
    return bus


def test_stale_at_once_after_30_seconds_and_told_once() -> None:
    bus = rig()
    beat(bus)
    say(bus, 1.0, ONE)
    bus.wait(30)
    assert bus.tick() == []
    bus.wait(1)
    (notice,) = bus.tick()  # the other never gave a value
    assert (notice.meter, notice.quality, notice.value) == ("one", Quality.BAD, None)
    assert notice.notice
    assert "heartbeat" in notice.reason
    assert notice.source_ns == NOW_NS + 31 * SECOND_NS
    assert bus.tick() == []


def test_a_value_that_is_stamped_before_the_notice_counts() -> None:
    bus = rig()
    beat(bus)
    say(bus, 1.0, ONE)
    bus.wait(40)
    assert len(bus.tick()) == 1
    beat(bus)
    (reading,) = say(bus, 2.0, ONE, at_ms=bus.now_ms - 500)
    assert reading.quality is Quality.GOOD
    assert bus.tick() == []


def test_while_it_beats_an_unchanged_value_holds() -> None:
    bus = rig()
    say(bus, 1.0, ONE)
    for _ in range(20):
        beat(bus)
        bus.wait(10)
        assert bus.tick() == []


def test_a_point_that_still_speaks_is_believed() -> None:
    bus = rig()
    beat(bus)
    for second in range(60):
        say(bus, float(second), ONE)
        bus.wait(1)
        assert bus.tick() == []
    bus.wait(31)
    assert [one.meter for one in bus.tick()] == ["one"]


def test_the_same_heartbeat_again_and_a_retained_one_are_no_beats() -> None:
    bus = rig()
    say(bus, 1.0, ONE)
    first = bus.now_ms
    topic = f"{ROOT}/Value/System/HeartbeatTimestampBms/bms"
    for _ in range(4):
        say(bus, first, "System/HeartbeatTimestampBms/bms")
        bus.send(topic, {"value": bus.now_ms, "timestamp": bus.now_ms, "quality": 1}, retain=True)
        bus.wait(10)
    assert len(bus.tick()) == 1


def test_a_heartbeat_that_is_only_described_never_beat() -> None:
    bus = rig()
    describe(bus, "System/HeartbeatTimestampBms/bms", {"scope": ""})
    say(bus, 1.0, ONE)
    bus.wait(31)
    assert len(bus.tick()) == 1


def test_no_heartbeat_no_rule() -> None:
    bus = rig()
    say(bus, 1.0, ONE)
    bus.wait(3600)
    assert bus.tick() == []


def test_each_client_vouches_for_its_own_topics() -> None:
    bus = rig()
    for side in ("east", "west"):
        path = f"System/HeartbeatTimestampBms/{side}"
        describe(bus, path, metadata(scope=f"PowerMeter/ActivePower/{side}/#"))
        beat(bus, side)
    say(bus, 1.0, ONE)
    say(bus, 1.0, TWO)
    for _ in range(4):
        bus.wait(10)
        beat(bus, "west")
    assert [one.meter for one in bus.tick()] == ["one"]


def test_a_client_that_is_gone_for_good_stops_nobody_else() -> None:
    bus = rig()
    describe(bus, "System/HeartbeatTimestampBms/old", {"scope": ""})
    say(bus, 1.0, ONE)
    for _ in range(6):
        beat(bus)
        bus.wait(10)
    assert bus.tick() == []
