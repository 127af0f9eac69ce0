"""Asks a Prometheus, or whatever speaks its HTTP API, and says in words what goes wrong."""

import json
import re
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import aiohttp

from collector.shown import shown
from exporters.utility.split.errors import SplitError

_DAY_SECONDS = 86_400
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": _DAY_SECONDS, "w": 7 * _DAY_SECONDS,
          "y": 365 * _DAY_SECONDS}  # fmt: skip
_NUMBER = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,6})?")
_PART = re.compile(rf"({_NUMBER.pattern})(ms|[smhdwy])")
_DURATION = re.compile(rf"(?:{_PART.pattern}){{1,8}}")
_CHUNK_BYTES = 65_536
_MOST_BYTES = 256 << 20
"""A day of 50,000 nodes, hour by hour, has a fifth of it."""
_STRANGE = "that is no answer of Prometheus's HTTP API"
_MONTH_SECONDS = 31 * _DAY_SECONDS
_NOT_THERE = 404
_OK = 200
_SAID = 300

Series = tuple[Mapping[str, str], list[tuple[float, str]]]
"""Labels, and times with values, as they came: there may be millions."""


class Server:
    """A connection to it.

    Args:
        url: of the server, without user and password.
        timeout_seconds: how long one answer may take.
    """

    def __init__(self, url: str, *, timeout_seconds: float = 120.0) -> None:
        self.url = url.rstrip("/")
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=self._timeout)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def query(self, expression: str, at_s: int) -> list[Series]:
        """The values of an expression at an instant.

        Raises:
            SplitError: it does not answer, or refuses.
        """
        found = await self._data("query", {"query": expression, "time": str(at_s)})
        return [(labels, [value]) for labels, value in self._series(found, "value")]

    async def query_range(
        self, expression: str, start_s: int, end_s: int, step_seconds: int
    ) -> list[Series]:
        """The values of an expression at every step from one instant to another, both included.

        Raises:
            SplitError: it does not answer, or refuses.
        """
        asked = {
            "query": expression,
            "start": str(start_s),
            "end": str(end_s),
            "step": str(step_seconds),
        }
        return self._series(await self._data("query_range", asked), "values")

    def _series(self, data: Any, key: str) -> list[tuple[Mapping[str, str], Any]]:
        """Labels and values of each series; the values themselves are looked at when used."""
        result = data.get("result") if isinstance(data, dict) else None
        if not isinstance(result, list):
            raise self._strange()
        found: list[tuple[Mapping[str, str], Any]] = []
        for each in result:
            labels = each.get("metric") if isinstance(each, dict) else None
            if not isinstance(labels, dict) or not isinstance(each.get(key), list):
                raise self._strange()
            if not all(isinstance(value, str) for value in labels.values()):
                raise self._strange()
            found.append((labels, each[key]))
        return found

    def _strange(self) -> SplitError:
        return SplitError(f"{self.url}: {_STRANGE}")

    async def retention_seconds(self) -> float | None:
        """How long it keeps what it has; None where it does not say."""
        status, text = await self._ask("GET", "/api/v1/status/runtimeinfo", None)
        if status == _OK and (found := re.search(r'"storageRetention":\s*"([^"]*)"', text)):
            return duration(found[1].split(" or ")[0])
        status, text = await self._ask("GET", "/flags", None)
        if status == _OK and (found := re.search(r'-retentionPeriod="([^"]*)"', text)):
            months = _NUMBER.fullmatch(found[1])
            return float(found[1]) * _MONTH_SECONDS if months else duration(found[1])
        return None

    async def _data(self, what: str, form: Mapping[str, str]) -> Any:
        status, text = await self._ask("POST", f"/api/v1/{what}", form)
        try:
            answer = json.loads(text)
            if answer["status"] == "success":
                return answer["data"]
            said = str(answer.get("error", ""))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            said = _STRANGE
        hint = "; is that its address?" if status == _NOT_THERE else ""
        raise SplitError(f"{self.url} answered {status}: {shown(said, _SAID)}{hint}")

    async def _ask(self, method: str, path: str, form: Mapping[str, str] | None) -> tuple[int, str]:
        if self._session is None:
            raise RuntimeError("not connected")
        try:
            async with self._session.request(method, self.url + path, data=form) as answer:
                body = bytearray()
                async for chunk in answer.content.iter_chunked(_CHUNK_BYTES):
                    body += chunk
                    if len(body) > _MOST_BYTES:
                        raise SplitError(
                            f"{self.url} answered with more than {_MOST_BYTES >> 20} MiB; is that "
                            "a Prometheus?"
                        )
                return answer.status, body.decode("utf-8", "replace")
        except TimeoutError:
            raise SplitError(
                f"{self.url} did not answer within {self._timeout.total:g} s"
            ) from None
        except (aiohttp.ClientError, OSError) as error:
            raise SplitError(
                f"{self.url} cannot be reached ({type(error).__name__}); is it running, and is "
                "--prometheus or [site] prometheus_url right?"
            ) from None


def duration(text: str) -> float | None:
    """Prometheus's durations, like `15d` or `1y6w`, in seconds; None when it is none."""
    if not _DURATION.fullmatch(text.strip()):
        return None
    return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
