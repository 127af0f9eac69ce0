"""What is shown as a total: over kills at any moment, Prometheus adds up no more than there is."""

from dataclasses import dataclass, field

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.daemon.accounts import ShownBase, before_of, shown_base, state_of
from collector.daemon.shown_total import ShownTotal
from collector.energy.edges import SECOND_NS
from collector.ledger import AccountState
from tests.energy.rig import BOOT, MS, Counter, Rig, Wave

SQUARE = Wave(650_000, 100_000, 2300 * MS, 900 * MS)


@dataclass
class Scraped:
    """A daemon on one GPU that is scraped, killed and started again; its ledger is one state."""

    has_counter: bool = True
    rig: Rig = field(init=False)
    on_disk: AccountState | None = None
    last_mj: int = 0
    added_mj: int = 0
    estimated_mj: int = 0
    falls: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rig = Rig(wave=SQUARE, window_s=1, has_counter=self.has_counter)
        self._begin()

    def _begin(self) -> None:
        self.before = self.on_disk
        self.base: ShownBase | None = None
        self.shown = ShownTotal(self.on_disk)

    def kill(self, down_s: float) -> None:
        """Kill it, and start it after a while."""
        rig = self.rig
        before = None if self.on_disk is None else before_of(self.on_disk)
        new = Rig(
            wave=rig.wave,
            window_s=rig.window_s,
            has_counter=self.has_counter,
            before=before,
            now_ns=rig.now_ns + round(down_s * SECOND_NS),
            wall_offset_ns=rig.wall_offset_ns,
        )
        new.counter = replace_counter(rig, new)
        self.rig = new
        self._begin()

    def run(self, seconds: float, *, power: bool = True, counter: bool = True) -> None:
        """Let time pass, a scrape each second."""
        while seconds > 0:
            self.rig.run(min(seconds, 1), power=power, counter=counter)
            seconds -= 1
            self.scrape()

    def scrape(self) -> None:
        """What Prometheus does with it."""
        meter = self.rig.meter
        if self.base is None and meter.started:
            self.base = shown_base(self.before, meter)
        if self.base is None:
            return
        value = self.shown.value(meter.account, self.base)
        if value is None:
            return
        total_mj, estimated_mj = value
        if total_mj < self.last_mj:
            self.falls.append((self.last_mj, total_mj))
            self.added_mj += total_mj
        else:
            self.added_mj += total_mj - self.last_mj
        self.last_mj = total_mj
        assert 0 <= estimated_mj <= total_mj

    def commit(self) -> None:
        """What closed so far reaches the disk."""
        if not self.rig.closed:
            return
        base = self.base or ShownBase()
        closed = self.rig.closed[-1]
        self.on_disk = state_of(self.rig.meter, closed, base, boot_id=BOOT, clean=False)
        self.shown.landed(self.on_disk)


def replace_counter(old: Rig, new: Rig) -> Counter:
    """The hardware goes on."""
    new.counter.offset_mj, new.counter.held_mj = old.counter.offset_mj, old.counter.held_mj
    return new.counter


def test_it_goes_on_over_a_kill_while_the_counter_runs() -> None:
    daemon = Scraped()
    daemon.run(10)
    daemon.commit()
    daemon.run(5)
    daemon.kill(20)
    daemon.run(10)
    assert daemon.falls == []


def test_what_was_integrated_and_is_not_on_disk_is_not_shown() -> None:
    """The counter is silent, the disk full, the daemon killed: the integral is not found again."""
    daemon = Scraped()
    daemon.run(10)
    daemon.commit()
    daemon.run(60, counter=False)
    daemon.kill(0.4)
    daemon.run(20)
    assert daemon.falls == []


def test_a_restart_at_zero_is_not_shown_before_it_is_on_disk() -> None:
    """Else the next run, which knows nothing of it, would go on from far above."""
    daemon = Scraped()
    daemon.run(60)
    daemon.commit()
    daemon.rig.counter.reset(daemon.rig.now_ns)
    daemon.kill(5)
    daemon.run(20)
    assert daemon.last_mj < 60 * 325_000  # as before the kill: nothing was shown since
    daemon.kill(5)
    daemon.run(20)
    daemon.commit()
    daemon.run(5)
    assert len(daemon.falls) == 1
    assert daemon.falls[0][1] < 40 * 325_000


operations = st.one_of(
    st.tuples(st.sampled_from(["both", "both", "power", "counter", "neither"]), st.floats(0.2, 30)),
    st.tuples(st.sampled_from(["commit", "commit", "reset", "freeze", "go on"]), st.just(0.0)),
    st.tuples(st.just("kill"), st.floats(0.1, 30)),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(script=st.lists(operations, min_size=1, max_size=20), has_counter=st.booleans())
def test_prometheus_never_adds_up_more_than_there_is(
    script: list[tuple[str, float]], *, has_counter: bool
) -> None:
    daemon = Scraped(has_counter=has_counter)
    daemon.run(5)
    daemon.commit()
    for what, seconds in script:
        rig = daemon.rig
        if what == "commit":
            daemon.commit()
        elif what == "kill":
            daemon.kill(seconds)
        elif what == "reset":
            rig.counter.reset(rig.now_ns)
        elif what == "freeze":
            rig.counter.freeze(rig.now_ns)
        elif what == "go on":
            rig.counter.go_on(rig.now_ns, catch_up=False)
        else:
            daemon.run(
                seconds, power=what in {"both", "power"}, counter=what in {"both", "counter"}
            )
    daemon.run(80)
    daemon.rig.finish()
    lost_mj = 0 if has_counter else sum(before for before, _ in daemon.falls)
    assert daemon.added_mj <= daemon.rig.meter.account.total.total_mj + lost_mj
