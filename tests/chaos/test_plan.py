"""Plans of faults: repeatable, complete, and none on top of another of the same victim."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.chaos.plan import UNTOUCHED_COUNTERS, Fault, Kind, planned
from tests.chaos.short import PACE, SECONDS, SEED

DAEMON = {Kind.KILL, Kind.KILL_AND_RESET, Kind.STOP}
SERVERS = (
    {Kind.STORE_KILL, Kind.STORE_REPLACED},
    {Kind.BROKER_KILL, Kind.BROKER_FREEZE},
    {Kind.DISK_FULL},
    {Kind.CLOCK_STEP},
    {Kind.DRIVER_ERROR},
)
RESETS = {Kind.KILL_AND_RESET, Kind.LOST, Kind.RESET}
seeds = st.integers(0, 10**6)


def of_one_victim(plan: tuple[Fault, ...]) -> list[list[Fault]]:
    """The faults of each victim, in order."""
    victims = [[one for one in plan if one.kind in kinds] for kinds in (DAEMON, *SERVERS)]
    gpus = {one.gpu for one in plan if one.kind not in DAEMON and one.gpu >= 0}
    return victims + [
        [one for one in plan if one.gpu == gpu and one.kind not in DAEMON] for gpu in gpus
    ]


@given(seeds, st.sampled_from([(1800.0, 1.0), (50.0, 0.1)]))
def test_a_victim_has_one_fault_at_a_time_and_is_well_at_the_end(
    seed: int, length: tuple[float, float]
) -> None:
    seconds, pace = length
    plan = planned(seed, seconds, pace=pace)
    for faults in of_one_victim(plan):
        for before, after in pairwise(faults):
            assert before.end_seconds < after.start_seconds
    assert max(one.end_seconds for one in plan) <= seconds
    assert list(plan) == sorted(plan, key=lambda one: one.start_seconds)
    assert plan == planned(seed, seconds, pace=pace)


@given(seeds)
def test_half_an_hour_has_every_kind(seed: int) -> None:
    assert {one.kind for one in planned(seed, 1800)} == set(Kind)


@given(seeds)
def test_the_first_counters_are_never_reset(seed: int) -> None:
    resets = [one.gpu for one in planned(seed, 1800) if one.kind in RESETS]
    assert min(resets) >= UNTOUCHED_COUNTERS


@given(seeds)
def test_only_the_clock_is_stepped(seed: int) -> None:
    for one in planned(seed, 1800):
        assert bool(one.step_seconds) == (one.kind is Kind.CLOCK_STEP)


def test_the_short_run_has_every_kind() -> None:
    assert {one.kind for one in planned(SEED, SECONDS, pace=PACE)} == set(Kind)
