"""Merging what waits keeps every millijoule, and bounds memory by giving up shape alone."""

from hypothesis import given
from hypothesis import strategies as st

from collector.ledger.model import AccountKey
from collector.ledger.pending import Deltas, Limits, Pending
from collector.model import Energy, Window
from tests.ledger.values import MINUTE_NS, QUARTER_NS, SECOND_NS, Meter, total, window, windows

ROOMY = Limits()
KEY = AccountKey("gpu", "GPU-1", "gpu")


def sums(registers: Deltas) -> dict[AccountKey, Energy]:
    found: dict[AccountKey, Energy] = {}
    for deltas in registers.values():
        for key, delta in deltas.items():
            energy = Energy(delta.counter_mj, delta.integrated_mj, delta.estimated_mj)
            found[key] = found.get(key, Energy()) + energy
    return found


def collect(commits: list[list[Window]], limits: Limits = ROOMY) -> tuple[Pending, Meter]:
    pending, meter = Pending(limits), Meter()
    for group in commits:
        pending.add(meter.commit(*group))
    return pending, meter


@given(st.lists(st.lists(windows(), min_size=1, max_size=5), min_size=1, max_size=8))
def test_minutes_and_quarter_hours_add_up_to_the_totals(commits: list[list[Window]]) -> None:
    pending, meter = collect(commits)
    assert sums(pending.minutes) == meter.totals
    assert sums(pending.quarter_hours) == meter.totals
    assert pending.windows == sum(map(len, commits))
    assert {key: state.total for key, state in pending.states.items()} == meter.totals


@given(
    st.lists(st.lists(windows(), min_size=1, max_size=4), min_size=1, max_size=6),
    st.data(),
)
def test_absorbing_is_the_same_as_adding_in_turn(
    commits: list[list[Window]], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(commits)))
    older, meter = collect(commits[:cut])
    newer = Pending(ROOMY)
    for group in commits[cut:]:
        newer.add(meter.commit(*group))
    older.absorb(newer)
    whole, _ = collect(commits)
    assert older.minutes == whole.minutes
    assert older.quarter_hours == whole.quarter_hours
    assert older.states == whole.states
    assert list(older.gaps) == list(whole.gaps)
    assert (older.windows, older.wall_ns) == (whole.windows, whole.wall_ns)


def test_too_many_minutes_cost_the_oldest_shape_and_no_energy() -> None:
    start_ns = 1_700_000_100 * SECOND_NS
    commits = [[window(start_ns + 10 * n * SECOND_NS)] for n in range(6 * 40)]
    pending, meter = collect(commits, Limits(minute_rows=10))
    assert sorted(pending.minutes) == [start_ns // SECOND_NS + 60 * n for n in range(30, 40)]
    assert sums(pending.quarter_hours) == meter.totals
    assert pending.dropped_windows == 6 * 30
    assert pending.windows == 6 * 40


def test_absorbing_keeps_the_bounds_too() -> None:
    start_ns = 1_700_000_100 * SECOND_NS
    limits = Limits(minute_rows=3, quarter_hours=2, gaps=1)
    older, _ = collect([[window(start_ns, gap="a")]], limits)
    for n in range(1, 9):
        newer, _ = collect([[window(start_ns + n * QUARTER_NS, gap=f"{n}")]], limits)
        older.absorb(newer)
    assert len(older.minutes) == 3
    assert len(older.quarter_hours) == 2
    assert [gap.reason for gap in older.gaps] == ["8"]


def test_a_peak_is_the_highest_of_a_minute() -> None:
    start_ns = 1_700_000_100 * SECOND_NS
    commits = [
        [window(start_ns, peak_watts=None)],
        [window(start_ns + 10 * SECOND_NS, peak_watts=300)],
        [window(start_ns + 20 * SECOND_NS, peak_watts=100)],
        [window(start_ns + MINUTE_NS, peak_watts=None)],
    ]
    pending, _ = collect(commits)
    peaks = [deltas[KEY].peak_mw for deltas in pending.minutes.values()]
    assert peaks == [300_000, None]


def test_an_estimate_in_a_sampled_window_is_noted_as_a_gap() -> None:
    start_ns = 1_700_000_100 * SECOND_NS
    energy = Energy(counter_mj=1, estimated_mj=2)
    pending, _ = collect([[window(start_ns), window(start_ns, energy=energy)]])
    (gap,) = pending.gaps
    assert (gap.key, gap.energy, gap.reason) == (KEY, energy, "")
    assert total([gap.energy]).total_mj == 3
