"""What one client may take of the port, and what becomes of it when it takes more."""

import asyncio
import contextlib
import socket
from dataclasses import replace

import pytest

from exporters.http.guard import address_of
from exporters.http.limits import Rate
from exporters.http.refusals import Reason
from tests.http.loops import on_both_loops
from tests.http.serving import QUICK, Served, parsed, serving

HEAD = b"GET /livez HTTP/1.1\r\nHost: node\r\n"


@on_both_loops
async def test_a_proper_client_is_answered_again_and_again_over_one_connection() -> None:
    async with serving() as served:
        reader, writer = await served.connect()
        for _ in range(3):
            writer.write(HEAD + b"\r\n")
            assert (await reader.readuntil(b"ok\n")).startswith(b"HTTP/1.1 200")
        writer.close()
        await served.until(lambda: not served.clients, "it is gone")
        assert not any(served.server.refusals.values().values())


@on_both_loops
async def test_requests_sent_at_once_are_answered_one_after_the_other() -> None:
    async with serving() as served:
        said = await served.send(
            (HEAD + b"\r\n") * 40 + HEAD + b"Connection: close\r\n\r\n",
        )
        assert said.count(b"HTTP/1.1 200") == 41


@on_both_loops
async def test_a_request_in_many_pieces_is_a_request() -> None:
    async with serving() as served:
        reader, writer = await served.connect()
        for byte in b"\r\n" + HEAD + b"Connection: close\r\n\r\n":
            writer.write(bytes([byte]))
            await asyncio.sleep(0)
        assert parsed(await reader.read()).status == 200
        writer.close()


@pytest.mark.parametrize(
    ("sent", "status", "reason"),
    [
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", 405, Reason.METHOD),
        (b"DELETE /metrics HTTP/1.1\r\n", 405, Reason.METHOD),
        (b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 405, Reason.METHOD),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 405, Reason.METHOD),
        (HEAD + b"Content-Length: 3\r\n\r\nabc", 413, Reason.BODY),
        (HEAD + b"content-length : 7\r\n\r\nabcdefg", 413, Reason.BODY),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", 413, Reason.BODY),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, Reason.MALFORMED),
        (b"GET / HTTP/3\r\n\r\n", 400, Reason.MALFORMED),
        (b"GET /livez HTTP/1.1\r\nNo colon here\r\n\r\n", 400, Reason.MALFORMED),
        (HEAD + b"X: " + b"a" * 17_000, 431, Reason.SIZE),
        (HEAD + b"X: a\r\n" * 4000 + b"\r\n", 431, Reason.SIZE),
        (HEAD + b"X: " + b"a" * 9000 + b"\r\n\r\n", 400, Reason.MALFORMED),
        (HEAD + b"X: a\r\n" * 200 + b"\r\n", 400, Reason.MALFORMED),
    ],
    ids=lambda value: value.decode("latin-1")[:20] if isinstance(value, bytes) else str(value),
)
@on_both_loops
async def test_what_is_no_plain_question_is_told_so(
    sent: bytes, status: int, reason: Reason, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving() as served:
        answer = parsed(await served.send(sent))
        assert answer.status == status
        assert served.refused(reason) == 1
        assert sum(served.server.refusals.values().values()) == 1
        await served.until(lambda: not served.clients, "it is gone")
        assert (await served.get()).status == 200
    assert not caplog.records


@on_both_loops
async def test_a_length_of_zero_is_no_body() -> None:
    async with serving() as served:
        said = await served.send(HEAD + b"Content-Length: 0\r\nConnection: close\r\n\r\n")
        assert parsed(said).status == 200


@on_both_loops
async def test_head_is_answered_without_a_body() -> None:
    async with serving() as served:
        said = await served.send(
            b"HEAD /metrics HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n"
        )
        answer = parsed(said)
        assert answer.status == 200
        assert int(answer.headers["content-length"]) > 1000
        assert answer.body == b""


@pytest.mark.parametrize("begun", [b"", b"GET /met", HEAD], ids=["silent", "line", "header"])
@on_both_loops
async def test_who_does_not_come_to_an_end_is_sent_away(begun: bytes) -> None:
    async with serving() as served:
        reader, writer = await served.connect()
        writer.write(begun)
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(reader.read(), 5)
        assert served.refused(Reason.SLOW) == 1
        assert not served.clients
        writer.close()


@on_both_loops
async def test_a_second_request_has_to_come_to_an_end_as_well() -> None:
    async with serving() as served:
        reader, writer = await served.connect()
        writer.write(HEAD + b"\r\n" + HEAD)
        await reader.readuntil(b"ok\n")
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(reader.read(), 5)
        assert served.refused(Reason.SLOW) == 1
        writer.close()


@on_both_loops
async def test_a_byte_now_and_then_gains_no_time() -> None:
    async with serving() as served:
        reader, writer = await served.connect()
        writer.write(HEAD)
        closed = asyncio.create_task(reader.read())
        for _ in range(100):
            if closed.done():
                break
            writer.write(b"a")
            await asyncio.sleep(0.05)
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(closed, 5)
        assert served.refused(Reason.SLOW) == 1
        writer.close()


@on_both_loops
async def test_an_idle_connection_is_closed_without_ado() -> None:
    async with serving(replace(QUICK, idle_seconds=0.3)) as served:
        reader, writer = await served.connect()
        writer.write(HEAD + b"\r\n")
        assert (await asyncio.wait_for(reader.read(), 5)).endswith(b"ok\n")
        assert not any(served.server.refusals.values().values())
        writer.close()


@on_both_loops
async def test_an_answer_that_is_not_taken_is_given_up() -> None:
    limits = replace(QUICK, answer_seconds=0.5, send_buffer_bytes=4096)
    async with serving(limits, payload_bytes=8_000_000) as served:
        with small_window() as sock:
            await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", served.port))
            sock.send(b"GET /live.json HTTP/1.1\r\nHost: node\r\n\r\n")
            await served.until(lambda: served.refused(Reason.STALLED) == 1, "it is given up")
            await served.until(lambda: not served.clients, "it is gone")


@on_both_loops
async def test_so_is_one_that_the_kernel_holds() -> None:
    """The library is done with it and the transport is empty, but the client reads nothing."""
    limits = replace(QUICK, answer_seconds=0.5, send_buffer_bytes=4_000_000)
    async with serving(limits, payload_bytes=100_000) as served:
        with small_window() as sock:
            await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", served.port))
            sock.send(b"GET /live.json HTTP/1.1\r\nHost: node\r\n\r\n")
            await served.until(lambda: served.refused(Reason.STALLED) == 1, "it is given up")


@on_both_loops
async def test_who_reads_slowly_but_reads_has_its_time() -> None:
    limits = replace(QUICK, answer_seconds=20, send_buffer_bytes=4096)
    async with serving(limits, payload_bytes=300_000) as served:
        loop = asyncio.get_running_loop()
        with small_window() as sock:
            await loop.sock_connect(sock, ("127.0.0.1", served.port))
            sock.send(b"GET /live.json HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n")
            size = 0
            while got := await loop.sock_recv(sock, 20_000):
                size += len(got)
                await asyncio.sleep(0.01)
        assert size > 300_000
        assert not any(served.server.refusals.values().values())


def small_window() -> socket.socket:
    """A client's socket that takes little before somebody reads from it."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.settimeout(0)
    return sock


async def begun(served: Served, source: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection that never comes to the end of its request."""
    reader, writer = await served.connect(source)
    writer.write(b"GET")
    return reader, writer


@on_both_loops
async def test_who_says_nothing_is_not_even_let_in() -> None:
    """The kernel keeps those, as long as a request may take."""
    async with serving(replace(QUICK, head_seconds=10)) as served:
        held = [await served.connect() for _ in range(50)]
        assert (await served.get()).status == 200
        assert not served.clients
        for _, writer in held:
            writer.transport.abort()


@on_both_loops
async def test_a_full_port_makes_room_for_who_comes() -> None:
    limits = replace(QUICK, connections=20, connections_of_address=10, head_seconds=30)
    async with serving(limits) as served:
        held = [await begun(served, f"127.0.0.{10 + i % 10}") for i in range(60)]
        await served.until(lambda: served.refused(Reason.CROWDED) == 40, "the oldest went")
        assert served.clients == 20
        for _ in range(10):
            assert (await served.get()).status == 200
        for _, writer in held:
            writer.transport.abort()


@on_both_loops
async def test_one_address_takes_room_from_itself_only() -> None:
    limits = replace(QUICK, connections=100, connections_of_address=10, head_seconds=30)
    async with serving(limits) as served:
        reader, writer = await served.connect()
        writer.write(HEAD + b"\r\n")
        await reader.readuntil(b"ok\n")
        held = [await begun(served, "127.0.0.2") for _ in range(50)]
        await served.until(lambda: served.refused(Reason.CROWDED) == 40, "the oldest went")
        assert served.clients == 11
        writer.write(HEAD + b"Connection: close\r\n\r\n")
        assert parsed(await reader.read()).status == 200
        for _, other in (*held, (None, writer)):
            other.transport.abort()


@on_both_loops
async def test_an_address_that_asks_too_often_is_told_so() -> None:
    limits = replace(QUICK, rate=Rate(per_second=0.1, burst=5))
    async with serving(limits) as served:
        statuses = [(await served.get("/metrics")).status for _ in range(8)]
        assert statuses == [200] * 5 + [429] * 3
        assert served.refused(Reason.RATE) == 3
        assert (await served.get("/metrics", "127.0.0.2")).status == 200
        assert (await served.get("/livez")).status == 200, "probes are counted by themselves"


@on_both_loops
async def test_an_end_leaves_nobody_behind() -> None:
    async with serving() as served:
        silent = await served.connect()
        begun = await served.connect()
        begun[1].write(HEAD)
        idle = await served.connect()
        idle[1].write(HEAD + b"\r\n")
        await idle[0].readuntil(b"ok\n")
        await served.until(lambda: served.clients == 3, "all are there")
    for reader, writer in (silent, begun, idle):
        with contextlib.suppress(ConnectionResetError):
            assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()


@pytest.mark.parametrize(
    ("host", "counted"),
    [
        ("10.0.0.7", "10.0.0.7"),
        ("::ffff:10.0.0.7", "10.0.0.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
    ],
)
def test_what_a_client_is_counted_under(host: str, counted: str) -> None:
    assert address_of(host) == counted


@on_both_loops
async def test_every_address_is_that_of_both_families() -> None:
    """`[::]` means IPv4, too, as docs/configuration.md says."""
    async with serving(listen="[::]:0") as served:
        assert served.url.startswith("http://[::]:") or "127.0.0.1" in served.url
        assert (await served.get()).status == 200
        reader, writer = await asyncio.open_connection("::1", served.port)
        writer.write(HEAD + b"Connection: close\r\n\r\n")
        assert parsed(await reader.read()).status == 200
        writer.close()
