"""The ledger, which meters are billed, register readings."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from collector.ledger import AccountKey, LedgerReader
from collector.model import Energy, Meter, Window
from collector.sitefile import load
from exporters.utility.intervals.choose import ceiling_watts, choose
from exporters.utility.intervals.errors import IntervalError
from exporters.utility.intervals.ledger_source import read_registers
from exporters.utility.intervals.metering import Rules, from_ledger
from exporters.utility.intervals.quality import Quality
from exporters.utility.intervals.registers import read_register_readings, sum_check
from exporters.utility.intervals.rules import Limits
from exporters.utility.intervals.series import Series
from tests.ledger.values import Meter as Books
from tests.ledger.values import open_ledger, until
from tests.utility.intervals.support import SITE, SLOT_NS, days, make_ledger, series, wavy, without

GRID = days("2027-11-01", 2)


def site_of(tmp_path: Path, more: str = "") -> Path:
    path = tmp_path / "site.toml"
    path.write_text(SITE + more, encoding="utf-8")
    return path


def meter(name: str, branch: str = "grid", role: str = "utility") -> str:
    return f'\n[[meter]]\nid = "{name}"\nbranch = "{branch}"\nrole = "{role}"\nregister = true\n'


def test_a_ledger_that_the_daemon_wrote(tmp_path: Path) -> None:
    """Each source, a gap, a part of a quarter-hour, through the ledger's own writer."""
    ledger, books = open_ledger(tmp_path / "site.sqlite3"), Books()
    start_ns = GRID.start_s * 10**9

    def window(slot: int, energy: Energy, *, blind: bool = False, part: int = 1) -> Window:
        begin = start_ns + slot * SLOT_NS
        return Window(
            device=Meter(id="border", role="utility"),
            scope="active",
            start_ns=begin,
            end_ns=begin + SLOT_NS // part,
            duration_ns=SLOT_NS // part,
            covered_ns=0 if blind else SLOT_NS // part,
            samples=1,
            energy=energy,
            total_mj=0,
        )

    ledger.submit(
        books.commit(
            window(0, Energy(counter_mj=100)),
            window(1, Energy(integrated_mj=200)),
            window(2, Energy(integrated_mj=100, estimated_mj=200)),
            window(3, Energy(counter_mj=400), blind=True),
            window(5, Energy(counter_mj=600), part=3),
        )
    )
    until(lambda: ledger.status.waiting_windows == 0)
    with LedgerReader(tmp_path / "site.sqlite3") as reader:  # beside the daemon, while it runs
        found = read_registers(reader, ("border",), GRID)["border"]
        single = reader.registers("quarter_hour", AccountKey("meter", "border", "active"), 0, 2**62)
    assert found.energy_mj[:6].tolist() == [100, 200, 300, 400, 0, 600]
    assert [each.energy.total_mj for each in single] == [100, 200, 300, 400, 600]
    assert found.elapsed_ms[:7].tolist() == [900_000] * 4 + [0, 300_000, 0]
    assert found.covered_ms[:4].tolist() == [900_000] * 3 + [0]
    assert found.integrated[:4].tolist() == [False, True, True, False]
    assert found.estimated[:4].tolist() == [False, False, True, False]
    assert ledger.close(timeout_seconds=5)


def test_many_meters_in_one_pass(tmp_path: Path) -> None:
    grid = days("2027-11-01", 9)
    meters = {f"m{n}": wavy(grid) + n for n in range(5)}
    path = make_ledger(tmp_path / "l.sqlite3", grid, meters, without=(7,))
    with LedgerReader(path) as reader:
        found = read_registers(reader, ("m3", "m0"), grid)
        assert list(found) == ["m3", "m0"]
        for name, one in found.items():
            there = np.arange(len(grid)) != 7
            assert np.array_equal(one.energy_mj[there], meters[name][there])
            assert one.elapsed_ms[7] == 0
        with pytest.raises(IntervalError, match="knows nothing of meter m9"):
            read_registers(reader, ("m0", "m9"), grid)


def test_from_the_ledger_with_days_around_to_estimate_from(tmp_path: Path) -> None:
    grid = days("2027-10-20", 30)
    november = 12 * 96
    path = make_ledger(
        tmp_path / "l.sqlite3",
        grid,
        {"border": wavy(grid)},
        without=(november, *range(november + 200, november + 220)),
    )
    site = load(site_of(tmp_path))
    found = from_ledger(path, site, date(2027, 11, 1), date(2027, 11, 8), Rules())
    assert found.billed.counts() == {"interpolated": 1, "reference_day": 20, "validated": 651}
    assert found.billed.quality[0] == Quality.INTERPOLATED  # its neighbour is of October
    assert found.source == "ledger l.sqlite3"


def chosen(tmp_path: Path, more: str, found: dict[str, Series]) -> tuple[tuple[str, ...], str]:
    choice = choose(load(site_of(tmp_path, more)), found)
    return choice.meters, "; ".join(choice.notes)


def test_two_meters_of_one_feed_are_not_added(tmp_path: Path) -> None:
    whole, holed = series(GRID), without(series(GRID), (5, 7))
    meters, notes = chosen(tmp_path, meter("check"), {"border": holed, "check": whole})
    assert meters == ("check",)
    assert "meters check and border both measure grid: check is used (0 quarter-hours" in notes
    meters, notes = chosen(tmp_path, meter("check"), {"border": whole, "check": whole})
    assert meters == ("border",)


def test_a_meter_below_another_is_not_added(tmp_path: Path) -> None:
    found = {"border": series(GRID), "below": series(GRID)}
    meters, notes = chosen(tmp_path, meter("below", "hall"), found)
    assert meters == ("border",)
    assert "meter below is not used: what it measures is in border" in notes


def test_two_feeds_are_added(tmp_path: Path) -> None:
    feed = '\n[[branch]]\nid = "grid2"\nlevel = "feed"\n' + meter("second", "grid2")
    meters, notes = chosen(tmp_path, feed, {"border": series(GRID), "second": series(GRID)})
    assert (meters, notes) == (("border", "second"), "")


def test_no_meter_at_the_border(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text(SITE.replace('"utility"', '"it"'), encoding="utf-8")
    with pytest.raises(IntervalError, match="no meter has `role = 'utility'`"):
        choose(load(path), {})


def test_what_cannot_flow(tmp_path: Path) -> None:
    site = load(site_of(tmp_path, meter("below", "hall")))
    assert ceiling_watts(site, site.meters["border"]) == 80e6
    assert ceiling_watts(site, site.meters["below"]) == 50e6


def registers(tmp_path: Path, *rows: str) -> Path:
    path = tmp_path / "registers.csv"
    path.write_text("meter,time,kwh,new\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_the_sum_check(tmp_path: Path) -> None:
    found = series(GRID)
    day = int(found.watt_hours[:96].sum()) / 1000
    path = registers(
        tmp_path,
        "border,2027-11-01T00:00+09:00,1000",
        f"border,2027-11-02T00:00+09:00,{1000 + day}",
        f"border,2027-11-03T00:00+09:00,{1000 + 3 * day}",
    )
    (finding,) = sum_check(found, read_register_readings(path)["border"], Limits())
    assert (finding.rule, finding.start) == ("sum_check", GRID.local(96))
    assert "a ratio of 2.0" in finding.text or "a ratio of 1.99" in finding.text


def test_a_meter_that_was_changed_must_be_said(tmp_path: Path) -> None:
    rows = (
        "border,2027-11-01T00:00+09:00,5000",
        "border,2027-11-02T00:00+09:00,12",
    )
    with pytest.raises(IntervalError, match=r"line 3: the register of border fell by 4,988 kWh"):
        read_register_readings(registers(tmp_path, *rows))
    told = read_register_readings(registers(tmp_path, rows[0], f"{rows[1]},yes"))
    assert sum_check(series(GRID), told["border"], Limits()) == ()


def test_register_readings_of_an_unknown_meter(tmp_path: Path) -> None:
    path = make_ledger(tmp_path / "l.sqlite3", GRID, {"border": wavy(GRID)})
    told = read_register_readings(registers(tmp_path, "bordr,2027-11-01T00:00+09:00,1"))
    with pytest.raises(IntervalError, match="bordr: there is no such meter"):
        from_ledger(
            path, load(site_of(tmp_path)), date(2027, 11, 1), date(2027, 11, 3),
            Rules(registers=told),
        )  # fmt: skip
