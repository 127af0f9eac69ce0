"""What the server's answers mean: wait, split, or these points are bad."""

import json
import math
import os
import re
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import aiohttp

from exporters.delivery import DeliveryError
from exporters.influxdb.options import InfluxOptions

_MOST_CHARACTERS = 300
_BAD_POINTS = re.compile(
    r"partial write|unable to parse|parsing failed|parse error|field type conflict|"
    r"beyond retention|invalid (?:line|field|tag|number|timestamp|boolean|float)|max-series|"
    r"max-values|key too|time outside range|line protocol",
    re.IGNORECASE,
)
_MOST_LOOKED_AT = 10_000
_DROPPED = re.compile(r"\bdropped=([0-9]{1,15})\b")
# What proxies say when the server behind them is gone; it may come back with less than it had.
_SERVER_GONE = {HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT}


@dataclass(frozen=True, slots=True)
class Answer:
    """A server's answer that is no success.

    Attributes:
        status: the HTTP status.
        body: as it was sent.
        headers: by name, in any case.
    """

    status: int
    body: bytes
    headers: Mapping[str, str]

    @property
    def words(self) -> str:
        """What the server says, on one line, for people."""
        return self.words_without(str)

    def words_without(self, hide: Callable[[str], str]) -> str:
        """The same.

        Args:
            hide: takes secrets out of a text. It comes before the text is cut, for half a secret
                would not be found any more.
        """
        said = self._json()
        found = next((said[key] for key in ("message", "error") if said.get(key)), None)
        text = found if isinstance(found, str) else self.body.decode("utf-8", "replace")
        if isinstance(said.get("data"), list | dict):  # InfluxDB 3 names the line only here
            text = f"{text} {_dumped(said['data'])}"
        elif text.lstrip().startswith("<"):  # a proxy's page says no more than its status
            text = _phrase(self.status)
        text = hide(text)[:_MOST_LOOKED_AT]
        line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
        return line[:_MOST_CHARACTERS] or _phrase(self.status)

    @property
    def too_large(self) -> bool:
        """Whether the request was larger than the server takes."""
        return self.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE

    @property
    def bad_points(self) -> bool:
        """Whether points are to blame, and not the request: the server speaks of them, in JSON.

        A proxy says 400 too, to a wrong token for one (vmauth does); no point is at fault then.
        """
        about_points = {HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY}
        return self.status in about_points and bool(
            self._json() and _BAD_POINTS.search(self.body.decode("utf-8", "replace"))
        )

    @property
    def dropped(self) -> int | None:
        """How many points the server says it dropped; None when it does not say."""
        found = _DROPPED.search(self.body.decode("utf-8", "replace"))
        return int(found.group(1)) if found else None

    @property
    def retry_after_seconds(self) -> float | None:
        """What `Retry-After` asks for, a number or a date (RFC 9110, 10.2.3)."""
        text = self.headers.get("Retry-After", "").strip()
        if re.fullmatch(r"\d{1,9}", text):
            return float(text)
        try:
            moment = parsedate_to_datetime(text)
        except (ValueError, OverflowError):  # a day that is none, a year beyond all numbers
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        wait = (moment - datetime.fromtimestamp(time.time(), UTC)).total_seconds()
        return wait if math.isfinite(wait) and wait > 0 else None

    def _json(self) -> Mapping[str, object]:
        try:
            said = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return said if isinstance(said, dict) else {}


def of_answer(answer: Answer, options: InfluxOptions, words: str) -> DeliveryError:
    """What an answer means that concerns the whole request.

    Args:
        answer: the server's.
        options: who was asked for what.
        words: the answer's words, without secrets.
    """
    status, url = answer.status, options.url
    said = f"({status}: {words})"
    where = options.token_file or "token_file, which is not set"
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        word = "unauthorized" if status == HTTPStatus.UNAUTHORIZED else "forbidden"
        text = f"{url} refuses the token for bucket '{options.bucket}' {said}"
        action = f"put a token that may write there into {where}; it is read again by itself"
        return DeliveryError(word, text, action=action)
    if status == HTTPStatus.NOT_FOUND:
        text = f"{url} knows no bucket '{options.bucket}' of organization '{options.org}' {said}"
        action = "make the bucket, or correct influxdb.bucket, influxdb.org or influxdb.url"
        return DeliveryError("not_found", text, action=action)
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        text = f"{url} points to another address, which is not followed {said}"
        return DeliveryError("redirected", text, action="put the right address into influxdb.url")
    wait = answer.retry_after_seconds
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        text = f"{url} takes no more for now {said}"
        return DeliveryError("throttled", text, retry_after_seconds=wait)
    if answer.too_large:
        text = f"{url} does not even take a single window {said}"
        return DeliveryError("too_large", text, action="raise the server's limit of a request")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.REQUEST_TIMEOUT:
        gone = status in _SERVER_GONE and wait is None
        text = f"{url} has trouble of its own {said}"
        return DeliveryError("server", text, retry_after_seconds=wait, lost_connection=gone)
    if status < HTTPStatus.MULTIPLE_CHOICES:
        text = f"{url} answers, but not as InfluxDB does {said}"
        return DeliveryError("not_influxdb", text, action="correct influxdb.url")
    text = f"{url} does not take requests as ours {said}"
    action = "look at its log, and at influxdb.url, influxdb.bucket and the token"
    return DeliveryError("rejected", text, action=action)


def of_exception(
    error: aiohttp.ClientError | TimeoutError | OSError, options: InfluxOptions
) -> DeliveryError:
    """What it means that there is no answer."""
    url = options.url
    match error:
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientSSLError() | ssl.SSLError():
            reason = getattr(error, "certificate_error", error)
            text = f"{url} shows no certificate that can be trusted: {_tls_words(reason)}"
            action = "set influxdb.ca_file to the authority that signed it, or mend the certificate"
            return DeliveryError("tls", text, action=action)
        case aiohttp.ClientConnectorDNSError():
            text = f"{url}: there is no host of that name"
            action = "correct influxdb.url, or the name service"
            return DeliveryError("unknown_host", text, action=action, lost_connection=True)
        case aiohttp.ServerTimeoutError() | TimeoutError():
            text = f"{url} does not answer within {options.timeout_seconds:g} s"
            return DeliveryError("timeout", text, lost_connection=True)
        case aiohttp.ClientConnectorError():
            number = error.os_error.errno
            text = f"{url} cannot be reached: {os.strerror(number) if number else 'no connection'}"
            action = "start it, or correct influxdb.url; windows wait in the ledger meanwhile"
            return DeliveryError("refused", text, action=action, lost_connection=True)
        case _:
            text = f"{url} broke the connection off before it had answered"
            return DeliveryError("dropped", text, lost_connection=True)


def _dumped(data: object) -> str:
    try:
        return json.dumps(data)
    except RecursionError:  # it was read with less on the stack
        return ""


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "no words"


def _tls_words(error: object) -> str:
    return str(getattr(error, "verify_message", "") or getattr(error, "reason", "") or "TLS failed")
