"""Reads what `Finder` found, in time and again."""

import asyncio
import contextlib
import time
from collections.abc import Mapping, Sequence

from collector.sources.host.protocol import HostReading, HostSourceError, NothingHereError
from collector.sources.host.redfish.client import RedfishClient
from collector.sources.host.redfish.find import Finder, Probe
from collector.sources.host.redfish.options import LEAST_SECONDS, RedfishOptions
from collector.sources.host.redfish.shapes import Resource

NAME = "redfish"
_FIND_SECONDS = 180.0
"""A service may show a hundred resources and take a second for each."""
_READ_SECONDS = 60.0
_MOST_FOUND_BYTES = 16_000_000
"""All that is remembered while looking around: several times what the largest service says."""
_OVER = {"timeout", "unreachable", "broken", "tls", "unauthorized", "password_file"}
"""After one of these, asking on would only cost the service more time."""


class RedfishSource:
    """Host power by Redfish.

    Args:
        options: where the service is.
    """

    name = NAME

    def __init__(self, options: RedfishOptions) -> None:
        self._options = options
        self.seconds = max(options.seconds, LEAST_SECONDS)
        self._client = RedfishClient(options)
        self._probes: Sequence[Probe] = ()

    async def open(self) -> None:
        """Find what tells power.

        Raises:
            NothingHereError: nothing does.
            HostSourceError: the service is not well.
        """
        try:
            async with asyncio.timeout(_FIND_SECONDS):
                self._probes = await Finder(self._remembering()).find()
        except TimeoutError:
            raise self._too_slow(_FIND_SECONDS) from None
        except NothingHereError as error:
            raise NothingHereError(
                f"Redfish: {self._options.url}: {error}",
                "remove [host.redfish], or update the controller's firmware",
            ) from None

    async def read(self) -> Sequence[HostReading]:
        """Every value that was found.

        Raises:
            HostSourceError: the service does not answer at all.
        """
        fetched: dict[str, tuple[int, Resource | HostSourceError]] = {}
        problem: HostSourceError | None = None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_READ_SECONDS):
                for address in dict.fromkeys(probe.address for probe in self._probes):
                    before_ns = time.monotonic_ns()
                    try:
                        found: Resource | HostSourceError = await self._client.get(address)
                    except HostSourceError as error:
                        found = problem = error
                    fetched[address] = (before_ns + time.monotonic_ns()) // 2, found
                    if problem is not None and problem.word in _OVER:
                        break
        readings = [_reading(probe, fetched) for probe in self._probes]
        if not any(reading.error == "" for reading in readings):
            raise problem or (
                self._too_slow(_READ_SECONDS)
                if len(fetched) < len({probe.address for probe in self._probes})
                else HostSourceError(
                    f"Redfish: {self._options.url} has no power reading any more", "no_reading"
                )
            )
        return readings

    async def close(self) -> None:
        """End the session at the service."""
        self._probes = ()
        await self._client.close()

    def _remembering(self) -> "_Remembering":
        return _Remembering(self._client)

    def _too_slow(self, seconds: float) -> HostSourceError:
        return HostSourceError(
            f"Redfish: {self._options.url} took longer than {seconds:g} s for all of it", "timeout"
        )


class _Remembering:
    """Fetches each resource once: looking around asks for some of them several times."""

    def __init__(self, client: RedfishClient) -> None:
        self._client = client
        self._most_bytes = client.taken_bytes + _MOST_FOUND_BYTES
        self._known: dict[str, Resource | HostSourceError] = {}

    async def __call__(self, address: str) -> Resource:
        known = self._known.get(address)
        if known is None:
            if self._client.taken_bytes > self._most_bytes:
                raise HostSourceError("Redfish: the service says too much to look at", "too_large")
            try:
                known = await self._client.get(address)
            except HostSourceError as error:
                known = error
            self._known[address] = known
        if isinstance(known, HostSourceError):
            raise known
        return known


def _reading(
    probe: Probe, fetched: Mapping[str, tuple[int, Resource | HostSourceError]]
) -> HostReading:
    at_ns, found = fetched.get(
        probe.address, (time.monotonic_ns(), HostSourceError("not asked", "timeout"))
    )
    error, power_mw = "", None
    if isinstance(found, HostSourceError):
        error = "gone" if found.word == "not_found" else found.word
    else:
        power_mw = probe.read(found)
        if power_mw is None:
            error = "no_reading"
    return HostReading(
        source=NAME,
        scope=probe.scope,
        device=probe.device,
        monotonic_ns=at_ns,
        milliwatts=power_mw,
        error=error,
        via=probe.via,
    )
