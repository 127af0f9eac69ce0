"""Writes rows of line protocol to InfluxDB 2 and 3, VictoriaMetrics, and what speaks alike."""

import asyncio
import math
import ssl
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus

import aiohttp
from influxdb_client.client.influxdb_client_async import InfluxDBClientAsync
from influxdb_client.rest import ApiException

from collector.ledger.model import OutboxRow
from exporters.delivery import DeliveryError, Sent
from exporters.influxdb.connection import Watch, connect, set_header, tls_context
from exporters.influxdb.errors import Answer, of_answer, of_exception
from exporters.influxdb.options import InfluxOptions
from exporters.influxdb.token import TokenFile

_GZIP_WBITS = 16 + zlib.MAX_WBITS  # zlib.h, deflateInit2: a gzip header around it
_GZIP_LEVEL = 5
_INLINE_BYTES = 65_536


class InfluxSender:
    """Sends batches, isolates the points that the server refuses, splits what is too large.

    Args:
        options: where to.
    """

    def __init__(self, options: InfluxOptions) -> None:
        self._options = options
        self._token = TokenFile(options.token_file)
        self._client: InfluxDBClientAsync | None = None
        self._watch = Watch()
        self._most_bytes = math.inf  # of a body; learned from a server that says 413
        self._connected_before = False

    async def send(self, rows: Sequence[OutboxRow]) -> Sent:
        """Write rows. When it fails after a part went through, the rest is not in the answer.

        Raises:
            DeliveryError: nothing went through.
        """
        outcome = _Outcome()
        try:
            await self._send(rows, outcome)
        except DeliveryError:
            self._connected_before = False
            if not outcome.delivered and not outcome.refused:
                raise
        return Sent(outcome.delivered, outcome.refused, outcome.reconnected)

    async def close(self) -> None:
        """Close the connection."""
        client, self._client = self._client, None
        self._connected_before = False
        if client is not None:
            await client.close()  # type: ignore[no-untyped-call]  # the client's, without types

    async def _send(self, rows: Sequence[OutboxRow], outcome: "_Outcome") -> None:
        todo = [rows]
        too_large: dict[int, Answer] = {}
        while todo:
            part = todo.pop()
            answer, lost = await self._write(part)
            outcome.reconnected |= lost
            if answer is None:
                outcome.delivered += [row.id for row in part]
            elif _splits(answer, part):
                middle = len(part) // 2
                todo += [part[middle:], part[:middle]]
            elif answer.bad_points:
                words = self._words(answer)
                outcome.refused |= {row.id: words for row in part}
            elif answer.too_large:
                too_large[part[0].id] = answer
            else:
                raise self._wrong(answer)
        for id_, answer in too_large.items():
            if not outcome.delivered:  # then it is the server's limit, not the row
                raise self._wrong(answer)
            outcome.refused[id_] = self._words(answer)

    async def _write(self, part: Sequence[OutboxRow]) -> tuple[Answer | None, bool]:
        """Post rows; the answer unless it is success, and whether a connection was lost."""
        body = b"\n".join(row.payload for row in part)
        size = len(body)
        if len(part) > 1 and size > self._most_bytes:
            return Answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, b"", {}), False
        if self._options.gzip:
            body = await _compressed(body)
        was_polite = self._watch.polite
        self._watch.fresh = False
        try:
            answer = await self._post(body)
        except DeliveryError as error:
            if error.word != "dropped" or self._watch.fresh or not self._connected_before:
                raise
            # The server closed the idle connection at that moment. Writing twice is harmless.
            answer = await self._post(body)
        lost = self._connected_before and self._watch.fresh and not was_polite
        self._connected_before = True
        if answer is not None and answer.too_large:
            self._most_bytes = min(self._most_bytes, size / 2)
        return answer, lost

    async def _post(self, body: bytes) -> Answer | None:
        client = await self._ready()
        options = self._options
        try:
            taken = await client.write_api().write(options.bucket, options.org, body)
        except ApiException as error:
            return Answer(error.status, error.body or b"", error.headers or {})
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            fault = of_exception(error, options)
            if fault.word == "tls":
                await self.close()  # the next try reads ca_file again
            raise fault from None
        return None if taken else Answer(HTTPStatus.OK, b"", {})

    async def _ready(self) -> InfluxDBClientAsync:
        """The client, with the token as its file holds it now."""
        token = self._token.current()
        client = self._client
        if client is None:
            client = self._client = connect(self._options, await self._tls(), self._watch)
        if self._options.gzip:
            set_header(client, "Content-Encoding", "gzip")
        if token:
            set_header(client, "Authorization", f"Token {token}")
        return client

    async def _tls(self) -> ssl.SSLContext | None:
        options = self._options
        if not options.url.startswith("https:"):
            return None
        try:
            return await asyncio.to_thread(tls_context, options.ca_file)
        except OSError as error:
            raise DeliveryError(
                "ca_file",
                f"the file of certificates {options.ca_file} cannot be used:"
                f" {'it holds none' if isinstance(error, ssl.SSLError) else error.strerror}",
                action="correct influxdb.ca_file; it is tried again by itself",
            ) from None

    def _words(self, answer: Answer) -> str:
        return answer.words_without(self._token.hidden)

    def _wrong(self, answer: Answer) -> DeliveryError:
        return of_answer(answer, self._options, self._words(answer))


@dataclass(slots=True)
class _Outcome:
    """What became of the rows so far."""

    delivered: list[int] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)
    reconnected: bool = False


def _splits(answer: Answer, part: Sequence[OutboxRow]) -> bool:
    """Whether halves of the part may fare better."""
    if len(part) == 1:
        return False
    # When all points are bad, to send each by itself would tell nothing more.
    return answer.too_large or (answer.bad_points and answer.dropped != len(part))


async def _compressed(body: bytes) -> bytes:
    """Gzip; what takes long does not hold up the event loop."""
    if len(body) <= _INLINE_BYTES:
        return zlib.compress(body, _GZIP_LEVEL, _GZIP_WBITS)
    return await asyncio.to_thread(zlib.compress, body, _GZIP_LEVEL, _GZIP_WBITS)
