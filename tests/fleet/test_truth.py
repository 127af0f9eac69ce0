"""Power, energy and meters of a simulated site agree with each other."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.fleet import Event, EventKind, Fleet
from benchmarks.fleet.course import Course, Piece
from benchmarks.fleet.facility import COOLING_RACK_WATTS, COOLING_RATIO, Facility
from benchmarks.fleet.machines import RACK_WATTS
from benchmarks.fleet.work import Lane, Phase
from collector.sitefile.model import Site
from tests.fleet.conftest import NOW_S, ORIGIN_S

NODE = "h01r01k1n01"


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 1000),
    after=st.floats(0, 86_400),
    length=st.floats(1, 20),
    cuts=st.lists(st.floats(0, 86_400), max_size=3),
    share=st.floats(0.2, 0.9),
)
def test_integrals_are_those_of_the_level(
    seed: int, after: float, length: float, cuts: list[float], share: float
) -> None:
    lane = Lane(seed, 0, ORIGIN_S)
    pieces = [Piece(ORIGIN_S)]
    for number, cut in enumerate(sorted(cuts)):
        kinds = [Piece(0, on=False), Piece(0, share=share), Piece(0, level=1.0)]
        kind = kinds[number % 3]
        pieces.append(Piece(ORIGIN_S + cut, kind.on, kind.share, kind.level))
    course = Course(lane, tuple(pieces))
    begin_s, steps = ORIGIN_S + after, 10_000
    width = length / steps
    looks = [course.at(begin_s + (step + 0.5) * width) for step in range(steps)]
    first, last = course.at(begin_s), course.at(begin_s + length)
    assert last.done - first.done == pytest.approx(
        sum(look.level for look in looks) * width, rel=0.01, abs=4 * width
    )
    on = sum(look.piece.on for look in looks) * width
    assert last.on - first.on == pytest.approx(on, abs=4 * width)
    held = [
        look.work.held and look.piece.share == 1.0 and look.piece.level is None for look in looks
    ]
    capped = sum(h and look.piece.on for h, look in zip(held, looks, strict=True)) * width
    assert last.capped - first.capped == pytest.approx(capped, rel=0.02, abs=20 * width)


def test_totals_never_fall(fleet: Fleet) -> None:
    fleet.apply(Event(kind=EventKind.GPU_LOST, node=NODE, gpu=1, begin_s=NOW_S + 30))
    for gpu in (0, 1):
        joules = [fleet.gpu_joules(NODE, gpu, NOW_S + step / 7) for step in range(2000)]
        assert all(later >= earlier for earlier, later in pairwise(joules))
    assert fleet.gpu_watts(NODE, 1, NOW_S + 31) == 0
    assert fleet.gpu_watts(NODE, 0, NOW_S + 31) > 100


def test_the_same_seed_gives_the_same_fleet_and_another_seed_another(site: Site) -> None:
    watts = [
        Fleet(site, seed=seed, origin_s=ORIGIN_S).rack_watts(NOW_S + 12.5) for seed in (1, 1, 2)
    ]
    assert watts[0] == watts[1] != watts[2]


def test_a_rack_is_its_nodes_and_its_switches(fleet: Fleet) -> None:
    for rack, watts in fleet.rack_watts(NOW_S + 100).items():
        nodes = [m.node.name for m in fleet.racks[rack].machines]
        assert len(nodes) == 18
        together = sum(fleet.node_watts(node, NOW_S + 100) for node in nodes)
        assert watts == pytest.approx(together + RACK_WATTS)
        assert 15_000 < watts < 125_000


def test_jobs_span_racks_and_go_through_all_phases(site: Site) -> None:
    fleet = Fleet(site, seed=3, origin_s=ORIGIN_S)
    lanes = {
        id(m.lane): {n.node.rack for n in fleet.machines.values() if n.lane is m.lane}
        for m in fleet.machines.values()
    }
    assert max(len(racks) for racks in lanes.values()) > 1
    lane = next(iter(fleet.machines.values())).lane
    phases = {lane.at(ORIGIN_S + second).phase for second in range(0, 200_000, 5)}
    assert phases == set(Phase)


def test_meters_are_racks_with_losses_and_cooling(fleet: Fleet) -> None:
    at_s = NOW_S + 1000
    facility = Facility(fleet)
    racks, meters = fleet.rack_means(at_s, 1.0), facility.meter_watts(at_s)
    for rack, watts in racks.items():
        assert meters[f"{rack}-power"] == pytest.approx(watts)
    it = sum(racks.values())
    outputs = sum(watts for meter, watts in meters.items() if meter.endswith("-output"))
    assert it < outputs < it * 1.01
    cooling = sum(watts for meter, watts in meters.items() if meter.endswith("-input"))
    assert cooling == pytest.approx(COOLING_RATIO * it + COOLING_RACK_WATTS * len(racks))
    assert (outputs + cooling) * 1.02 < meters["grid-border"] < (outputs + cooling) * 1.06


def test_a_lost_feed_is_carried_by_the_other_side(fleet: Fleet) -> None:
    fleet.apply(Event(kind=EventKind.FEED_LOST, branch="substation-a", begin_s=NOW_S))
    facility = Facility(fleet)
    before, after = facility.branch_watts(NOW_S - 1), facility.branch_watts(NOW_S + 1)
    for branch, watts in after.items():
        if branch.endswith("-a"):
            assert watts == 0 < before[branch]
    racks = fleet.rack_means(NOW_S + 1, 1.0)
    of_row = sum(watts for rack, watts in racks.items() if rack.startswith("h01r01"))
    assert after["h01r01-busway-b"] == pytest.approx(of_row)
    assert after["grid"] > 0.8 * sum(racks.values())


def test_a_silent_meter_says_nothing(fleet: Fleet) -> None:
    silent = Event(kind=EventKind.METER_SILENT, meter="grid-border", begin_s=NOW_S, end_s=NOW_S + 9)
    fleet.apply(silent)
    facility = Facility(fleet)
    assert ["grid-border" in facility.meter_watts(NOW_S + s) for s in (-1, 1, 10)] == [
        True,
        False,
        True,
    ]


def test_without_cooling_gpus_get_hot_and_then_slow(fleet: Fleet) -> None:
    fleet.apply(Event(kind=EventKind.COOLING_LOST, hall="h01", begin_s=NOW_S, end_s=NOW_S + 1200))
    excess = [fleet.excess_celsius("h01", NOW_S + s) for s in (-1, 150, 600, 1350, 1600)]
    assert excess == pytest.approx([0, 19, 38, 19, 0])
    course = fleet.machines[NODE].course
    hot = [course.at(NOW_S + second).hot for second in (0, 600, 1200, 3000, 4000)]
    assert hot[0] == 0 < hot[1] < hot[2] <= hot[3] == hot[4]
    assert course.at(NOW_S + 700).piece.share < 0.8


def test_over_budget(fleet: Fleet) -> None:
    fleet.apply(Event(kind=EventKind.OVER_BUDGET, rack="h01r01k1", begin_s=NOW_S))
    budget = next(b for b in fleet.site.branches.values() if b.rack == "h01r01k1").budget_watts
    assert budget is not None
    watts = fleet.rack_watts(NOW_S + 1)
    assert watts["h01r01k1"] > budget
    assert all(w < budget for rack, w in watts.items() if rack != "h01r01k1")


def test_maintenance_takes_a_rack_off(fleet: Fleet) -> None:
    fleet.apply(
        Event(kind=EventKind.RACK_MAINTENANCE, rack="h01r01k2", begin_s=NOW_S, end_s=NOW_S + 60)
    )
    rack = fleet.racks["h01r01k2"]
    assert fleet.rack_watts(NOW_S + 30)["h01r01k2"] == 0
    assert rack.joules(NOW_S + 59) == rack.joules(NOW_S)
    assert fleet.rack_watts(NOW_S + 61)["h01r01k2"] > 10_000
