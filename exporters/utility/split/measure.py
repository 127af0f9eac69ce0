"""What each node used in a period, by the increase of its counters in Prometheus, day by day.

The server works out the increase from every sample it has, so a counter that began again at zero is
right. Replicas of one series count once (`max by` what names the device), and of the two ways to
measure a node only one is used.
"""

import asyncio
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from exporters.utility.split.errors import SplitError
from exporters.utility.split.server import Series, Server
from exporters.utility.split.values import Basis, Measured, NodeEnergy, Place

HOST_COUNTER = "host_input_energy_joules_total"
GPU_COUNTER = "gpu_energy_joules_total"
_HOUR_SECONDS = 3600
_DAY_SECONDS = 86_400
_ENOUGH = 3
_MJ = 1000
_AT_ONCE = 2
_MOST_JOULES = 1e18
"""A gigawatt for thirty years."""
_LAST_SECOND = 1e11
"""Of UTC: the year 5138."""
_STRANGE = "the values of the server are no numbers: is it a Prometheus?"
_PLACE = "site, hall, row, rack, node"

Progress = Callable[[int, int], None]
"""Told how much is done, of how much."""


def queries(site: str, window_seconds: int) -> dict[Basis, str]:
    """What is asked for: the energy of each node in the window before, in joules."""
    # A server that serves one site alone may not have the label.
    only = f'site=~"{_escaped(site)}|"'
    window = f"[{window_seconds}s]"
    return {
        Basis.HOST: f"max by ({_PLACE}) (increase({HOST_COUNTER}{{{only}}}{window}))",
        Basis.GPU: (
            f"sum by ({_PLACE}) (max by ({_PLACE}, uuid) "
            f'(increase({GPU_COUNTER}{{scope="gpu", {only}}}{window})))'
        ),
    }


async def measure(
    server: Server,
    site: str,
    start_s: int,
    end_s: int,
    nodes: Iterable[str] = (),
    *,
    now_s: int,
    progress: Progress = lambda _done, _of: None,
) -> Measured:
    """Ask what the nodes of a site used.

    Args:
        server: which to ask, connected.
        site: its name, as the label `site` has it.
        start_s: when the period begins, UTC seconds.
        end_s: when it ends.
        nodes: those that there should be; what tells of none of them is asked for another way.
        now_s: now.
        progress: told after each day.

    Raises:
        SplitError: the server does not answer, keeps too little, or knows no node.
    """
    if end_s > now_s:
        raise SplitError("the period is not over: there is no energy of nodes to split it by")
    await _check_retention(server, start_s, now_s)
    step = await _step_seconds(server, site, start_s, end_s)
    span = (start_s, end_s, step)
    found = await _sums(server, site, Basis.HOST, span, progress)
    by_host = {name: sums.energy(name, Basis.HOST) for name, sums in found.items()}
    measured = by_host
    if not by_host or set(nodes) - set(by_host):
        found = await _sums(server, site, Basis.GPU, span, progress)
        measured = {name: sums.energy(name, Basis.GPU) for name, sums in found.items()} | by_host
    if not measured:
        raise SplitError(
            f"{server.url} has neither {HOST_COUNTER} nor {GPU_COUNTER} of site {site} in this "
            "period: is it the server that scrapes the nodes, and was the site called so then?"
        )
    return Measured(
        server=server.url,
        start_s=start_s,
        end_s=end_s,
        steps=math.ceil((end_s - start_s) / step),
        step_seconds=step,
        nodes=tuple(measured[name] for name in sorted(measured)),
    )


@dataclass(slots=True)
class _Sums:
    """A node's energy while it is being added up; the one mutable value here."""

    place: Place
    days: list[float] = field(default_factory=list)
    known: int = 0
    last: float = 0.0

    def energy(self, node: str, basis: Basis) -> NodeEnergy:
        return NodeEnergy(
            node=node,
            place=self.place,
            basis=basis,
            energy_mj=round(math.fsum(self.days) * _MJ),
            known=self.known,
        )


async def _sums(
    server: Server, site: str, basis: Basis, span: tuple[int, int, int], progress: Progress
) -> dict[str, _Sums]:
    start_s, end_s, step = span
    days = range(start_s, end_s, _DAY_SECONDS)
    found: dict[str, _Sums] = {}
    gate, done = asyncio.Semaphore(_AT_ONCE), 0

    async def one(day_s: int) -> None:
        nonlocal done
        last = min(day_s + _DAY_SECONDS, end_s)
        window = min(step, last - day_s)  # of a day that is cut short
        async with gate:
            query = queries(site, window)[basis]
            answer = await server.query_range(query, day_s + window, last, window)
        _add(found, answer)
        done += 1
        progress(done, len(days))

    try:
        async with asyncio.TaskGroup() as group:
            for day_s in days:
                group.create_task(one(day_s))
    except* SplitError as errors:
        raise _first(errors) from None
    return found


def _first(errors: ExceptionGroup[SplitError]) -> SplitError:
    error = errors.exceptions[0]
    return _first(error) if isinstance(error, ExceptionGroup) else error


def _add(found: dict[str, _Sums], answer: list[Series]) -> None:
    """Add what one day says. A node that moved has several series, perhaps within one step."""
    known: dict[str, set[float]] = {}
    for labels, points in answer:
        node = labels.get("node", "")
        good = _good(points)
        if not node or not good:
            continue
        place = Place(labels.get("rack", ""), labels.get("row", ""), labels.get("hall", ""))
        sums = found.setdefault(node, _Sums(place))
        if good[-1][0] > sums.last:  # where it was last
            sums.place, sums.last = place, good[-1][0]
        sums.days.append(math.fsum(value for _, value in good))
        known.setdefault(node, set()).update(at for at, _ in good)
    for node, steps in known.items():
        found[node].known += len(steps)


def _good(points: Iterable[object]) -> list[tuple[float, float]]:
    """Times and finite values.

    Raises:
        SplitError: there is something else, or what no node can have used.
    """
    found = []
    for point in points:
        match point:
            case [int() | float() as at, str() as text] if 0 <= at <= _LAST_SECOND:
                value = _number(text)
            case _:
                raise SplitError(_STRANGE)
        if math.isfinite(value):
            found.append((float(at), value))
    return found


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise SplitError(_STRANGE) from None
    if math.isfinite(value) and abs(value) > _MOST_JOULES:
        raise SplitError(f"the server tells of {value:g} J in one step, which is beyond all reason")
    return value


async def _check_retention(server: Server, start_s: int, now_s: int) -> None:
    kept = await server.retention_seconds()
    if kept and start_s < now_s - kept:
        first = datetime.fromtimestamp(now_s - kept, UTC)
        raise SplitError(
            f"{server.url} keeps {kept / _DAY_SECONDS:g} days, so nothing before {first:%Y-%m-%d}; "
            f"the period begins {datetime.fromtimestamp(start_s, UTC):%Y-%m-%d}. Keep more "
            "(--storage.tsdb.retention.time, -retentionPeriod), or ask the store that does"
        )


async def _step_seconds(server: Server, site: str, start_s: int, end_s: int) -> int:
    """An hour; a day where samples are so sparse that an hour may have one alone."""
    only = f'site=~"{_escaped(site)}|"'
    for name in (HOST_COUNTER, GPU_COUNTER):
        for at_s in (start_s + _DAY_SECONDS, (start_s + end_s) // 2, end_s):
            count = f"max(count_over_time({name}{{{only}}}[3h]))"
            if answer := await server.query(count, min(at_s, end_s)):
                good = _good(answer[0][1])
                often = good[0][1] if good else 0.0
                return _HOUR_SECONDS if often >= _ENOUGH else _DAY_SECONDS
    return _HOUR_SECONDS


def _escaped(text: str) -> str:
    """A name as a literal in a regular expression within quotes."""
    plain = "".join(char if char.isalnum() or char in "_-" else f"\\{char}" for char in text)
    return plain.replace("\\", "\\\\").replace('"', '\\"')
