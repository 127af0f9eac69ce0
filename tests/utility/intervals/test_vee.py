"""Validation, estimation and editing: each rule, and what must never happen."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.utility.intervals.arrays import Ints
from exporters.utility.intervals.edits import Edit
from exporters.utility.intervals.grid import Grid
from exporters.utility.intervals.quality import SLOT_MS, Quality
from exporters.utility.intervals.series import Raw
from exporters.utility.intervals.values import Checked
from exporters.utility.intervals.vee import check
from tests.utility.intervals.support import BERLIN, days, raw, wavy

GRID = days("2027-11-01", 28)  # a Monday first
NOON = 10 * 96 + 48


def holed(low: int, high: int, grid: Grid = GRID) -> Raw:
    present = np.ones(len(grid), dtype=np.bool_)
    present[low:high] = False
    return Raw.whole("border", wavy(grid), present)


def blind(low: int, high: int, energy: Ints | None = None) -> Raw:
    found = raw(GRID, energy)
    found.covered_ms[low:high] = 0
    return found


def rules(checked: Checked) -> list[str]:
    return [finding.rule for finding in checked.findings]


def test_what_is_whole_and_passes_is_validated_and_unchanged() -> None:
    checked = check(raw(GRID), GRID, ceiling_watts=50e6)
    assert checked.series.counts() == {"validated": len(GRID)}
    assert (checked.findings, checked.changes) == ((), ())
    assert checked.series.total_mj == checked.before.total_mj == int(wavy(GRID).sum())
    assert checked.before.counts() == {"raw": len(GRID)}


@pytest.mark.parametrize(("quarters", "code"), [(1, 9), (8, 9), (9, 8), (96, 8), (7 * 96, 8)])
def test_a_gap_is_interpolated_up_to_2_h_and_then_by_reference_days(
    quarters: int, code: int
) -> None:
    checked = check(holed(NOON, NOON + quarters), GRID)
    assert set(checked.series.quality[NOON : NOON + quarters].tolist()) == {code}
    assert set(checked.before.quality[NOON : NOON + quarters].tolist()) == {-1}
    assert len(checked.changes) == quarters
    first = checked.changes[0]
    assert (first.before_mj, first.before, first.rule, first.user) == (
        None, Quality.MISSING, "gap", "wattkeeper",
    )  # fmt: skip
    true = wavy(GRID)[NOON : NOON + quarters]
    guess = checked.series.energy_mj[NOON : NOON + quarters]
    assert abs(guess / true - 1).max() < 0.02


def test_a_straight_line() -> None:
    energy = wavy(GRID)
    energy[NOON - 1], energy[NOON + 3] = 1000, 2000
    present = np.ones(len(GRID), dtype=np.bool_)
    present[NOON : NOON + 3] = False
    checked = check(Raw.whole("border", energy, present), GRID)
    assert checked.series.energy_mj[NOON : NOON + 3].tolist() == [1250, 1500, 1750]


def test_reference_days_are_of_the_same_kind() -> None:
    energy = np.full(len(GRID), 1_000_000, dtype=np.int64)
    energy += np.arange(len(GRID))
    saturday, sunday = 5 * 96, 6 * 96
    for week in range(4):
        energy[week * 672 + saturday : week * 672 + sunday] = 50_000_000
        energy[week * 672 + sunday : week * 672 + sunday + 96] = 90_000_000
    present = np.ones(len(GRID), dtype=np.bool_)
    present[672 + saturday + 20 : 672 + sunday + 60] = False
    checked = check(Raw.whole("border", energy, present), GRID)
    assert set(checked.series.energy_mj[672 + saturday + 20 : 672 + sunday]) == {50_000_000}
    assert set(checked.series.energy_mj[672 + sunday : 672 + sunday + 60]) == {90_000_000}


@pytest.mark.parametrize("span", [(0, 4), (len(GRID) - 4, len(GRID)), (96, 96 + 7 * 96 + 1)])
def test_what_may_not_be_estimated_is_missing_and_listed(span: tuple[int, int]) -> None:
    checked = check(holed(*span), GRID)
    assert set(checked.series.quality[slice(*span)].tolist()) == {-1}
    (hole,) = checked.series.holes()
    assert hole.quarters == span[1] - span[0]
    assert checked.changes == ()


def test_without_a_day_like_it_a_long_gap_stays() -> None:
    grid = days("2027-11-01", 2)
    present = np.ones(len(grid), dtype=np.bool_)
    present[20:40], present[96 + 20 : 96 + 40] = False, False
    checked = check(Raw.whole("border", wavy(grid), present), grid)
    assert checked.series.counts() == {"missing": 40, "validated": 152}
    assert rules(checked) == ["prolonged_estimation"] * 2


def test_without_estimates_a_gap_stays() -> None:
    checked = check(holed(NOON, NOON + 2), GRID, estimate=False)
    assert checked.series.counts()["missing"] == 2
    assert checked.changes == ()


def test_what_a_register_knows_as_a_whole_keeps_its_sum() -> None:
    """A night nobody looked: spread evenly by the daemon, given the shape of other days here."""
    energy = wavy(GRID)
    span = slice(NOON, NOON + 60)
    total = int(energy[span].sum())
    energy[span] = total // 60
    energy[NOON] += total - int(energy[span].sum())
    checked = check(blind(NOON, NOON + 60, energy.copy()), GRID)
    assert set(checked.series.quality[span].tolist()) == {8}
    assert int(checked.series.energy_mj[span].sum()) == total
    true = wavy(GRID)[span]
    assert abs(checked.series.energy_mj[span] / true - 1).max() < 0.01
    assert abs(energy[span] / true - 1).max() > 0.02
    assert checked.series.total_mj == checked.before.total_mj
    assert {change.rule for change in checked.changes} == {"coverage"}
    short = check(blind(NOON, NOON + 8), GRID)
    assert set(short.series.quality[NOON : NOON + 8].tolist()) == {9}
    assert short.series.total_mj == short.before.total_mj


def test_a_part_of_a_quarter_hour_is_completed_not_thrown_away() -> None:
    found = raw(GRID)
    elapsed = found.elapsed_ms.copy()
    energy = found.energy_mj.copy()
    elapsed[NOON], energy[NOON] = SLOT_MS // 3, energy[NOON] // 3
    part = Raw("border", energy, elapsed, elapsed, found.integrated, found.estimated)
    checked = check(part, GRID)
    assert checked.series.quality[NOON] == Quality.INTERPOLATED
    assert abs(checked.series.energy_mj[NOON] / wavy(GRID)[NOON] - 1) < 0.01
    assert checked.changes[0].before_mj == energy[NOON]
    left = check(part, GRID, estimate=False).series
    assert left.quality[NOON] == Quality.MISSING
    assert left.holes()[0].known_wh == energy[NOON] // 3_600_000


def test_integrated_and_bridged_energy_keep_their_codes() -> None:
    found = raw(GRID)
    found.integrated[5], found.estimated[6] = True, True
    checked = check(found, GRID)
    assert checked.series.quality[4:8].tolist() == [17, 11, 9, 17]
    assert 19 not in [code.value for code in Quality]


def changed(index: int, value: int, count: int = 1) -> Raw:
    energy = wavy(GRID)
    energy[index : index + count] = value
    return raw(GRID, energy)


@pytest.mark.parametrize(
    ("found", "rule"),
    [
        (changed(NOON, int(wavy(GRID)[NOON]) * 4), "spike"),
        (changed(NOON, 0, 3), "zero"),
        (changed(NOON, 1000), "low"),
        (changed(NOON, int(wavy(GRID)[NOON]), 24), "consecutive"),
    ],
)
def test_what_is_flagged_is_kept_and_is_not_called_validated(found: Raw, rule: str) -> None:
    checked = check(found, GRID)
    assert rule in rules(checked)
    assert checked.series.total_mj == checked.before.total_mj
    assert checked.series.quality[NOON] == Quality.RAW
    assert checked.series.quality[NOON - 2] == Quality.VALIDATED
    assert checked.changes == ()


def test_a_step_by_a_power_of_ten_is_named() -> None:
    energy = wavy(GRID)
    energy[NOON:] //= 100
    checked = check(raw(GRID, energy), GRID)
    (finding,) = (each for each in checked.findings if each.rule == "multiplier")
    assert finding.start == GRID.local(NOON)


@pytest.mark.parametrize(("value", "rule"), [(-5, "negative"), (60_000_000 * SLOT_MS, "high")])
def test_what_cannot_be_is_taken_out_and_estimated(value: int, rule: str) -> None:
    checked = check(changed(NOON, value), GRID, ceiling_watts=50e6)
    assert rules(checked) == [rule, "gap"]
    assert checked.series.quality[NOON] == Quality.INTERPOLATED
    (change,) = checked.changes
    assert (change.before_mj, change.rule, change.after) == (value, rule, Quality.INTERPOLATED)
    assert checked.before.energy_mj[NOON] == value


def test_a_quarter_hour_that_is_too_long_is_flagged() -> None:
    found = raw(GRID)
    found.elapsed_ms[NOON] += 60_000
    checked = check(found, GRID)
    assert rules(checked) == ["interval_size"]
    assert checked.series.quality[NOON] == Quality.RAW


def edit(index: int, energy: int | None, line: int = 2) -> Edit:
    return Edit(
        meter="border",
        start_s=GRID.at_s(index),
        energy_mj=energy,
        reason="the utility says so",
        user="kim",
        line=line,
    )


def test_an_edit_holds_the_later_one_too() -> None:
    edits = [edit(NOON, 5), edit(NOON, 7, 3), edit(NOON + 1, None, 4)]
    checked = check(raw(GRID), GRID, edits=edits)
    assert checked.series.energy_mj[NOON] == 7
    assert checked.series.quality[NOON : NOON + 2].tolist() == [7, -1]
    first, second = checked.changes
    assert (first.before_mj, first.after_mj, first.rule) == (int(wavy(GRID)[NOON]), 7, "edit")
    assert (first.user, first.reason) == ("kim", "the utility says so")
    assert (second.before_mj, second.after_mj) == (int(wavy(GRID)[NOON + 1]), None)


def test_only_the_days_of_the_report_are_told_of() -> None:
    inside = days("2027-11-08", 7)
    checked = check(holed(3, 5), GRID, inside)
    assert (checked.changes, checked.findings) == ((), ())
    assert len(checked.series.quality) == 7 * 96
    assert np.array_equal(checked.series.energy_mj, wavy(GRID)[672 : 2 * 672])


def test_a_gap_over_the_night_on_which_clocks_are_set() -> None:
    grid = days("2027-10-18", 28, BERLIN)
    night = int(grid.edges[13])
    checked = check(holed(night, night + 20, grid), grid)
    assert set(checked.series.quality[night : night + 20].tolist()) == {8}


@given(
    st.lists(st.tuples(st.integers(0, 671), st.integers(1, 40)), max_size=6),
    st.booleans(),
)
def test_no_measured_value_is_touched_and_every_change_is_logged(
    gaps: list[tuple[int, int]],
    estimate: bool,  # noqa: FBT001 - hypothesis draws it
) -> None:
    grid = days("2027-11-01", 7)
    present = np.ones(len(grid), dtype=np.bool_)
    for low, count in gaps:
        present[low : low + count] = False
    checked = check(Raw.whole("m", wavy(grid), present), grid, estimate=estimate)
    assert np.array_equal(checked.series.energy_mj[present], wavy(grid)[present])
    differs = checked.series.quality != np.where(present, Quality.VALIDATED, Quality.MISSING)
    assert [change.start_s for change in checked.changes] == [
        grid.at_s(n) for n in np.flatnonzero(differs).tolist()
    ]
    assert sum(checked.series.counts().values()) == len(grid)
