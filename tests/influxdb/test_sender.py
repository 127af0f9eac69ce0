"""The sender against a server of the test's own that misbehaves in every way there is."""

import asyncio
import gzip
import ssl
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web

from exporters.delivery import DeliveryError
from exporters.influxdb.sender import InfluxSender
from tests.influxdb.values import TOKEN, options, points
from tests.servers.process import free_port
from tests.servers.web import Handler, serving

Scene = Callable[[InfluxSender], Awaitable[None]]


def says(status: int, body: str = "", **headers: str) -> Handler:
    async def answer(_request: web.Request) -> web.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(status=status, text=body, headers=named)

    return answer


async def fault(handler: Handler, folder: Path, **more: object) -> DeliveryError:
    """The error that the sender makes of a server."""
    async with serving(handler) as url:
        sender = InfluxSender(options(url, folder, **more))
        try:
            with pytest.raises(DeliveryError) as caught:
                await sender.send(points(2))
        finally:
            await sender.close()
    assert TOKEN not in caught.value.text + caught.value.action
    return caught.value


@pytest.mark.parametrize("compress", [True, False])
async def test_a_batch_is_one_request_as_the_v2_api_wants_it(
    tmp_path: Path, *, compress: bool
) -> None:
    seen: list[tuple[web.Request, bytes]] = []

    async def write(request: web.Request) -> web.Response:
        seen.append((request, await request.read()))
        return web.Response(status=204)

    async with serving(write) as url:
        sender = InfluxSender(options(url, tmp_path, gzip=compress))
        for count in (3, 5000):
            sent = await sender.send(points(count))
            assert sent.delivered == list(range(1, count + 1))
            assert not sent.refused
        await sender.close()
    assert len(seen) == 2
    for (request, body), count in zip(seen, (3, 5000), strict=True):
        assert dict(request.query) == {"org": "o", "bucket": "power", "precision": "ns"}
        assert request.headers["Authorization"] == f"Token {TOKEN}"
        assert request.headers.get("Content-Encoding") == ("gzip" if compress else None)
        plain = gzip.decompress(body) if compress else body
        assert plain.splitlines() == [row.payload for row in points(count)]


@pytest.mark.parametrize(
    ("status", "body", "word"),
    [
        (401, '{"code":"unauthorized","message":"unauthorized access"}', "unauthorized"),
        (403, '{"code":"forbidden","message":"no"}', "forbidden"),
        (404, '{"code":"not found","message":"bucket \\"power\\" not found"}', "not_found"),
        (302, "", "redirected"),
        (429, "", "throttled"),
        (503, "", "server"),
        (200, "<html>please log in</html>", "not_influxdb"),
        (400, "wrong token", "rejected"),
    ],
)
async def test_what_concerns_all_rows_is_raised(
    tmp_path: Path, status: int, body: str, word: str
) -> None:
    error = await fault(says(status, body, Location="http://127.0.0.1:1/"), tmp_path)
    assert error.word == word
    assert not error.lost_connection or status == 503


async def test_retry_after_is_passed_on(tmp_path: Path) -> None:
    error = await fault(says(429, Retry_After="17"), tmp_path)
    assert error.retry_after_seconds == 17.0


async def test_a_token_that_the_server_repeats_is_hidden(tmp_path: Path) -> None:
    error = await fault(says(401, f'{{"message":"token {TOKEN} is unknown"}}'), tmp_path)
    assert "token *** is unknown" in error.text


async def test_a_slow_server_is_given_up(tmp_path: Path) -> None:
    async def write(_request: web.Request) -> web.Response:
        await asyncio.sleep(5)
        return web.Response(status=204)

    error = await fault(write, tmp_path, timeout_seconds=0.3)
    assert (error.word, error.lost_connection) == ("timeout", True)
    assert "within 0.3 s" in error.text


async def test_a_connection_that_breaks_before_the_answer(tmp_path: Path) -> None:
    async def write(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.close()
        await asyncio.sleep(0.01)
        return web.Response(status=204)

    error = await fault(write, tmp_path)
    assert (error.word, error.lost_connection) == ("dropped", True)


async def test_a_body_read_by_half(tmp_path: Path) -> None:
    async def write(request: web.Request) -> web.Response:
        await request.content.read(10)
        assert request.transport is not None
        request.transport.abort()
        await asyncio.sleep(0.01)
        return web.Response(status=204)

    error = await fault(write, tmp_path, gzip=False)
    assert (error.word, error.lost_connection) == ("dropped", True)


async def test_an_answer_that_ends_by_half(tmp_path: Path) -> None:
    async def write(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=204, headers={"Content-Length": "100"})
        response = web.StreamResponse(status=500, headers={"Content-Length": "100"})
        await response.prepare(request)
        await response.write(b"half")
        assert request.transport is not None
        request.transport.abort()
        return response

    error = await fault(write, tmp_path)
    assert (error.word, error.lost_connection) == ("dropped", True)


async def test_nobody_listens(tmp_path: Path) -> None:
    sender = InfluxSender(options(f"http://127.0.0.1:{free_port()}", tmp_path))
    with pytest.raises(DeliveryError, match="cannot be reached: ") as caught:
        await sender.send(points(1))
    assert (caught.value.word, caught.value.lost_connection) == ("refused", True)
    await sender.close()


async def test_an_unknown_host(tmp_path: Path) -> None:
    sender = InfluxSender(options("http://no-such-host.invalid:8086", tmp_path))
    with pytest.raises(DeliveryError, match=r"no-such-host\.invalid") as caught:
        await sender.send(points(1))
    assert caught.value.word == "unknown_host"
    await sender.close()


async def test_a_new_token_is_used_without_a_restart(tmp_path: Path) -> None:
    async def write(request: web.Request) -> web.Response:
        known = request.headers.get("Authorization") == "Token new"
        return web.Response(status=204 if known else 401)

    async with serving(write) as url:
        sender = InfluxSender(options(url, tmp_path, token="old"))  # noqa: S106 - a test's token
        with pytest.raises(DeliveryError):
            await sender.send(points(1))
        (tmp_path / "token").write_text("new")
        assert (await sender.send(points(1))).delivered == [1]
        await sender.close()


async def test_a_request_too_large_is_split_and_the_size_remembered(tmp_path: Path) -> None:
    sizes: list[int] = []

    async def write(request: web.Request) -> web.Response:
        size = len(await request.read())
        sizes.append(size)
        return web.Response(status=413 if size > 2000 else 204)

    async with serving(write) as url:
        sender = InfluxSender(options(url, tmp_path, gzip=False))
        sent = await sender.send(points(100))
        assert sorted(sent.delivered) == list(range(1, 101))
        assert any(size > 2000 for size in sizes)
        sizes.clear()
        assert len((await sender.send(points(100))).delivered) == 100
        assert all(size <= 2000 for size in sizes)
        await sender.close()


async def test_one_row_too_large_does_not_hold_up_the_others(tmp_path: Path) -> None:
    async def write(request: web.Request) -> web.Response:
        return web.Response(status=413 if len(await request.read()) > 500 else 204)

    rows = points(5)
    big = points(1)[0]
    rows[0] = type(big)(
        id=1, lane=big.lane, topic="", seq=1, created_wall_ns=0, payload=b"x" * 1000
    )
    async with serving(write) as url:
        sender = InfluxSender(options(url, tmp_path, gzip=False))
        sent = await sender.send(rows)
        assert (sorted(sent.delivered), list(sent.refused)) == ([2, 3, 4, 5], [1])
        with pytest.raises(DeliveryError) as caught:
            await sender.send(rows[:1])
        assert caught.value.word == "too_large"
        await sender.close()


async def test_what_went_through_before_a_fault_counts(tmp_path: Path) -> None:
    taken: list[int] = []

    async def write(request: web.Request) -> web.Response:
        lines = (await request.read()).splitlines()
        if len(taken) >= 20:
            return web.Response(status=500)
        if len(lines) > 10:
            return web.Response(status=413)
        taken.extend(range(len(lines)))
        return web.Response(status=204)

    async with serving(write) as url:
        sender = InfluxSender(options(url, tmp_path, gzip=False))
        sent = await sender.send(points(80))
        assert sent.delivered == list(range(1, 21))
        assert not sent.refused
        with pytest.raises(DeliveryError):
            await sender.send(points(80))
        await sender.close()


async def test_a_server_that_died_between_two_requests_is_noticed(tmp_path: Path) -> None:
    port = free_port()
    sender = InfluxSender(options(f"http://127.0.0.1:{port}", tmp_path))
    async with serving(says(204), port=port):
        assert not (await sender.send(points(1))).reconnected
        assert not (await sender.send(points(1))).reconnected
    async with serving(says(204), port=port):
        assert (await sender.send(points(1))).reconnected
        assert not (await sender.send(points(1))).reconnected
        await sender.close()
        assert not (await sender.send(points(1))).reconnected
        await sender.close()


async def test_a_server_that_says_it_closes_has_not_died(tmp_path: Path) -> None:
    async with serving(says(204, Connection="close")) as url:
        sender = InfluxSender(options(url, tmp_path))
        for _ in range(3):
            assert not (await sender.send(points(1))).reconnected
        await sender.close()


async def test_an_idle_connection_closed_just_then_is_no_fault(tmp_path: Path) -> None:
    requests = 0

    async def write(request: web.Request) -> web.Response:
        nonlocal requests
        requests += 1
        if requests == 2:
            assert request.transport is not None
            request.transport.close()
            await asyncio.sleep(0.01)
        return web.Response(status=204)

    async with serving(write) as url:
        sender = InfluxSender(options(url, tmp_path))
        await sender.send(points(1))
        sent = await sender.send(points(1))
        assert (sent.delivered, sent.reconnected, requests) == ([1], True, 3)
        await sender.close()


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
        " -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    )
    subprocess.run(
        [*command.split(), "-keyout", str(key), "-out", str(cert)],
        check=True,
        capture_output=True,
    )
    return cert, key


async def test_certificates_are_verified_with_the_authority_of_the_file(
    tmp_path: Path, certificate: tuple[Path, Path]
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    ca_file = tmp_path / "ca.pem"
    async with serving(says(204), tls=context) as url:
        sender = InfluxSender(options(url, tmp_path))
        with pytest.raises(DeliveryError, match="no certificate that can be trusted") as caught:
            await sender.send(points(1))
        assert caught.value.word == "tls"
        assert not caught.value.lost_connection
        await sender.close()

        sender = InfluxSender(options(url, tmp_path, ca_file=ca_file))
        with pytest.raises(DeliveryError, match="No such file") as caught:
            await sender.send(points(1))
        assert caught.value.word == "ca_file"
        ca_file.write_text("nothing")
        with pytest.raises(DeliveryError, match="it holds none"):
            await sender.send(points(1))
        ca_file.write_bytes(certificate[0].read_bytes())
        assert (await sender.send(points(1))).delivered == [1]

        wrong_name = InfluxSender(
            options(url.replace("localhost", "127.0.0.1"), tmp_path, ca_file=ca_file)
        )
        with pytest.raises(DeliveryError, match="certificate"):
            await wrong_name.send(points(1))
        await wrong_name.close()
        await sender.close()
