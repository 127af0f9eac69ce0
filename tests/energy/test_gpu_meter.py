"""A whole GPU: scopes, whose counter it is, statistics of windows."""

from collections.abc import Mapping

import pytest

from collector.energy.account import Limits
from collector.energy.edges import SECOND_NS, Edges
from collector.energy.gpu_meter import GpuMeter
from collector.energy.meter import Plan
from collector.energy.restart import Before
from collector.model import CounterReading, Energy, GpuIdentity, Reading, Window
from tests.energy.rig import BOOT, CEILING_MW, MONOTONIC_NS, MS, WALL_NS

OFFSET_NS = WALL_NS - MONOTONIC_NS


class Board:
    """A GPU and its module, at powers that can be set, metered as the daemon does."""

    def __init__(
        self,
        scopes: tuple[str, ...] = ("gpu", "module"),
        before: Mapping[str, tuple[Before, Energy]] | None = None,
        *,
        power_hz: int = 10,
    ) -> None:
        self.now_ns = MONOTONIC_NS
        self.edges = Edges(self.now_ns, self.now_ns + OFFSET_NS)
        self.period_ns = SECOND_NS // power_hz
        plan = Plan(period_ns=self.period_ns, window_ns=10 * SECOND_NS, boot_id=BOOT)
        self.meter = GpuMeter(
            GpuIdentity(uuid="GPU-0", index=0, model="made up"),
            self.edges,
            plan,
            {scope: Limits(ceiling_mw=CEILING_MW) for scope in scopes},
            has_counter=True,
            before=before or {},
        )
        self.scopes = scopes
        self.windows: list[Window] = []
        self.counter_mj = 7_000_000_000

    def run(
        self, seconds: int, mw: Mapping[str, int], counted_mw: int | None, *, power: bool = True
    ) -> None:
        """Run at constant powers, the counter counting another; None: it does not answer."""
        for _ in range(seconds):
            for half in (0, 1):
                start_ns = self.now_ns + half * 500 * MS
                for scope in self.scopes:
                    if power:
                        times = range(start_ns, start_ns + 500 * MS, self.period_ns)
                        self.meter.add_power(scope, [(at, mw[scope]) for at in times])
                if half and counted_mw is not None:
                    self.counter_mj += counted_mw
                    counter = CounterReading(
                        monotonic_ns=start_ns + 200 * MS, millijoules=self.counter_mj
                    )
                    self.meter.add_reading(
                        Reading(monotonic_ns=start_ns + 210 * MS, values={}, counter=counter)
                    )
                now_ns = start_ns + 500 * MS
                self.edges.refresh(now_ns, now_ns + OFFSET_NS)
                self.windows += self.meter.advance(now_ns)
            self.now_ns += SECOND_NS

    def finish(self) -> dict[str, Energy]:
        """End the run; energy by scope."""
        self.windows += self.meter.finish(self.now_ns)
        found: dict[str, Energy] = {}
        for window in self.windows:
            found[window.scope] = found.get(window.scope, Energy()) + window.energy
        return found


@pytest.mark.parametrize("counted", ["gpu", "module"])
def test_the_counters_scope_is_found(counted: str) -> None:
    board = Board()
    powers = {"gpu": 500_000, "module": 700_000}
    board.run(40, powers, powers[counted])
    found = board.finish()
    assert board.meter.counter_scope == counted
    for scope, energy in found.items():
        assert bool(energy.counter_mj) == (scope == counted)
        assert bool(energy.integrated_mj) == (scope != counted)
        assert energy.total_mj == pytest.approx(powers[scope] * 39.5, rel=0.02)


def test_an_idle_module_is_not_put_on_its_gpu() -> None:
    """At rest the counter agrees with nothing (zeus#181): power counts until load tells."""
    board = Board()
    board.run(60, {"gpu": 60_000, "module": 200_000}, 120_000)
    assert board.windows
    assert not any(window.energy.counter_mj for window in board.windows)
    board.run(90, {"gpu": 500_000, "module": 700_000}, 700_000)
    assert board.meter.counter_scope == "module"
    board.run(30, {"gpu": 500_000, "module": 700_000}, 700_000)
    found = board.finish()
    assert found["gpu"].counter_mj == 0
    assert found["gpu"].total_mj == pytest.approx(60 * 60_000 + 120 * 500_000, rel=0.01)
    assert found["module"].counter_mj > 30 * 700_000
    assert found["module"].total_mj == pytest.approx(60 * 200_000 + 120 * 700_000, rel=0.01)


def test_a_counter_that_appears_late_is_still_used() -> None:
    board = Board()
    powers = {"gpu": 500_000, "module": 700_000}
    board.run(40, powers, None)
    board.run(40, powers, 700_000)
    found = board.finish()
    assert board.meter.counter_scope == "module"
    assert found["module"].counter_mj > 25 * 700_000
    assert found["module"].total_mj == pytest.approx(80 * 700_000, rel=0.01)


@pytest.mark.parametrize("scopes", [("memory",), ()])
def test_a_gpu_without_a_metered_scope_does_not_stumble(scopes: tuple[str, ...]) -> None:
    board = Board(scopes)
    board.run(40, {"memory": 50_000}, 50_000)
    assert board.finish() == {}


def test_a_short_run_never_guesses_the_scope() -> None:
    board = Board()
    board.run(3, {"gpu": 500_000, "module": 700_000}, 700_000)
    found = board.finish()
    assert {energy.counter_mj for energy in found.values()} == {0}
    assert found["gpu"].integrated_mj == pytest.approx(3 * 500_000, rel=0.05)


def test_a_known_scope_is_kept_over_a_restart() -> None:
    before = Before(
        wall_ns=WALL_NS - 60 * SECOND_NS,
        monotonic_ns=MONOTONIC_NS - 60 * SECOND_NS,
        boot_id=BOOT,
        counter_mj=7_000_000_000 - 59 * 700_000,
        power_mw=700_000,
        idle_mw=200_000,
        clean=True,
    )
    board = Board(before={"module": (before, Energy(counter_mj=5))})
    board.run(20, {"gpu": 500_000, "module": 700_000}, 700_000)
    found = board.finish()
    assert board.meter.counter_scope == "module"
    assert found["module"].total_mj == found["module"].counter_mj
    assert found["module"].total_mj == 59 * 700_000 + 20 * 700_000


def test_every_sample_is_in_a_windows_statistics() -> None:
    """Also those in the second in which a gap begins, and the peak among them."""
    board = Board(("gpu",))
    board.run(23, {"gpu": 300_000}, 300_000)
    board.meter.add_power("gpu", [(board.now_ns + 1 * MS, 900_000)])
    board.run(30, {"gpu": 300_000}, None, power=False)
    board.run(23, {"gpu": 300_000}, 1_000_000)
    board.finish()
    peak = max(window.power.maximum for window in board.windows if window.power is not None)
    assert peak == 900
    samples = sum(window.samples for window in board.windows)
    track = board.meter.scopes["gpu"].track
    assert track.out_of_order == 0
    # All but the first and the last second, in which the books begin and end.
    assert samples >= 23 * 20 + 1 - 20
    for window in board.windows:
        assert (window.power is None) == bool(window.gap)
        if window.power is not None:
            assert window.power.minimum <= window.power.mean <= window.power.maximum


def test_the_ratio_at_a_slow_telemetry_rate() -> None:
    """A reading lies ten seconds back when the next one comes: its place must be known by then."""
    board = Board(("gpu",))
    for second in range(100):
        milliwatts = 200_000 if second % 10 < 5 else 600_000
        board.run(1, {"gpu": milliwatts}, milliwatts if second % 10 == 9 else None)
        if second % 10 != 9:
            board.counter_mj += milliwatts
    ratio = board.meter.ratio.value()
    assert ratio == pytest.approx(1, rel=0.01)


def test_a_scope_known_from_an_earlier_run_is_looked_at_again() -> None:
    """A driver update may make the counter count something else."""
    before = Before(
        wall_ns=WALL_NS - 60 * SECOND_NS,
        monotonic_ns=MONOTONIC_NS - 60 * SECOND_NS,
        boot_id=BOOT,
        counter_mj=7_000_000_000 - 59 * 500_000,
        power_mw=500_000,
        idle_mw=200_000,
        clean=True,
    )
    board = Board(before={"module": (before, Energy(counter_mj=5))})
    board.run(60, {"gpu": 500_000, "module": 700_000}, 500_000)
    found = board.finish()
    assert board.meter.counter_scope == "gpu"
    assert found["gpu"].counter_mj > 50 * 500_000
    # The module goes on by its own power, but for the seconds until it was found out.
    assert found["module"].integrated_mj > 50 * 700_000


def test_a_counter_at_odds_with_power_is_told_after_a_minute() -> None:
    board = Board(scopes=("gpu",))
    board.run(50, {"gpu": 500_000}, 730_000)
    settled = [board.meter.ratio.settled]
    board.run(20, {"gpu": 500_000}, 730_000)
    settled.append(board.meter.ratio.settled)
    assert settled == [False, True]
    assert board.meter.ratio.value() == pytest.approx(1.46, abs=0.01)
