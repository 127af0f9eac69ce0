"""Answers of a management controller: bodies, headers, links that lead astray."""

import asyncio
import copy
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cache
from typing import Any, Self

from multidict import CIMultiDict

from collector.sources.host.protocol import HostReading, HostSourceError
from collector.sources.host.redfish.options import RedfishOptions
from collector.sources.host.redfish.source import RedfishSource
from tests.fuzz import byte_changes, json_changes, odd
from tests.fuzz.choices import Choices
from tests.fuzz.target import Target, written
from tests.fuzz.words import checked
from tests.host.services import service

_URL = "https://bmc.example"
_SERVICES = ("old-server", "openbmc", "rack-server", "hgx-tray")
_MOST_MW = 10**9
_MOST_LETTERS = 80
_HEADERS = (
    ("Retry-After", odd.DIGITS),
    ("Retry-After", "\N{ARABIC-INDIC DIGIT THREE}"),
    ("Retry-After", "-1"),
    *(("Location", place) for place in odd.PLACES),
    ("X-Auth-Token", "t\x7f"),
)


class _Answer:
    """What aiohttp hands out for a request."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status = status
        self.reason = "Said\x1b[31m So" if status == 418 else ""
        self.headers = CIMultiDict(headers)
        self.content = self
        self._body = body

    async def iter_chunked(self, size: int) -> AsyncIterator[bytes]:
        """The body in parts."""
        for at in range(0, len(self._body), size):
            yield self._body[at : at + size]

    def close(self) -> None:
        """Hang up."""


class _Service:
    """Stands in for a session: everything that the source asks comes by here."""

    def __init__(self, answers: "Answers") -> None:
        self._answers = answers
        self.asked = 0

    @asynccontextmanager
    async def get(self, url: str, **_: Any) -> AsyncIterator[_Answer]:
        """Answer as prepared."""
        self.asked += 1
        yield self._answers.of(url)

    post = get
    delete = get

    async def close(self) -> None:
        """Nothing stays open."""


class Answers:
    """What a service says.

    Args:
        bodies: by address.
        statuses: of addresses that answer otherwise than with 200, and their headers.
    """

    def __init__(
        self, bodies: Mapping[str, bytes], statuses: Mapping[str, tuple[int, Mapping[str, str]]]
    ) -> None:
        self._bodies, self._statuses = bodies, statuses

    def of(self, url: str) -> _Answer:
        """The answer to a request."""
        address = url.removeprefix(_URL)
        body = self._bodies.get(address) or self._bodies.get(address.rstrip("/"))
        status, headers = self._statuses.get(address, (200 if body else 404, {}))
        return _Answer(status, headers, body or b"{}")

    @classmethod
    def made(cls, choices: Choices) -> Self:
        """A service of which something is odd."""
        resources = _plain(choices.pick(_SERVICES))
        bodies = dict(resources)
        statuses: dict[str, tuple[int, Mapping[str, str]]] = {}
        addresses = list(resources)
        for _ in range(1 + choices.below(4)):
            address = choices.pick(addresses)
            document = service_of(resources, address)
            if choices.seldom(6):
                status = choices.pick((301, 302, 401, 403, 404, 418, 429, 500, 503, 999))
                statuses[address] = (status, dict([choices.pick(_HEADERS)]))
            elif choices.seldom(3):
                bodies[address] = _led_astray(document, choices)
            elif choices.seldom(8):
                bodies[address] = byte_changes.changed(bodies[address], choices)
            else:
                bodies[address] = json_changes.changed(document, choices)
        return cls(bodies, statuses)


@cache
def _documents(name: str) -> Mapping[str, Any]:
    return service(name)


@cache
def _plain(name: str) -> Mapping[str, bytes]:
    return {
        address: json_changes.dumped(document).encode()
        for address, document in _documents(name).items()
    }


def service_of(resources: Mapping[str, bytes], address: str) -> Any:
    """The document at an address of a service."""
    name = next(one for one in _SERVICES if _plain(one) is resources)
    return _documents(name)[address]


def _led_astray(document: Any, choices: Choices) -> bytes:
    """The document with its links going elsewhere."""
    made = copy.deepcopy(document)
    waiting: list[Any] = [made]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if "@odata.id" in one and choices.seldom(3):
                one["@odata.id"] = choices.pick(odd.PLACES)
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return json_changes.dumped(made).encode()


@cache
def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


def _run(answers: Answers) -> bool:
    return _loop().run_until_complete(_looked(answers))


async def _looked(answers: Answers) -> bool:
    password = written("bmc-password", b"secret\n")
    options = RedfishOptions(url=_URL, username="reader", password_file=password)
    source = RedfishSource(options)
    session = _Service(answers)
    source._client._session = session  # type: ignore[assignment]  # no network
    try:
        await source.open()
        _sane(await source.read())
    except HostSourceError as error:
        checked(error)
        checked(error.word)
        _patient(error.retry_seconds)
        return False
    finally:
        await source.close()
    return True


def _patient(seconds: float | None) -> None:
    assert seconds is None or 0 <= seconds <= 3600


def _sane(readings: Any) -> None:
    assert len(readings) < 5000
    for reading in readings:
        assert isinstance(reading, HostReading)
        assert (reading.milliwatts is None) == bool(reading.error)
        assert reading.milliwatts is None or 0 <= reading.milliwatts <= _MOST_MW
        assert type(reading.milliwatts) in {int, type(None)}
        assert len(reading.device) <= _MOST_LETTERS
        assert reading.device.isprintable()


TARGETS = (Target(name="redfish", make=Answers.made, run=_run, share=0.6),)
