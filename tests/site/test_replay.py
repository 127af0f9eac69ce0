"""64 measured nodes as meters: the demand of every quarter-hour, and peaks that coincide."""

import csv
import gzip
import heapq
import os
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from collector.model import Meter
from collector.site.demand import Demand, Interval
from collector.site.meter_account import MeterAccount, MeterPlan
from collector.site.quarters import MINUTE_NS, QUARTER_NS, SECOND_NS
from collector.sources.meters.reading import MeterReading, Quantity
from tests.site.rig import STALE_NS, check_windows, sum_of

# Measured traces are not part of the repository: put them into ../shared/traces, or name their
# folder in TRACES.
TRACES = Path(os.environ.get("TRACES") or Path(__file__).parents[3] / "shared" / "traces")
TRACE = "mlperf-v4.0-gpt3-64-nodes-ac.csv.gz"


def readings() -> Iterator[MeterReading]:
    """Every node's readings, by time; skips where there is no trace."""
    path = TRACES / TRACE
    if not path.exists():
        pytest.skip(f"no {TRACE} in {TRACES}; TRACES names the folder")
    nodes: dict[str, list[MeterReading]] = {}
    with gzip.open(path, "rt") as file:
        rows = csv.reader(file)
        next(rows)
        for node, time_ms, watts in rows:
            at_ns = int(time_ms) * 1_000_000
            nodes.setdefault(node, []).append(
                MeterReading(
                    meter=node,
                    quantity=Quantity.POWER,
                    value=float(watts),
                    source_ns=at_ns,
                    received_ns=at_ns,
                )
            )
    yield from heapq.merge(*nodes.values(), key=lambda one: one.source_ns)


def test_intervals_of_64_nodes_are_those_of_the_trace() -> None:
    accounts: dict[str, MeterAccount] = {}
    demands: dict[str, Demand] = {}
    intervals: dict[str, list[Interval]] = {}
    windows = []
    how = MeterPlan(stale_ns=STALE_NS, window_ns=MINUTE_NS, ceiling_mw=20_000_000)
    for reading in readings():
        account = accounts.get(reading.meter)
        if account is None:
            account = MeterAccount(Meter(id=reading.meter, role="it"), how)
            accounts[reading.meter] = account
            demands[reading.meter] = Demand(account, ZoneInfo("UTC"))
        account.add(reading)
        windows += account.settle(reading.received_ns)
    for meter, account in accounts.items():
        mine = [window for window in windows if window.device.key == meter] + account.finish()
        check_windows(mine)
        assert sum_of(mine) == account.total
        now_ns = account.clock.now_ns(mine[-1].end_ns)
        assert now_ns is not None
        intervals[meter] = demands[meter].close(now_ns)
        intervals[meter].append(
            Interval(
                mine[-1].end_ns // QUARTER_NS * QUARTER_NS,
                account.booked(mine[-1].end_ns // QUARTER_NS * QUARTER_NS),
            )
        )
    starts = sorted({interval.start_ns for mine in intervals.values() for interval in mine})
    assert [start_ns // SECOND_NS % 3600 // 60 for start_ns in starts] == [30, 45, 0, 15, 30]
    rows = [
        [next(i.watts for i in mine if i.start_ns == start_ns) for mine in intervals.values()]
        for start_ns in starts
    ]
    assert {watts is None for watts in rows[0] + rows[-1]} == {True}  # partial ends are void
    sums = [sum(watts for watts in row if watts is not None) / 1000 for row in rows[1:-1]]
    assert sums == pytest.approx([437.92, 438.76, 438.94], rel=0.0005)
    # The site's peak is the highest sum, not the sum of the highest.
    single = sum(
        max(w for w in column if w is not None) for column in zip(*rows[1:-1], strict=True)
    )
    assert max(sums) < single / 1000
    total = sum(account.total.total_mj for account in accounts.values())
    assert total / 3.6e9 == pytest.approx(415.22, rel=0.0002)


def test_the_highest_sliding_quarter_hour() -> None:
    """Every second, from the accounts' own tracks."""
    accounts: dict[str, MeterAccount] = {}
    how = MeterPlan(stale_ns=STALE_NS, window_ns=QUARTER_NS)
    by_meter: dict[str, list[MeterReading]] = {}
    for reading in readings():
        by_meter.setdefault(reading.meter, []).append(reading)
    for meter, mine in by_meter.items():
        accounts[meter] = MeterAccount(Meter(id=meter, role="it"), how)
        for reading in mine:
            accounts[meter].track.add(
                reading.source_ns, round((reading.value or 0) * 1000), held=False
            )
    begin = max(mine[0].source_ns for mine in by_meter.values())
    end = min(mine[-1].source_ns for mine in by_meter.values())
    grid = range(begin, end, 10 * SECOND_NS)
    energy = [
        sum(account.track.at(at_ns).measured for account in accounts.values()) / 2e9
        for at_ns in grid
    ]
    highest = max(b - a for a, b in zip(energy, energy[90:], strict=False)) / 900
    assert highest / 1e6 == pytest.approx(439.1, rel=0.0005)
