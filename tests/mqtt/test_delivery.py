"""Rows reach a subscriber of a real Mosquitto, in order, and the status tells who is there."""

import asyncio
from dataclasses import replace

from exporters.mqtt.sender import MqttSender
from tests.mqtt.broker import Broker, needs_mosquitto, wait_until
from tests.mqtt.conftest import MakeBroker, Subscribe
from tests.mqtt.senders import options, sender
from tests.mqtt.values import BASE, NODE, PLACE, PREFIX, rows, topic

pytestmark = needs_mosquitto
STATUS = f"{PREFIX}/node/{NODE}/status"
EVERYTHING = f"{PREFIX}/#"


async def test_rows_arrive_once_and_in_order(broker: Broker, subscribe: Subscribe) -> None:
    reader = subscribe(broker, EVERYTHING)
    sent = rows(500)
    async with sender(broker.port) as ours:
        done = await ours.send(sent)
    assert list(done.delivered) == [row.id for row in sent]
    assert not done.refused
    assert not done.reconnected
    wait_until(lambda: len(reader.messages()) == 502, "all windows and both statuses arrive")
    for gpu in (0, 1):
        assert reader.seqs(topic(gpu)) == list(range(1, 251))
    energies = [round(said["energy_joules"] * 1000) for _, _, said in reader.messages()[1:-1]]
    assert sum(energies) == 500 * 4_321_987


async def test_the_status_is_online_then_offline_and_retained(
    broker: Broker, subscribe: Subscribe
) -> None:
    async with sender(broker.port) as ours:
        await ours.send(rows(1))
        reader = subscribe(broker, STATUS)
        wait_until(lambda: len(reader.messages()) == 1, "the retained status arrives")
        (at, retained, said) = reader.messages()[0]
        assert (at, retained, said["status"], said["version"]) == (STATUS, True, "online", "1.2.3")
        assert (said["site"], said["node"]) == ("haenam", NODE)
        assert "hall" not in said
    wait_until(lambda: len(reader.messages()) == 2, "the last word arrives")
    end = reader.messages()[1][2]
    assert (end["status"], end["reason"]) == ("offline", "stopped")
    assert end["online_since"] == said["time"] <= end["time"]
    late = subscribe(broker, STATUS, session="late")
    wait_until(lambda: len(late.messages()) == 1, "the last word is retained")
    assert late.messages()[0][1:] == (True, end)


async def test_the_broker_says_offline_when_the_daemon_is_gone(
    broker: Broker, subscribe: Subscribe
) -> None:
    ours = MqttSender(NODE, BASE, options(broker.port), PLACE, "1.2.3")
    await ours.send(rows(1))
    reader = subscribe(broker, STATUS)
    assert ours._connection is not None
    ours._connection.abandon()  # as when the process is killed: the socket closes, and no more
    wait_until(lambda: len(reader.messages()) == 2, "the will arrives")
    assert reader.messages()[1][2]["reason"] == "connection lost"
    assert (await ours.send(rows(1))).reconnected
    wait_until(lambda: len(reader.messages()) == 3, "online again")
    assert reader.messages()[2][2]["status"] == "online"
    await ours.close()


async def test_a_new_connection_of_the_node_outlives_its_old_one(
    broker: Broker, subscribe: Subscribe
) -> None:
    """The old one's will must not come after the new one's birth."""
    reader = subscribe(broker, STATUS)
    old = MqttSender(NODE, BASE, options(broker.port), PLACE, "old")
    await old.send(rows(1))
    async with sender(broker.port) as new:
        await new.send(rows(1))
        wait_until(lambda: len(reader.messages()) == 3, "birth, will, birth")
        said = [message["status"] for _, _, message in reader.messages()]
        assert said == ["online", "offline", "online"]
        assert reader.messages()[-1][2]["version"] == "1.2.3"
    await old.close()


async def test_windows_expire_for_a_subscriber_that_stays_away(
    broker: Broker, subscribe: Subscribe
) -> None:
    reader = subscribe(broker, EVERYTHING, session="away")
    reader.stop()
    async with sender(broker.port, expiry_seconds=1) as ours:
        await ours.send(rows(3))
    await asyncio.sleep(2.2)
    back = subscribe(broker, EVERYTHING, session="away")
    wait_until(lambda: len(back.messages()) >= 1, "the retained status arrives")
    await asyncio.sleep(0.3)
    assert not back.seqs(topic(0))


async def test_a_row_too_large_for_the_broker_is_refused_alone(
    make_broker: MakeBroker, subscribe: Subscribe
) -> None:
    broker = make_broker(["allow_anonymous true", "max_packet_size 8000"])
    reader = subscribe(broker, EVERYTHING)
    sent = rows(5)
    sent[2] = replace(sent[2], payload=b'{"long": "' + b"x" * 9000 + b'"}')
    async with sender(broker.port) as ours:
        done = await ours.send(sent)
    assert sorted(done.delivered) == [1, 2, 4, 5]
    assert list(done.refused) == [3]
    assert "more than the broker takes" in done.refused[3]
    wait_until(lambda: len(reader.messages()) == 6, "the others arrive")


async def test_a_topic_that_is_none_is_refused_alone(broker: Broker) -> None:
    sent = rows(3)
    sent[1] = replace(sent[1], topic="a/#")
    async with sender(broker.port) as ours:
        done = await ours.send(sent)
    assert sorted(done.delivered) == [1, 3]
    assert list(done.refused) == [2]


async def test_what_a_fresh_connection_brought_is_sent_once_more(broker: Broker) -> None:
    """Subscribers may come back after the node, and the broker have lost their sessions."""
    ours = MqttSender(NODE, BASE, options(broker.port), PLACE, "1.2.3", settled_seconds=0.3)
    assert not (await ours.send(rows(1))).reconnected
    await asyncio.sleep(0.35)
    assert (await ours.send(rows(1))).reconnected
    await asyncio.sleep(0.35)
    assert not (await ours.send(rows(1))).reconnected
    await ours.close()


async def test_closing_twice_or_unused_is_nothing(broker: Broker) -> None:
    async with sender(broker.port) as ours:
        await ours.close()
        await ours.send(rows(1))
        await ours.close()
