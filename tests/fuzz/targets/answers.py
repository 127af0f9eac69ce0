"""Answers of servers: Prometheus's HTTP API, InfluxDB and what stands before it."""

import asyncio
import json
import math
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from multidict import CIMultiDict

from collector.daemon.faults import FaultBoard
from collector.daemon.it_power import ItPowerReader
from exporters.delivery import DeliveryError
from exporters.influxdb.errors import Answer, of_answer
from exporters.influxdb.options import InfluxOptions
from exporters.influxdb.sender import InfluxSender
from exporters.utility.split import Server, SplitError, measure
from exporters.utility.split.server import duration
from tests.fuzz import byte_changes, json_changes, odd
from tests.fuzz.choices import Choices
from tests.fuzz.target import Target, written
from tests.fuzz.words import checked

_URL = "http://prometheus.example:9090"
_START = 1_793_458_800
_DAY = 86_400
_NOW = _START + 30 * _DAY


@dataclass(frozen=True, slots=True)
class Said:
    """What a server says to anything."""

    status: int
    body: bytes
    headers: Mapping[str, str]


class _Response:
    """What aiohttp hands out for a request."""

    def __init__(self, said: Said) -> None:
        self.status, self.headers, self.content = said.status, CIMultiDict(said.headers), self
        self._body = said.body

    def raise_for_status(self) -> None:
        """Nothing: the status is looked at elsewhere."""

    async def read(self) -> bytes:
        """The whole body."""
        return self._body

    async def iter_any(self) -> AsyncIterator[bytes]:
        """The body in parts."""
        for at in range(0, len(self._body), 4096):
            yield self._body[at : at + 4096]

    async def iter_chunked(self, _size: int) -> AsyncIterator[bytes]:
        """The body in parts."""
        async for part in self.iter_any():
            yield part


class _Session:
    """Stands in for a connection."""

    def __init__(self, said: Said) -> None:
        self._said = said

    @asynccontextmanager
    async def request(self, *_: Any, **__: Any) -> AsyncIterator[_Response]:
        """Answer."""
        yield _Response(self._said)

    get = request


@cache
def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


def _vector() -> dict[str, Any]:
    labels = {"node": "n1", "rack": "r1", "row": "a", "hall": "h"}
    series = {"metric": labels, "value": [_START, "5e6"], "values": [[_START + 3600, "1.5e6"]]}
    return {"status": "success", "data": {"resultType": "vector", "result": [series]}}


def _api(choices: Choices) -> Said:
    if choices.seldom(10):
        error = {"status": "error", "error": choices.pick(odd.TEXTS)}
        return Said(422, json_changes.changed(error, choices), {})
    if choices.seldom(10):
        kept = choices.pick(("15d", "0s", "1.2.3d", f"{'9' * 500}y", "10GB", *odd.TEXTS))
        return Said(200, json.dumps({"storageRetention": kept}).encode(), {})
    if choices.seldom(10):
        text = f'-retentionPeriod="{choices.pick(("1", "1.5", "²", *odd.TEXTS))}"'
        return Said(200, text.encode("utf-8", "surrogatepass"), {})
    return Said(200, json_changes.changed(_vector(), choices), {})


def _run_split(said: Said) -> bool:
    return _loop().run_until_complete(_split(said))


async def _split(said: Said) -> bool:
    server = Server(_URL)
    server._session = _Session(said)  # type: ignore[assignment]  # no network
    try:
        found = await measure(server, "seoul", _START, _START + 2 * _DAY, now_s=_NOW)
    except SplitError as error:
        checked(error)
        return False
    for node in found.nodes:
        assert isinstance(node.energy_mj, int)
        assert isinstance(node.node, str)
        assert all(isinstance(one, str) for one in (node.place.rack, node.place.row))
    return True


def _run_it_power(said: Said) -> bool:
    return _loop().run_until_complete(_it_power(said))


async def _it_power(said: Said) -> bool:
    faults = FaultBoard()
    reader = ItPowerReader(_URL, "seoul", faults)
    await reader._look(_Session(said))  # type: ignore[arg-type]  # no network
    for fault in faults.standing:
        checked(fault.problem)
    latest = reader.latest
    if latest is None:
        return False
    assert math.isfinite(latest.watts)
    assert latest.coverage_ratio is None or math.isfinite(latest.coverage_ratio)
    return True


_INFLUX: tuple[Any, ...] = (
    {"code": "invalid", "message": "partial write: field type conflict dropped=3"},
    {"error": "partial write", "data": [{"line_number": 2, "original_line": "a b=1"}]},
    {"code": "unauthorized", "message": f"unauthorized access: {odd.SECRET}"},
)
_PAGES = (
    b"<html><body>502 Bad Gateway</body></html>",
    f"token {odd.SECRET} is wrong, dropped={odd.DIGITS}".encode(),
    (f"{'x' * 293}{odd.SECRET}").encode(),
    (json.dumps({"message": f"no {' ' * 250}{' '.join(odd.SECRET)}{odd.SECRET}"})).encode(),
)
_LATER = (
    "5",
    "-5",
    odd.DIGITS,
    "Fri, 20 Nov 2026 14:00:00 GMT",
    "Fri, 31 Feb 2026 14:00:00 GMT",
    "Fri, 20 Nov 99999999999999999999 14:00:00 GMT",
    "Fri, 20 Nov 2026 14:00:00 +99999999999",
    "Thu, 01 Jan 0001 00:00:00 +1400",
    "Fri, 31 Dec 9999 23:59:59 -1200",
    *odd.TEXTS,
)


def _influx(choices: Choices) -> Said:
    if choices.seldom(3):
        body = byte_changes.changed(choices.pick(_PAGES), choices)
    else:
        body = json_changes.changed(choices.pick(_INFLUX), choices)
    status = choices.pick((400, 401, 404, 413, 422, 429, 500, 503, 302, 204, 999))
    later = choices.pick(_LATER).encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    return Said(status, body, {"Retry-After": later})


def _run_influx(said: Said) -> bool:
    token = written("token", f"{odd.SECRET}\n".encode())
    options = InfluxOptions(url="https://influx.example", org="o", bucket="b", token_file=token)
    sender = InfluxSender(options)
    sender._token.current()
    answer = Answer(said.status, said.body, CIMultiDict(said.headers))
    words = sender._words(answer)
    checked(words)
    assert answer.dropped is None or answer.dropped >= 0
    assert answer.bad_points in {True, False}
    error = of_answer(answer, options, words)
    assert isinstance(error, DeliveryError)
    checked(error.text)
    wait = error.retry_after_seconds
    assert wait is None or 0 <= wait < math.inf
    return bool(answer.bad_points)


def _duration(choices: Choices) -> str:
    parts = ("15d", "1y", "6w", "1.5h", ".", "..d", "9" * 400 + "y", " ", "ms", "٣d")
    count = choices.below(4)
    return choices.pick(odd.TEXTS) if not count else "".join(map(choices.pick, [parts] * count))


def _run_duration(text: str) -> bool:
    found = duration(text)
    assert found is None or 0 <= found < math.inf
    return found is not None


TARGETS = (
    Target(name="prometheus-split", make=_api, run=_run_split),
    Target(name="prometheus-it-power", make=_api, run=_run_it_power),
    Target(name="influxdb", make=_influx, run=_run_influx),
    Target(name="duration", make=_duration, run=_run_duration),
)
