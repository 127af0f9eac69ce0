"""A source whose clock is set back: that is no replay, and its energy is not lost."""

import pytest

from collector.model import Meter
from collector.site.meter_account import MeterAccount, MeterPlan
from collector.sources.meters.dsx import DsxDecoder
from collector.sources.meters.reading import MeterReading
from collector.sources.meters.values import SourceClock
from tests.meters.dsx_bus import describe, say
from tests.meters.rig import NOW_NS, SECOND_NS, Rig, specs

WATTS = 1000
"""Steady, so that energy tells time."""
HOUR_SECONDS = 3600


def published(
    rig: Rig, seconds: int, every: int, ahead_seconds: int, account: MeterAccount | None = None
) -> list[MeterReading]:
    """A source says the same for so long, by a clock that is off by so much."""
    found: list[MeterReading] = []
    for _ in range(0, seconds, every):
        rig.wait(every)
        readings = say(rig, WATTS / 1000, at_ms=rig.now_ms + 1000 * ahead_seconds)
        found += readings
        for reading in readings if account is not None else ():
            assert account is not None
            account.add(reading, NOW_NS + rig.at_ns)
            account.settle(rig.at_ns)
    return found


def dsx_rig() -> Rig:
    rig = Rig(DsxDecoder(specs("main"), SourceClock()))
    describe(rig)
    return rig


@pytest.mark.parametrize("every", [1, 10, 100])
def test_no_energy_is_lost_when_a_clock_is_set_back(every: int) -> None:
    rig = dsx_rig()
    plan = MeterPlan(stale_ns=200 * SECOND_NS, window_ns=10 * SECOND_NS, ceiling_mw=10_000_000)
    account = MeterAccount(Meter(id="main", role="it", branch="b"), plan)
    published(rig, 1800, every, 0, account)
    published(rig, 1800, every, -HOUR_SECONDS, account)
    account.finish()
    joules = account.total.total_mj / 1000
    assert joules == pytest.approx(WATTS * (3600 - every), abs=10 * WATTS)
    assert account.total.estimated_mj / 1000 <= WATTS * 4 * every
    assert account.clock.steps == 1


def test_what_a_broker_sends_again_is_still_a_replay() -> None:
    """A burst of old messages, however long the time that it tells of."""
    rig = dsx_rig()
    published(rig, 600, 1, 0)
    taken = []
    for second in range(600):  # ten minutes in six seconds
        rig.wait(0.01)
        taken += say(rig, 1.0, at_ms=rig.now_ms - 600_000 + second * 990)
    assert taken == []
    assert rig.rejected() == {"replayed": 600}


def test_an_echo_between_news_is_still_a_replay() -> None:
    """Another gateway repeats all of it half a minute later."""
    rig = dsx_rig()
    for _ in range(300):
        rig.wait(1)
        assert len(say(rig, 1.0)) == 1
        if rig.at_ns > 30 * SECOND_NS:
            assert say(rig, 1.0, at_ms=rig.now_ms - 30_000) == []


def test_a_time_that_stands_still_is_still_a_replay() -> None:
    rig = dsx_rig()
    stamp = rig.now_ms
    published(rig, 10, 1, 0)
    taken = []
    for _ in range(600):
        rig.wait(1)
        taken += say(rig, 1.0, at_ms=stamp)
    assert taken == []
