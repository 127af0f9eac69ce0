"""What a broker can answer, told apart: what waits, what is refused for itself, and the words."""

import time

import pytest

from exporters.delivery import DeliveryError
from exporters.mqtt.sender import MqttSender
from tests.mqtt.scripted import PUBLISH, Script, scripted
from tests.mqtt.senders import sender
from tests.mqtt.values import NODE, rows


async def fails(ours: MqttSender, count: int = 2) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        await ours.send(rows(count))
    return caught.value


@pytest.mark.parametrize(
    ("code", "word", "hint"),
    [
        (0x84, "protocol", "MQTT 5"),
        (0x85, "client_id", "wattkeeper-"),
        (0x86, "unauthorized", "mqtt.password_file"),
        (0x87, "unauthorized", f"{NODE}/status"),
        (0x88, "server", "log"),
        (0x89, "throttled", "log"),
        (0x8A, "banned", "banned"),
        (0x9A, "retain", "retain"),
        (0x95, "refused", "log"),
    ],
)
async def test_a_refused_connection(code: int, word: str, hint: str) -> None:
    async with scripted(Script(connect_code=code)) as port, sender(port, username="me") as ours:
        begun = time.monotonic()
        error = await fails(ours)
        assert time.monotonic() - begun < 1
    assert error.word == word
    assert hint in error.action
    assert f":{port}" in error.text
    assert not error.lost_connection


@pytest.mark.parametrize(
    ("code", "word"), [(0x80, "server"), (0x87, "not_allowed"), (0x97, "throttled")]
)
async def test_what_may_pass_waits(code: int, word: str) -> None:
    script = Script(publish_codes=[0, 0, code])
    async with scripted(script) as port, sender(port) as ours:
        error = await fails(ours)
        assert error.word == word
        assert not error.lost_connection, "the connection still stands"
        assert len((await ours.send(rows(2))).delivered) == 2, "and then it is let in"


@pytest.mark.parametrize("code", [0x83, 0x90, 0x99])
async def test_what_concerns_one_row_is_refused_alone(code: int) -> None:
    script = Script(publish_codes=[0, 0, code])  # the birth, the first row, the second
    async with scripted(script) as port, sender(port) as ours:
        done = await ours.send(rows(4))
    assert sorted(done.delivered) == [1, 3, 4]
    assert list(done.refused) == [2]
    assert done.refused[2]


async def test_nobody_subscribed_is_no_failure() -> None:
    script = Script(publish_codes=[0x10] * 3)
    async with scripted(script) as port, sender(port) as ours:
        assert len((await ours.send(rows(2))).delivered) == 2


@pytest.mark.parametrize(
    ("code", "word", "hint"),
    [
        (0x8B, "server", ""),
        (0x8E, "taken_over", "node.name"),
        (0x87, "not_allowed", "access list"),
        (0x98, "server", ""),
    ],
)
async def test_a_broker_that_ends_the_connection_is_quoted(code: int, word: str, hint: str) -> None:
    async with scripted(Script(end_code=code)) as port, sender(port) as ours:
        error = await fails(ours)
    assert (error.word, error.lost_connection) == (word, True)
    assert hint in error.action
    assert "closed the connection" in error.text


async def test_a_birth_that_is_refused_stops_it() -> None:
    script = Script(publish_codes=[0x83])
    async with scripted(script) as port, sender(port) as ours:
        error = await fails(ours)
    assert error.word == "status"
    assert f"{NODE}/status" in error.text
    assert script.packets.count(PUBLISH) == 1


async def test_a_server_that_says_nothing() -> None:
    async with (
        scripted(Script(silent=True)) as port,
        sender(port, timeout_seconds=0.3) as ours,
    ):
        error = await fails(ours)
    assert error.word == "timeout"
    assert "said nothing for 0.3 s" in error.text


@pytest.mark.parametrize(("receive_maximum", "in_flight", "most"), [(3, 100, 3), (500, 7, 7)])
async def test_no_more_rows_are_in_flight_than_both_allow(
    receive_maximum: int, in_flight: int, most: int
) -> None:
    """Receive Maximum: MQTT 5.0, 3.2.2.3.3."""
    properties = b"\x21" + receive_maximum.to_bytes(2, "big")
    script = Script(connect_properties=properties, slow_seconds=0.02)
    async with scripted(script) as port, sender(port, in_flight=in_flight) as ours:
        done = await ours.send(rows(30))
    assert list(done.delivered) == list(range(1, 31))
    assert script.most_waiting == most


async def test_a_row_that_is_too_large_is_not_sent() -> None:
    """Maximum Packet Size: MQTT 5.0, 3.2.2.3.6."""
    properties = b"\x27" + (2000).to_bytes(4, "big")
    script = Script(connect_properties=properties)
    async with scripted(script) as port, sender(port) as ours:
        done = await ours.send(rows(2))
        assert script.packets.count(PUBLISH) == 1, "the birth alone"
    assert not done.delivered
    assert set(done.refused) == {1, 2}
