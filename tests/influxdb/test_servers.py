"""The sender and the encoder against a real InfluxDB and a real VictoriaMetrics."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from exporters.delivery import DeliveryError
from exporters.influxdb import LineEncoder
from exporters.influxdb.sender import InfluxSender
from tests.influxdb.values import (
    PLACE,
    SECOND_NS,
    START_NS,
    TOKEN,
    gap,
    options,
    points,
    rows,
    window,
)
from tests.servers.front import Front
from tests.servers.influx import Influx
from tests.servers.process import ServerProcess, free_port, program
from tests.servers.victoria import VictoriaMetrics

NASTY = ["a b", "a,b=c", 'q"uote', "bäck\\slash", "tail\\", "line\nbreak", " lead", "=", "#"]
# Types clash only within a shard, which holds a week.
TEXT = b'gpu_window,uuid=GPU-1,scope=gpu energy_joules="text" %d' % (START_NS + 3600 * SECOND_NS)


@pytest.fixture(scope="module")
def influx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influx]:
    with Influx(
        tmp_path_factory.mktemp("influx"), most_bytes=20_000, most_tag_values=200
    ) as server:
        yield server


@pytest.fixture
async def front(influx: Influx) -> AsyncIterator[tuple[Front, str]]:
    influx.query(f'DROP DATABASE "{influx.database}"', post=True)
    influx.query(f'CREATE DATABASE "{influx.database}"', post=True)
    front = Front(influx.url, TOKEN)
    async with front.serving() as url:
        yield front, url


@pytest.fixture
async def sender(front: tuple[Front, str], tmp_path: Path) -> AsyncIterator[InfluxSender]:
    sender = InfluxSender(options(front[1], tmp_path))
    yield sender
    await sender.close()


async def test_influxdb_reads_back_what_was_encoded(influx: Influx, sender: InfluxSender) -> None:
    windows = [window(0), gap(1), *(window(0, uuid=f"u-{name}") for name in NASTY)]
    encoder = LineEncoder(PLACE | {"rack": 'A, 1="2"\\'})
    sent = await sender.send(rows([item.payload for item in encoder.windows(windows)]))
    assert not sent.refused
    found = influx.query("SELECT * FROM gpu_window ORDER BY time")
    assert len(found) == len(windows)
    assert {row["rack"] for row in found} == {"A, 1=_2__"}
    (first,) = [row for row in found if row["uuid"] == "GPU-1" and row["gap"] is None]
    assert first["time"] == window(0).end_ns
    assert first["power_watts_mean"] == 700.1
    assert first["energy_source"] == "counter"
    assert first["samples"] == 100
    (second,) = [row for row in found if row["gap"] == "no samples"]
    assert second["power_watts_mean"] is None
    for name in NASTY:
        plain = name.replace("\\", "_").replace('"', "_").replace("\n", "_")
        assert any(row["uuid"] == f"u-{plain}" for row in found), name


async def test_a_point_written_twice_is_there_once(influx: Influx, sender: InfluxSender) -> None:
    for _ in range(2):
        await sender.send(points(50))
    assert influx.query("SELECT count(energy_joules) FROM gpu_window")[0]["count"] == 50


async def test_bad_points_are_isolated_from_good_ones(
    influx: Influx, front: tuple[Front, str], sender: InfluxSender
) -> None:
    await sender.send(points(1))
    bad = {20: b"gpu_window,uuid=GPU-1", 63: TEXT}
    batch = [bad.get(n, row.payload) for n, row in enumerate(points(100))]
    front[0].requests = 0
    sent = await sender.send(rows(batch))
    assert {id_ - 1 for id_ in sent.refused} == bad.keys()
    assert "missing fields" in sent.refused[21]
    assert "field type conflict" in sent.refused[64]
    assert len(sent.delivered) == 98
    assert front[0].requests <= 1 + 2 * 2 * 7
    assert influx.query("SELECT count(energy_joules) FROM gpu_window")[0]["count"] == 98


async def test_points_that_are_all_bad_are_refused_in_one_request(
    front: tuple[Front, str], sender: InfluxSender
) -> None:
    await sender.send(rows([TEXT]))
    front[0].requests = 0
    sent = await sender.send(points(100))
    assert (len(sent.refused), len(sent.delivered), front[0].requests) == (100, 0, 1)


async def test_a_limit_of_the_server_refuses_only_what_exceeds_it(
    influx: Influx, sender: InfluxSender
) -> None:
    many = [b"gpu_window,uuid=GPU-%d energy_joules=1.5 1790000000000000000" % n for n in range(250)]
    assert not (await sender.send(rows(many[:200]))).refused
    sent = await sender.send(rows(many))
    assert len(sent.delivered) == 200
    assert len(sent.refused) == 50
    assert all("max-values-per-tag" in words for words in sent.refused.values())
    assert influx.query("SELECT count(energy_joules) FROM gpu_window")[0]["count"] == 200


async def test_a_body_too_large_for_influxdb_arrives_in_parts(
    influx: Influx, front: tuple[Front, str], tmp_path: Path
) -> None:
    plain = InfluxSender(options(front[1], tmp_path, gzip=False))
    sent = await plain.send(points(1000))
    await plain.close()
    assert len(sent.delivered) == 1000
    assert influx.query("SELECT count(energy_joules) FROM gpu_window")[0]["count"] == 1000


async def test_a_wrong_token_and_a_missing_bucket(front: tuple[Front, str], tmp_path: Path) -> None:
    for more, word in (({"token": "wrong"}, "unauthorized"), ({"bucket": "none"}, "not_found")):
        sender = InfluxSender(options(front[1], tmp_path, **more))
        with pytest.raises(DeliveryError) as caught:
            await sender.send(points(1))
        await sender.close()
        assert caught.value.word == word


async def test_victoriametrics_has_every_window_to_the_millijoule(tmp_path: Path) -> None:
    windows = [
        window(number, uuid=f"GPU-{gpu}", scope=scope, index=gpu)
        for number in range(50)
        for gpu in range(4)
        for scope in ("gpu", "module")
    ]
    items = LineEncoder(PLACE).windows(windows)
    with VictoriaMetrics(tmp_path / "vm") as server:
        sender = InfluxSender(options(server.url, tmp_path))
        for _ in range(2):
            sent = await sender.send(rows([item.payload for item in items]))
            assert len(sent.delivered) == len(windows)
        await sender.close()
        keys = server.wait_for("gpu_window_energy_joules", len(windows))
        assert keys == {(one.device.key, one.scope, one.end_ns // 1_000_000) for one in windows}
        for name, of in (("energy_joules", 0), ("energy_joules_total", 1)):
            mj = sum(
                round(value * 1000)
                for _, values in server.exported(f"gpu_window_{name}")
                for value in values.values()
            )
            assert mj == sum((one.energy.total_mj, one.total_mj)[of] for one in windows)


async def test_a_token_that_vmauth_refuses_sets_no_window_aside(tmp_path: Path) -> None:
    """It says 400 to a wrong token, as others do to a bad point."""
    port = free_port()
    config = tmp_path / "auth.yml"
    config.write_text(
        f"users:\n- bearer_token: {TOKEN}\n  url_prefix: http://127.0.0.1:{free_port()}/\n"
    )
    command = [program("vmauth"), f"-auth.config={config}", f"-httpListenAddr=127.0.0.1:{port}"]
    url = f"http://127.0.0.1:{port}"
    with ServerProcess(command, f"{url}/-/reload", tmp_path / "vmauth"):
        for token, word in (("wrong", "rejected"), (TOKEN, "server")):
            sender = InfluxSender(options(url, tmp_path, token=token))
            with pytest.raises(DeliveryError) as caught:
                await sender.send(points(2))
            await sender.close()
            assert caught.value.word == word
            assert token not in caught.value.text
