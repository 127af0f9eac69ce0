"""What the nodes draw together, as Prometheus adds it up: one number, read now and then.

Summing thousands of nodes is Prometheus's work (alerts/rules/recording.yml); here it stands beside
what the IT meters say.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

import aiohttp

from collector.daemon.faults import FaultBoard
from collector.shown import shown

PART = "prometheus"
SECONDS = 15.0
STALE_NS = 90_000_000_000
"""Six scrapes: what is older is not shown."""
_TIMEOUT_SECONDS = 10.0
_MOST_BYTES = 1_000_000
_MOST_WORDS = 200
_POWER = "site:it_power_watts:sum"
_COVERAGE = "site:it_power_watts:coverage_ratio"


@dataclass(frozen=True, slots=True, kw_only=True)
class ItPower:
    """IT power by the nodes.

    Attributes:
        watts: the sum.
        coverage_ratio: the share of nodes that are in it; None when no rule says so.
        monotonic_ns: when it was read.
    """

    watts: float
    coverage_ratio: float | None
    monotonic_ns: int


class ItPowerReader:
    """Asks a Prometheus for the site's IT power.

    Args:
        url: the Prometheus, or a VictoriaMetrics.
        site: the site's name, the label of its series.
        faults: told when there is no answer.
    """

    def __init__(self, url: str, site: str, faults: FaultBoard) -> None:
        self.latest: ItPower | None = None
        self._url = f"{url.rstrip('/')}/api/v1/query"
        self._site = site
        self._faults = faults

    async def run(self) -> None:
        """Ask every 15 s until cancelled."""
        timeout = aiohttp.ClientTimeout(total=_TIMEOUT_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            while True:
                await self._look(session)
                await asyncio.sleep(SECONDS)

    def current(self, now_ns: int) -> ItPower | None:
        """What was read last, unless it is too old."""
        latest = self.latest
        return None if latest is None or now_ns - latest.monotonic_ns > STALE_NS else latest

    async def _look(self, session: aiohttp.ClientSession) -> None:
        now_ns = int(asyncio.get_running_loop().time() * 1e9)
        try:
            watts = await self._ask(session, _POWER)
            coverage = None if watts is None else await self._ask(session, _COVERAGE)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, RecursionError) as error:
            why = shown(str(error), _MOST_WORDS) or type(error).__name__
            self._faults.report(
                PART,
                f"{self._url} does not answer as it should: {why}",
                "check [site] prometheus_url; without it IT power by the nodes is not shown",
            )
            return
        if watts is None:
            self._faults.report(
                PART,
                f'there is no {_POWER}{{site="{self._site}"}} in {self._url}',
                "load the recording rules that 'wattkeeper render' writes, and label the scrape "
                "targets with this site",
            )
            return
        self._faults.clear(PART)
        self.latest = ItPower(watts=watts, coverage_ratio=coverage, monotonic_ns=now_ns)

    async def _ask(self, session: aiohttp.ClientSession, name: str) -> float | None:
        query = f"{name}{{site={json.dumps(self._site)}}}"
        async with session.get(
            self._url, params={"query": query}, allow_redirects=False
        ) as response:
            response.raise_for_status()
            body = bytearray()
            async for chunk in response.content.iter_any():
                body += chunk
                if len(body) > _MOST_BYTES:
                    raise ValueError(f"the answer is longer than {_MOST_BYTES} bytes")
        return _one_value(json.loads(body))


def _one_value(answer: Any) -> float | None:
    """The value of an instant query that finds one series; None when it finds none.

    Raises:
        ValueError: it is no such answer.
    """
    data = answer.get("data") if isinstance(answer, Mapping) else None
    found = data.get("result") if isinstance(data, Mapping) else None
    if not isinstance(found, list):
        raise ValueError("the answer is not that of a Prometheus")  # noqa: TRY004 - it is data
    if not found:
        return None
    try:
        value = float(found[0]["value"][1])
    except (KeyError, IndexError, TypeError, ValueError, OverflowError):
        raise ValueError("the answer is not that of a Prometheus") from None
    if not isfinite(value):
        raise ValueError(f"the answer is {value}, no number")
    return value
