"""The pure parts by themselves: track, slots, edges, judge, ratio."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.energy.counter import CounterJudge, Verdict
from collector.energy.edges import SECOND_NS, STEP_NS, Edge, Edges
from collector.energy.ratio import CounterRatio
from collector.energy.shape import Shape, measure
from collector.energy.slots import Slots, largest_change, power_stat
from collector.energy.track import PowerTrack
from collector.model import CounterReading, Energy
from tests.energy.rig import CEILING_MW, MS

spacings = st.lists(st.integers(1, 3 * SECOND_NS), min_size=1, max_size=40)
powers = st.integers(1, CEILING_MW)


@st.composite
def tracks(draw: st.DrawFn) -> PowerTrack:
    """A track of a few samples, some of them over a second apart."""
    at_ns = draw(st.integers(0, 1 << 50))
    samples = []
    for spacing_ns in draw(spacings):
        samples.append((at_ns, draw(powers)))
        at_ns += spacing_ns
    track = PowerTrack(SECOND_NS)
    track.extend(samples)
    return track


@given(track=tracks(), shares=st.lists(st.floats(-0.2, 1.2), min_size=2, max_size=8))
def test_sums_grow_and_add_up(track: PowerTrack, shares: list[float]) -> None:
    first_ns, last_ns = track.times[0], track.times[-1]
    span_ns = last_ns - first_ns
    cuts = sorted(first_ns + int(share * span_ns) for share in shares)
    sums = [track.at(cut) for cut in cuts]
    for (left, right), (left_ns, right_ns) in zip(pairwise(sums), pairwise(cuts), strict=True):
        step = right - left
        assert min(step.measured, step.bridged, step.covered_ns) >= 0
        assert step.covered_ns <= right_ns - left_ns
    parts = [measure(track, left, right) for left, right in pairwise(cuts)]
    whole = measure(track, cuts[0], cuts[-1])
    assert sum(part.total_mj for part in parts) == whole.total_mj


@given(
    track=tracks(),
    energies=st.tuples(*[st.integers(0, 10**9)] * 3),
    shares=st.lists(st.floats(0, 1), max_size=6),
)
def test_a_shape_splits_without_a_rest(
    track: PowerTrack, energies: tuple[int, int, int], shares: list[float]
) -> None:
    start_ns, end_ns = track.times[0] - 5, track.times[-1] + 2 * SECOND_NS
    shape = Shape(track, start_ns, end_ns, Energy(*energies))
    cuts = sorted(start_ns + int(share * (end_ns - start_ns)) for share in shares)
    reached = [shape.upto(cut) for cut in [*cuts, end_ns]]
    assert reached[-1] == Energy(*energies)
    for left, right in pairwise(reached):
        assert left.counter_mj <= right.counter_mj
        assert left.integrated_mj <= right.integrated_mj
        assert left.estimated_mj <= right.estimated_mj


@given(track=tracks(), share=st.floats(0, 1))
def test_trimming_changes_nothing_later(track: PowerTrack, share: float) -> None:
    cut = track.times[0] + int(share * (track.times[-1] - track.times[0]))
    later = [cut, *(at for at in track.times if at >= cut), track.times[-1] + 7]
    before = [track.at(at) for at in later], track.gaps(cut, later[-1] + 2 * SECOND_NS)
    track.trim(cut)
    assert before == ([track.at(at) for at in later], track.gaps(cut, later[-1] + 2 * SECOND_NS))


@given(track=tracks())
def test_repeated_and_backward_samples_are_dropped(track: PowerTrack) -> None:
    before = track.at(1 << 62), list(track.times)
    track.extend([(at, 999) for at in reversed(track.times)] * 2)
    assert before == (track.at(1 << 62), track.times)
    assert track.out_of_order == 2 * len(track.times)


@settings(max_examples=150)
@given(track=tracks())
def test_slots_tile_and_their_mean_lies_between(track: PowerTrack) -> None:
    start_ns, end_ns = track.times[0], track.times[-1] + 5 * SECOND_NS
    edges = Edges(start_ns - 1, start_ns + 10**18)
    slots = Slots(track, edges, fine=True)
    edges.refresh(end_ns, end_ns + 1 + 10**18)
    slots.advance(end_ns)
    slots.finish(end_ns)
    closed = list(slots.closed)
    assert closed[0].start_ns == start_ns
    assert closed[-1].end_ns == end_ns
    for left, right in pairwise(closed):
        assert left.end_ns == right.start_ns
    assert sum(slot.samples for slot in closed) == len(track.times)
    assert sum(slot.covered_ns for slot in closed) == track.covered_ns
    assert sum(slot.measured for slot in closed) == track.at(end_ns).measured
    for slot in closed:
        stat = power_stat([slot], None)
        if stat is not None:
            # What lies between two samples at an end is rounded to a milliwatt.
            assert stat.minimum - 0.001 <= stat.mean <= stat.maximum + 0.001


@given(power_mw=powers, count=st.integers(2, 300), spacing_ns=st.integers(1 * MS, 900 * MS))
def test_the_ramp_of_a_constant_is_zero(power_mw: int, count: int, spacing_ns: int) -> None:
    times = [1 + i * spacing_ns for i in range(count)]
    change = largest_change(times, [power_mw] * count, 0, count, SECOND_NS)
    assert change in (0, None)
    assert change == 0 or times[-1] - times[0] < 1.1 * SECOND_NS or spacing_ns > 100 * MS


def test_a_ramp_is_found() -> None:
    times = [i * 10 * MS for i in range(300)]
    rising = [1000 * i for i in range(300)]
    assert largest_change(times, rising, 0, 300, SECOND_NS) == 100_000
    assert largest_change(times, rising, 0, 300, SECOND_NS // 10) == 10_000


@given(track=tracks(), low=st.integers(0, 40), high=st.integers(0, 40))
def test_ramps_never_stumble(track: PowerTrack, low: int, high: int) -> None:
    low, high = min(low, len(track.times)), min(high, len(track.times))
    change = largest_change(track.times, track.milliwatts, low, high, SECOND_NS)
    assert change is None or 0 <= change < CEILING_MW


def test_a_lone_sample_after_a_gap_closes_its_slot() -> None:
    track, edges = PowerTrack(SECOND_NS), Edges(0, 0)
    slots = Slots(track, edges, fine=False)
    track.extend([(SECOND_NS // 2, 1000), (100 * SECOND_NS + 5, 1000)])
    edges.refresh(102 * SECOND_NS + 9, 102 * SECOND_NS + 9)
    slots.advance(102 * SECOND_NS + 9)
    assert slots.closed[-1].end_ns == 101 * SECOND_NS


@pytest.mark.parametrize("power_hz", [1, 2, 10, 100])
def test_steady_sampling_is_wholly_covered(power_hz: int) -> None:
    period_ns = SECOND_NS // power_hz
    track, edges = PowerTrack(max(3 * period_ns, SECOND_NS)), Edges(0, 0)
    slots = Slots(track, edges, fine=power_hz >= 50)
    at_ns = 700 * MS
    for now_ns in range(500 * MS, 30 * SECOND_NS, 500 * MS):
        while at_ns <= now_ns:
            track.extend([(at_ns, 300_000)])
            at_ns += period_ns
        edges.refresh(now_ns, now_ns)
        slots.advance(now_ns)
    assert len(slots.closed) > 25
    assert all(slot.covered_ns == slot.end_ns - slot.start_ns for slot in slots.closed)


clock_moves = st.lists(
    st.tuples(
        st.integers(0, 200 * SECOND_NS),
        st.one_of(
            st.just(0),
            st.integers(-STEP_NS + 1, STEP_NS - 1),
            st.integers(-5000 * SECOND_NS, 5000 * SECOND_NS),
        ),
    ),
    min_size=1,
    max_size=30,
)


@settings(max_examples=150)
@given(moves=clock_moves, offset_ns=st.integers(0, 10**18))
def test_edges_are_in_order_and_known_once(moves: list[tuple[int, int]], offset_ns: int) -> None:
    now_ns = 1000
    edges = Edges(now_ns, now_ns + offset_ns)
    seen = 0
    for elapsed_ns, moved_ns in moves:
        known_ns = edges.known_ns
        now_ns += elapsed_ns
        offset_ns = max(offset_ns + moved_ns, 0)
        edges.refresh(now_ns, now_ns + offset_ns)
        assert abs(edges.wall_ns(now_ns + 100) - now_ns - 100 - offset_ns) < 1
        # What was handed out before is final: new edges lie beyond it.
        new = edges.between(known_ns, 1 << 62)
        assert all(left.monotonic_ns <= right.monotonic_ns for left, right in pairwise(new))
        assert all(not edge.wall_before_ns % SECOND_NS or edge.stepped for edge in new)
        seen += len(new)
    assert len(edges._edges) <= seen


def test_wall_time_before_a_step_is_the_clock_of_then() -> None:
    edges = Edges(0, 10 * SECOND_NS)
    edges.refresh(5 * SECOND_NS, 3615 * SECOND_NS)
    edges.refresh(6 * SECOND_NS, 16 * SECOND_NS)
    assert edges.steps == 2
    assert edges.wall_ns(4 * SECOND_NS) == 14 * SECOND_NS
    assert edges.wall_ns(5 * SECOND_NS + 1) == 3615 * SECOND_NS + 1
    assert edges.wall_ns(7 * SECOND_NS) == 17 * SECOND_NS


def test_edges_stay_few_for_years() -> None:
    edges = Edges(0, 0)
    for quarter in range(20_000):
        now_ns = quarter * 900 * SECOND_NS
        edges._append(Edge(now_ns, now_ns, now_ns))
    assert len(edges._edges) < 6000


def reading(second: float, joules: float) -> CounterReading:
    return CounterReading(monotonic_ns=round(second * SECOND_NS), millijoules=round(joules * 1000))


def test_a_jump_does_not_become_possible_by_waiting() -> None:
    """At rest 4 kJ is impossible in a second, possible in three: the judge must not fall for it."""
    judge = CounterJudge(CEILING_MW)
    judge.judge(reading(0, 1e6))
    assert judge.judge(reading(1, 1e6 + 70)) is Verdict.ADVANCE
    verdicts = [judge.judge(reading(second, 1e6 + 4000 + 70 * second)) for second in (2, 3, 4, 5)]
    assert verdicts == [Verdict.REFUSED, Verdict.REFUSED, Verdict.MOVED, Verdict.ADVANCE]


def test_a_reset_must_go_on() -> None:
    judge = CounterJudge(CEILING_MW)
    judge.judge(reading(0, 1e6))
    assert judge.judge(reading(1, 0)) is Verdict.SUSPECT
    assert judge.judge(reading(2, 1e6 + 500)) is Verdict.ADVANCE
    assert judge.refusals == {"backwards": 1}
    assert judge.judge(reading(3, 20)) is Verdict.SUSPECT
    assert judge.judge(reading(4, 300)) is Verdict.RESET
    assert judge.resets == 1
    assert judge.refusals == {"backwards": 1}


@given(
    steps=st.lists(
        st.tuples(st.integers(-10, 10 * SECOND_NS), st.integers(-10, 1 << 64)), max_size=30
    )
)
def test_no_advance_is_ever_more_than_possible(steps: list[tuple[int, int]]) -> None:
    judge, at_ns = CounterJudge(CEILING_MW), 0
    for elapsed_ns, value in steps:
        at_ns += elapsed_ns
        anchor = judge.anchor
        verdict = judge.judge(CounterReading(monotonic_ns=at_ns, millijoules=value))
        if verdict is Verdict.ADVANCE:
            assert anchor is not None
            gone_ns = at_ns - anchor.monotonic_ns
            assert 0 < value - anchor.millijoules <= judge.most_mj(gone_ns)
        if verdict in (Verdict.STILL, Verdict.SUSPECT, Verdict.REFUSED):
            assert judge.anchor == anchor


def test_the_ratio_of_agreeing_readings_is_one() -> None:
    track, ratio = PowerTrack(SECOND_NS), CounterRatio()
    track.extend((i * 100 * MS, 250_000) for i in range(700))
    for second in range(1, 69):
        ratio.add(reading(second, 250 * second), track)
    assert ratio.value() == pytest.approx(1)
