"""What a site daemon remembers: peaks and key figures of a year, of however many meters."""

import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from collector.daemon import site_earlier
from collector.daemon.site_earlier import Past, earlier
from collector.ledger import AccountKey, AccountState, Commit, Ledger
from collector.model import Energy
from collector.site.quarters import DAY_NS, QUARTER_NS, SECOND_NS
from collector.site.state import SiteState, account_key
from collector.sitefile.model import Branch, Level, MeterSpec, Role, Site

NOW_NS = round(datetime(2027, 3, 10, 12, 7, tzinfo=UTC).timestamp()) * SECOND_NS
EDGE_NS = NOW_NS // QUARTER_NS * QUARTER_NS
Accounts = Mapping[AccountKey, AccountState]


def site(it_meters: int) -> Site:
    """A feed, and so many branches with an IT meter each."""
    names = [f"it{number}" for number in range(it_meters)]
    branches = [
        Branch(id="feed", level=Level.FEED, contract_watts=1e6),
        *(Branch(id=name, level=Level.UPS, parents=("feed",)) for name in names),
    ]
    meters = [MeterSpec(id=name, branch=name, role=Role.IT, register=True) for name in names]
    meters.append(MeterSpec(id="main", branch="feed", role=Role.UTILITY, register=True))
    return Site(
        name="s",
        zone=ZoneInfo("Asia/Seoul"),
        branches={one.id: one for one in branches},
        meters={one.id: one for one in meters},
        racks={},
        nodes={},
    )


def kept(path: Path, of: Site, quarters: int, peak_at: int = -1) -> Accounts:
    """A ledger in which 1 kW of IT of each meter stands beside 1.25 of the feed's."""
    ledger = Ledger.open(path, minute_days=2, quarter_hour_days=1100)
    states = {account_key(meter): state() for meter in of.meters}
    ledger.submit(Commit(windows=(), states=states, wall_ns=NOW_NS, outbox=()))
    assert ledger.close(timeout_seconds=10)
    one_mj = 1_000_000 * 900
    rows = []
    with sqlite3.connect(path) as connection:
        numbers = dict(connection.execute("SELECT device, id FROM account"))
        for back in range(1, quarters + 1):
            start_s = (EDGE_NS - back * QUARTER_NS) // SECOND_NS
            for meter, number in numbers.items():
                energy_mj = one_mj
                if meter == "main":
                    energy_mj = one_mj * (len(of.meters) - 1) * 5 // 4
                    energy_mj *= 2 if back == peak_at else 1
                rows.append((start_s, number, energy_mj, 0, 0, QUARTER_NS, QUARTER_NS, None))
        connection.executemany(
            "INSERT INTO register_quarter_hour VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows
        )
    connection.close()
    return states


def state() -> AccountState:
    return AccountState(
        total=Energy(),
        shown_base_mj=0,
        shown_base_estimated_mj=0,
        anchor_wall_ns=EDGE_NS,
        anchor_monotonic_ns=0,
        boot_id="b",
        anchor_counter_mj=None,
        last_power_mw=None,
        idle_power_mw=None,
        limit_mw=None,
        clean=True,
    )


def test_a_days_pue_is_there_at_once_however_many_meters_make_it(tmp_path: Path) -> None:
    of, path = site(100), tmp_path / "site.sqlite3"
    accounts = kept(path, of, 97)
    found = SiteState(of, earlier(path, accounts, of, NOW_NS))
    assert found.kpis.pue("1d", EDGE_NS).value == pytest.approx(1.25)


async def test_the_rest_of_the_year_comes_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site_earlier, "_PAUSE_SECONDS", 0)
    of, path = site(2), tmp_path / "site.sqlite3"
    accounts = kept(path, of, 31 * 96, peak_at=8 * 96)
    found = SiteState(of, earlier(path, accounts, of, NOW_NS))
    assert found.kpis.pue("30d", EDGE_NS).value is None
    await Past(path, accounts, of, NOW_NS).recall(found)
    figure = found.kpis.pue("30d", EDGE_NS)
    assert figure.coverage_ratio == 1.0
    assert figure.value == pytest.approx(1.25, rel=1e-3)
    peaks = found.values(NOW_NS, 0)["site_demand_peak_watts"]
    assert peaks["feed", "month", "all"] == pytest.approx(5000)


async def test_what_is_booked_meanwhile_counts_once(tmp_path: Path) -> None:
    """A meter that was silent for days: what is booked of them now is on disk when it is read."""
    of, path = site(1), tmp_path / "site.sqlite3"
    accounts = {
        key: AccountState(
            **{
                name: getattr(one, name)
                for name in AccountState.__slots__
                if name != "anchor_wall_ns"
            },
            anchor_wall_ns=EDGE_NS - 4 * DAY_NS,
        )
        for key, one in kept(path, of, 10 * 96).items()
    }
    past = Past(path, accounts, of, NOW_NS)
    day = past.read(EDGE_NS - 5 * DAY_NS, EDGE_NS - 3 * DAY_NS)
    starts = [one.start_ns for one in day.quarter_hours["main"]]
    assert len(starts) == 96
    assert max(starts) + QUARTER_NS == EDGE_NS - 4 * DAY_NS


async def test_a_ledger_that_cannot_be_read_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    of, path = site(1), tmp_path / "site.sqlite3"
    accounts = kept(path, of, 1)
    path.write_bytes(b"not a database" * 1000)
    found = SiteState(of, earlier(path, accounts, of, NOW_NS))
    await Past(path, accounts, of, NOW_NS).recall(found)
    assert len(caplog.records) == 2
