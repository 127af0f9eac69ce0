"""From a real broker to the sink: nothing lost, nothing twice, and every trouble told."""

import asyncio
import time
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from collector.sources.meters.dsx import heartbeat
from collector.sources.meters.sparkplug.decoder import SparkplugDecoder
from collector.sources.meters.values import SourceClock
from tests.meters.dsx_bus import ROOT, metadata
from tests.meters.listening import Heard, dsx, listening, options, publish, publisher, until
from tests.meters.publisher import meter_id
from tests.meters.test_sparkplug import RULES
from tests.meters.wire import Metric, payload
from tests.mqtt.broker import Broker, needs_mosquitto
from tests.mqtt.certificates import Authority
from tests.mqtt.conftest import MakeBroker

pytestmark = needs_mosquitto
POINT = f"PowerMeter/ActivePower/plant/{meter_id(0)}"
START_MS = round(time.time() * 1000) - 60_000
DESCRIPTION = (f"{ROOT}/Metadata/{POINT}", metadata(meter_id(0), "W"), 1, True)


def value(number: int, qos: int = 1) -> tuple[str, object, int, bool]:
    """The number as a value, stamped that many milliseconds after the first."""
    said = {"value": number, "timestamp": START_MS + number, "quality": 1}
    return (f"{ROOT}/Value/{POINT}", said, qos, False)


@pytest.mark.parametrize("qos", ["0", "1"])
async def test_every_value_of_another_process_arrives(broker: Broker, qos: str) -> None:
    heard = Heard()
    async with listening(broker.port, heard) as listener:
        await until(lambda: listener.status.connected, "connected")
        sent = await publisher(
            *(broker.port, "--meters", "50", "--seconds", "2", "--period", "0.05", "--qos", qos)
        )
        await until(lambda: len(heard.readings) >= sent["sent"], "all arrive")
        assert listener.status.received_total >= sent["sent"] + 52
    assert len(heard.readings) == sent["sent"] > 1000
    assert sum(heard.watts) == sent["sum_watts"]
    assert heard.reports == []
    assert len(heard.batches) < len(heard.readings) / 5  # they come in batches


async def test_what_is_published_while_away_comes_later(broker: Broker) -> None:
    await publish(broker.port, DESCRIPTION)
    first, second = Heard(), Heard()
    async with listening(broker.port, first) as listener:
        await until(lambda: listener.status.connected, "connected")
    await publish(broker.port, *map(value, range(1, 201)))
    async with listening(broker.port, second):
        await until(lambda: len(second.readings) >= 200, "the backlog")
    assert second.watts == list(range(1, 201))


async def test_what_is_not_safe_comes_again_after_a_crash(broker: Broker) -> None:
    await publish(broker.port, DESCRIPTION)
    crashed, second, third = Heard(safe=False), Heard(), Heard()
    async with listening(broker.port, crashed) as listener:
        await until(lambda: listener.status.connected, "connected")
        await publish(broker.port, *map(value, range(1, 101)))
        await until(lambda: len(crashed.readings) == 100, "handed over")
        crashed.batches[0]()  # the ledger has the first batch, and no more
        await asyncio.sleep(0.1)
    async with listening(broker.port, second):
        await until(lambda: second.watts[-1:] == [100], "again")
    safe = 100 - len(second.readings)
    assert 0 < safe < 100
    assert second.watts == list(range(safe + 1, 101))
    async with listening(broker.port, third) as listener:
        await until(lambda: listener.status.connected, "connected")
        await asyncio.sleep(0.3)
    assert third.readings == []  # those were safe


async def test_a_lost_connection_loses_and_doubles_nothing(broker: Broker) -> None:
    await publish(broker.port, DESCRIPTION)
    heard, after = Heard(safe=False), Heard()
    inbox = dsx()
    async with listening(broker.port, heard, inbox=inbox) as listener:
        await until(lambda: listener.status.connected, "connected")
        await publish(broker.port, *map(value, range(1, 51)))
        await until(lambda: len(heard.readings) == 50, "handed over")
        for replays in (50, 100):
            assert listener._connection is not None
            listener._connection.abandon()
            await until(lambda: not listener.status.connected, "lost")
            await until(lambda: listener.status.connected, "connected again")
            await asyncio.sleep(0.3)
            assert inbox.rejected == {"replayed": replays}
        assert heard.watts == list(range(1, 51))
        assert listener.status.waiting_batches  # not one of them was acknowledged behind our back
        for done in heard.batches:
            done()
        assert not listener.status.waiting_batches
        await asyncio.sleep(0.1)
    async with listening(broker.port, after) as listener:
        await until(lambda: listener.status.connected, "connected")
        await asyncio.sleep(0.3)
    assert after.readings == []
    assert [problem is None for problem, _ in heard.reports] == [False, True] * 2


async def test_a_broker_that_comes_late_and_goes(broker: Broker) -> None:
    broker.kill()
    heard = Heard()
    async with listening(broker.port, heard) as listener:
        await until(lambda: heard.reports, "told")
        assert "nothing listens" in str(heard.reports[0][0])
        assert "check meters.mqtt.host and meters.mqtt.port" in heard.reports[0][1]
        await asyncio.sleep(0.5)
        assert len(heard.reports) == 1
        broker.start()
        await until(lambda: listener.status.connected, "connected")
        assert heard.reports[1:] == [(None, "")]
        await publish(broker.port, DESCRIPTION, value(1))
        await until(lambda: heard.readings, "a value")
        broker.kill()
        await until(lambda: len(heard.reports) == 3, "told again")
        assert "connection to the MQTT broker" in str(heard.reports[2][0])
        assert not listener.status.connected


async def test_a_wrong_password_is_told_without_it(make_broker: MakeBroker, tmp_path: Path) -> None:
    (tmp_path / "users").write_text("site:nonsense\n")
    broker = make_broker(["allow_anonymous false", f"password_file {tmp_path / 'users'}"])
    secret = tmp_path / "secret"
    heard = Heard()
    async with listening(broker.port, heard, username="site", password_file=secret):
        await until(lambda: heard.reports, "told")
        secret.write_text("open sesame\n")
        await until(lambda: len(heard.reports) == 2, "told")
    problems = [str(problem) for problem, _ in heard.reports]
    assert problems[0].startswith(f"meters.mqtt.password_file {secret}")
    assert "refused user site" in problems[1]
    assert "meters.mqtt.username" in heard.reports[1][1]
    assert "sesame" not in str(heard.reports)


async def test_tls(make_broker: MakeBroker, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    server, ours = authority.sign("server"), authority.sign("site-1")
    broker = make_broker(
        [
            f"cafile {authority.pair.cert}",
            f"certfile {server.cert}",
            f"keyfile {server.key}",
            "require_certificate true",
            "use_identity_as_username true",
        ]
    )
    heard, refused = Heard(), Heard()
    files: dict[str, Any] = {"tls": True, "ca_file": authority.pair.cert}
    async with listening(broker.port, refused, **files):
        await until(lambda: refused.reports, "told")
    assert "meters.mqtt.tls.cert_file" in refused.reports[0][1]
    files |= {"cert_file": ours.cert, "key_file": ours.key}
    async with listening(broker.port, heard, **files) as listener:
        await until(lambda: listener.status.connected, "connected")
    assert heard.reports == []


async def test_an_enormous_message_does_no_harm(broker: Broker) -> None:
    heard = Heard()
    inbox = dsx()
    topic = f"{ROOT}/Value/{POINT}"
    async with listening(broker.port, heard, inbox=inbox) as listener:
        await until(lambda: listener.status.connected, "connected")
        await publish(
            broker.port,
            DESCRIPTION,
            (topic, b"x" * 10_000_000, 1, False),
            (topic, b"x" * 1_000_000, 1, False),
            value(1),
        )
        await until(lambda: heard.readings, "a value")
    assert heard.reports == []
    assert inbox.rejected == {"too_large": 1}  # the other one the broker kept to itself


async def test_a_node_is_asked_to_be_born_again(broker: Broker) -> None:
    heard = Heard()
    decoder = SparkplugDecoder("plant", RULES, ["m1"], SourceClock())
    async with aiomqtt.Client("127.0.0.1", broker.port) as node:
        await node.subscribe("spBv1.0/plant/NCMD/gw")
        async with listening(broker.port, heard, decoder) as listener:
            await until(lambda: listener.status.connected, "connected")
            data = payload(Metric(1.0, alias=1), seq=5)
            await node.publish("spBv1.0/plant/DDATA/gw/m1", data)
            asked = await asyncio.wait_for(anext(node.messages), 5)
            assert b"Node Control/Rebirth" in bytes(asked.payload)
            now = round(time.time() * 1000)
            born = Metric(3.0, name="P", alias=1, at_ms=now, properties={"engUnit": "kW"})
            await node.publish("spBv1.0/plant/NBIRTH/gw", payload(seq=0))
            await node.publish("spBv1.0/plant/DBIRTH/gw/m1", payload(born, seq=1))
            await until(lambda: heard.readings, "a value")
    assert heard.watts == [3000]


async def test_silence_is_told_without_a_connection(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "LIMIT_NS", 1_500_000_000)
    monkeypatch.setattr("collector.sources.meters.dsx.decoder.LIMIT_NS", 1_500_000_000)
    heard = Heard()
    beats = f"{ROOT}/Value/System/HeartbeatTimestampBms/bms"
    async with listening(broker.port, heard) as listener:
        await until(lambda: listener.status.connected, "connected")
        said = {"value": 1, "timestamp": 1, "quality": 1}
        await publish(broker.port, DESCRIPTION, (beats, said, 0, False), value(1))
        await until(lambda: heard.readings, "a value")
        broker.kill()
        await until(lambda: len(heard.readings) == 2, "the notice")
    assert heard.readings[1].notice
    assert heard.readings[1].meter == meter_id(0)


async def test_a_sink_that_fails_ends_the_daemon(broker: Broker) -> None:
    class Failing(Heard):
        def sink(self, *_: object) -> None:
            raise ZeroDivisionError

    async def fail() -> None:
        async with listening(broker.port, Failing()) as listener:
            await until(lambda: listener.status.connected, "connected")
            await publish(broker.port, DESCRIPTION, value(1))
            await asyncio.sleep(0.3)

    with pytest.raises(ExceptionGroup) as caught:
        await fail()
    assert caught.group_contains(ZeroDivisionError)


async def test_stopping_waits_a_second_for_what_is_not_safe(broker: Broker) -> None:
    heard = Heard(safe=False)
    loop = asyncio.get_running_loop()
    async with listening(broker.port, heard) as listener:
        await until(lambda: listener.status.connected, "connected")
        await publish(broker.port, DESCRIPTION, value(1))
        await until(lambda: heard.readings, "a value")
        began = loop.time()
        loop.call_later(0.3, heard.batches[0])
    assert 0.25 < loop.time() - began < 0.9
    again = Heard()
    async with listening(broker.port, again) as listener:
        await until(lambda: listener.status.connected, "connected")
        await asyncio.sleep(0.2)
    assert again.readings == []


def test_options_are_those_of_the_exporter() -> None:
    assert options(1883, username="u").address == "127.0.0.1:1883"


async def test_what_comes_while_stopping_comes_again(broker: Broker) -> None:
    await publish(broker.port, DESCRIPTION)
    heard, after = Heard(safe=False), Heard()
    inbox = dsx()
    late = None
    async with listening(broker.port, heard, inbox=inbox) as listener:
        await until(lambda: listener.status.connected, "connected")
        await publish(broker.port, value(1))
        await until(lambda: heard.readings, "a value")
        loop = asyncio.get_running_loop()
        loop.call_later(0.5, heard.batches[0])
        late = asyncio.create_task(_later(0.2, broker.port))
    await late
    assert [one.source_ns for one in heard.readings] == list(inbox.last.values())
    async with listening(broker.port, after):
        await until(lambda: after.readings, "the other value")
    assert (heard.watts, after.watts) == ([1], [2])


async def _later(seconds: float, port: int) -> None:
    await asyncio.sleep(seconds)
    await publish(port, value(2))
