"""IT power by the nodes, asked from something that answers as a Prometheus does, or does not."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from collector.daemon.faults import FaultBoard
from collector.daemon.it_power import PART, STALE_NS, ItPowerReader

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def vector(*values: float) -> web.Response:
    found = [{"metric": {}, "value": [1.0, str(value)]} for value in values]
    return web.json_response(
        {"status": "success", "data": {"resultType": "vector", "result": found}}
    )


async def look(answer: Answer) -> tuple[ItPowerReader, FaultBoard]:
    """Ask once."""
    app = web.Application()
    app.router.add_get("/api/v1/query", answer)
    async with TestServer(app) as server:
        faults = FaultBoard()
        reader = ItPowerReader(str(server.make_url("/")), 'a "site"', faults)
        task = asyncio.ensure_future(reader.run())
        for _ in range(200):
            await asyncio.sleep(0.01)
            if reader.latest is not None or faults.standing:
                break
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return reader, faults


def test_one_number_and_its_coverage() -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.query["query"])
        return vector(0.75 if "coverage" in asked[-1] else 1.25e6)

    reader, faults = asyncio.run(look(answer))
    assert reader.latest is not None
    assert (reader.latest.watts, reader.latest.coverage_ratio) == (1.25e6, 0.75)
    assert not faults.standing
    assert asked[0] == r'site:it_power_watts:sum{site="a \"site\""}'
    now_ns = reader.latest.monotonic_ns
    assert reader.current(now_ns + STALE_NS) is reader.latest
    assert reader.current(now_ns + STALE_NS + 1) is None


def bad_answers() -> Iterator[tuple[str, web.Response]]:
    yield "no series", vector()
    yield "an error", web.Response(status=503)
    yield "no JSON", web.Response(text="<html>")
    yield "other JSON", web.json_response([1])
    yield "a redirect", web.Response(status=302, headers={"Location": "http://127.0.0.1:1/"})
    yield "nonsense", web.json_response({"data": {"result": [{"value": "x"}]}})
    yield "not a number", vector(float("nan"))
    yield "no bounds", vector(float("inf"))
    yield "too much", web.Response(text=json.dumps({"data": "x" * 3_000_000}))


@pytest.mark.parametrize("what", [what for what, _ in bad_answers()])
def test_what_is_no_answer_is_a_fault_in_words(what: str) -> None:
    async def answer(_: web.Request) -> web.Response:
        return dict(bad_answers())[what]

    reader, faults = asyncio.run(look(answer))
    assert reader.latest is None
    (fault,) = faults.standing
    assert fault.part == PART
    assert fault.problem
    assert fault.action


def test_an_answer_in_pieces_is_put_together() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        whole = vector(1.0).body
        assert isinstance(whole, bytes)
        response = web.StreamResponse()
        await response.prepare(request)
        for at in range(0, len(whole), 10):
            await response.write(whole[at : at + 10])
            await asyncio.sleep(0.001)
        return response

    reader, faults = asyncio.run(look(answer))
    assert reader.latest is not None
    assert not faults.standing
