"""What goes wrong with a real Mosquitto, told in words that help, and nothing is lost by it."""

import asyncio
import socket
import subprocess
import time
from pathlib import Path

import pytest

from exporters.delivery import DeliveryError
from exporters.mqtt.sender import MqttSender
from tests.mqtt.broker import HOST, Broker, needs_mosquitto, wait_until
from tests.mqtt.certificates import Authority
from tests.mqtt.conftest import MakeBroker, Subscribe
from tests.mqtt.senders import options, sender
from tests.mqtt.values import BASE, NODE, PLACE, PREFIX, rows, topic

pytestmark = needs_mosquitto
EVERYTHING = f"{PREFIX}/#"


async def fails(ours: MqttSender) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        await ours.send(rows(2))
    assert caught.value.text
    assert caught.value.action
    return caught.value


def known(folder: Path) -> Path:
    """A password file of the broker's."""
    path = folder / "known"
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(path), "node", "right"], check=True)
    path.chmod(0o644)
    return path


async def test_a_wrong_password_is_put_right_in_its_file(
    make_broker: MakeBroker, tmp_path: Path
) -> None:
    broker = make_broker(["allow_anonymous false", f"password_file {known(tmp_path)}"])
    ours_file = tmp_path / "password"
    ours_file.write_text("wrong\n")
    async with sender(broker.port, username="node", password_file=ours_file) as ours:
        error = await fails(ours)
        assert error.word == "unauthorized"
        assert "user node" in error.text
        assert "mqtt.password_file" in error.action
        assert not error.lost_connection
        assert "wrong" not in f"{error} {error.action}"
        ours_file.write_text("right\n")
        assert len((await ours.send(rows(2))).delivered) == 2


async def test_a_topic_that_is_not_allowed_waits(
    make_broker: MakeBroker, subscribe: Subscribe, tmp_path: Path
) -> None:
    access = tmp_path / "access"
    access.write_text(f"topic read #\ntopic write {PREFIX}/node/{NODE}/status\n")
    access.chmod(0o644)
    broker = make_broker(["allow_anonymous true", f"acl_file {access}"])
    reader = subscribe(broker, EVERYTHING)
    async with sender(broker.port) as ours:
        error = await fails(ours)
        assert error.word == "not_allowed"
        assert topic(0) in error.text
        assert f"{PREFIX}/node/" in error.action
        assert (await fails(ours)).text == error.text
    assert not reader.seqs(topic(0))


async def test_a_will_that_is_not_allowed_is_told(make_broker: MakeBroker, tmp_path: Path) -> None:
    access = tmp_path / "access"
    access.write_text(f"topic write {PREFIX}/node/{NODE}/gpu/#\n")
    access.chmod(0o644)
    broker = make_broker(["allow_anonymous true", f"acl_file {access}"])
    async with sender(broker.port) as ours:
        error = await fails(ours)
    assert f"{PREFIX}/node/{NODE}/status" in error.text + error.action


async def test_an_unknown_host() -> None:
    async with sender(1883, host="broker.invalid") as ours:
        error = await fails(ours)
    assert error.word == "unknown_host"
    assert "broker.invalid" in error.text
    assert "mqtt.host" in error.action


async def test_nobody_listens(broker: Broker) -> None:
    broker.kill()
    async with sender(broker.port) as ours:
        error = await fails(ours)
    assert error.word == "refused"
    assert f"{HOST}:{broker.port}" in error.text


async def test_tls_both_ways(make_broker: MakeBroker, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    server, client = authority.sign("server"), authority.sign("client")
    ca = authority.pair.cert
    broker = make_broker(
        [
            *(f"cafile {ca}", f"certfile {server.cert}", f"keyfile {server.key}"),
            *("require_certificate true", "use_identity_as_username true"),
        ]
    )
    own = {"cert_file": client.cert, "key_file": client.key}
    async with sender(broker.port, tls=True, ca_file=ca, **own) as ours:
        assert len((await ours.send(rows(300))).delivered) == 300
    assert "u'client'" in broker.log  # the name comes from the certificate

    async with sender(broker.port, tls=True, ca_file=ca) as ours:
        error = await fails(ours)
    assert error.word == "tls"
    assert "client certificate" in error.action
    assert "mqtt.tls.cert_file" in error.action

    stranger = Authority(tmp_path, "stranger").sign("stranger-client")
    other = {"cert_file": stranger.cert, "key_file": stranger.key}
    async with sender(broker.port, tls=True, ca_file=ca, **other) as ours:
        error = await fails(ours)
    assert error.word == "tls"
    assert "mqtt.tls.cert_file" in error.action

    async with sender(broker.port, tls=True, ca_file=tmp_path / "stranger.crt", **own) as ours:
        error = await fails(ours)
    assert error.word == "tls"
    assert "certificate of the MQTT broker" in error.text
    assert "mqtt.tls.ca_file" in error.action

    async with sender(broker.port, tls=True, **own) as ours:  # the system's authorities
        assert (await fails(ours)).word == "tls"

    begun = time.monotonic()
    async with sender(broker.port) as ours:
        error = await fails(ours)
    assert error.word == "closed"
    assert "[mqtt.tls]" in error.action
    assert time.monotonic() - begun < 1.5, "told at once, not after a timeout"


async def test_a_certificate_for_another_name(make_broker: MakeBroker, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    server = authority.sign("server", "DNS:elsewhere.example")
    broker = make_broker(
        ["allow_anonymous true", f"certfile {server.cert}", f"keyfile {server.key}"]
    )
    async with sender(broker.port, tls=True, ca_file=authority.pair.cert) as ours:
        error = await fails(ours)
    assert error.word == "tls"
    assert "mqtt.host" in error.action


async def test_tls_to_a_port_without_it(broker: Broker) -> None:
    async with sender(broker.port, tls=True) as ours:
        error = await fails(ours)
    assert error.word == "tls"


async def test_a_killed_broker_loses_nothing(broker: Broker, subscribe: Subscribe) -> None:
    """Killed between two sends, and restarted without a memory of anybody."""
    reader = subscribe(broker, EVERYTHING)
    sent = rows(40)
    async with sender(broker.port) as ours:
        assert len((await ours.send(sent[:20])).delivered) == 20
        broker.kill()
        await asyncio.sleep(0.05)
        error = await fails(ours)
        assert error.word == "refused"
        assert error.lost_connection, "what it acknowledged last may be gone"
        assert not (await fails(ours)).lost_connection, "told once"
        seen = broker.log.count("SUBSCRIBE from reader")
        broker.start()
        wait_until(lambda: broker.log.count("SUBSCRIBE from reader") > seen, "reader is back")
        done = await ours.send(sent[20:])
        assert list(done.delivered) == [row.id for row in sent[20:]]
        assert not done.reconnected, "told already"
        wait_until(lambda: reader.seqs(topic(0))[-1:] == [20], "all arrive")
        assert sorted(set(reader.seqs(topic(0)))) == list(range(1, 21))


async def test_a_broker_that_came_back_unseen_is_told_once(broker: Broker) -> None:
    async with sender(broker.port) as ours:
        await ours.send(rows(2))
        broker.kill()
        broker.start()
        await asyncio.sleep(0.05)
        assert (await ours.send(rows(2))).reconnected
        assert not (await ours.send(rows(2))).reconnected


async def test_a_broker_killed_while_rows_are_in_flight(broker: Broker) -> None:
    async with sender(broker.port) as ours:
        await ours.send(rows(2))
        broker.freeze()
        sending = asyncio.create_task(ours.send(rows(500)))
        await asyncio.sleep(0.1)
        broker.kill()
        with pytest.raises(DeliveryError) as caught:
            await asyncio.wait_for(sending, 1.0)
        assert caught.value.word == "lost"
        assert caught.value.lost_connection


async def test_a_broker_that_stops_answering(broker: Broker, subscribe: Subscribe) -> None:
    reader = subscribe(broker, EVERYTHING)
    async with sender(broker.port, timeout_seconds=0.5) as ours:
        await ours.send(rows(2))
        broker.freeze()
        begun = time.monotonic()
        error = await fails(ours)
        assert error.word == "timeout"
        assert error.lost_connection
        assert 0.4 < time.monotonic() - begun < 1.5
        error = await fails(ours)  # now not even a connection is answered
        assert error.word == "timeout"
        broker.thaw()
        assert len((await ours.send(rows(40))).delivered) == 40
        wait_until(lambda: set(range(1, 21)) <= set(reader.seqs(topic(1))), "all arrive")


async def test_closing_takes_no_longer_with_a_dead_broker(broker: Broker) -> None:
    ours = MqttSender(NODE, BASE, options(broker.port), PLACE, "1.2.3")
    await ours.send(rows(2))
    broker.freeze()
    begun = time.monotonic()
    await ours.close()
    assert time.monotonic() - begun < 1.2
    broker.thaw()


async def test_a_send_that_is_cancelled_leaves_a_sender_that_works(broker: Broker) -> None:
    async with sender(broker.port) as ours:
        broker.freeze()
        with pytest.raises(TimeoutError):  # while it connects
            await asyncio.wait_for(ours.send(rows(2)), 0.2)
        broker.thaw()
        assert len((await ours.send(rows(200))).delivered) == 200
        broker.freeze()
        with pytest.raises(TimeoutError):  # with rows in flight
            await asyncio.wait_for(ours.send(rows(200)), 0.2)
        broker.thaw()
        assert len((await ours.send(rows(200))).delivered) == 200


async def test_a_closed_socket_is_not_watched(broker: Broker) -> None:
    """Its descriptor may be another's by the time that the event loop hears of it."""
    async with sender(broker.port) as ours:
        await ours.send(rows(2))
        connection = ours._connection
        assert connection is not None
        sock = connection._client.socket()
        assert sock is not None
        descriptor = sock.fileno()
        connection._client.loop_write()
        connection._on_socket_register_write(connection._client, None, sock)
        connection.abandon()
        one, other = socket.socketpair()  # takes the number
        with one, other:
            assert descriptor in {one.fileno(), other.fileno()}
            await asyncio.sleep(0.01)
            assert not asyncio.get_running_loop().remove_writer(descriptor)
