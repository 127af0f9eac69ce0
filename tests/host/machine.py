"""A machine made of arithmetic: sensors over a power that is known, two clocks, and the meter."""

from dataclasses import dataclass, field, replace

from collector.energy.account import Limits
from collector.energy.edges import SECOND_NS, Edges
from collector.energy.meter import Plan
from collector.energy.restart import Before
from collector.energy.sensor_meter import SensorMeter
from collector.model import Energy, HostSensor, Window

WALL_NS = 1_760_000_003 * SECOND_NS + 123_456_789
MONOTONIC_NS = 5_000 * SECOND_NS + 987_654_321
RANGE_UJ = 262_143_328_850
BOOT = "this boot"


@dataclass(slots=True)
class Machine:
    """Drives one `SensorMeter` through made-up time. No sleeping.

    Attributes:
        power_mw: what is drawn now.
        period_ns: how often the sensor is read.
        range_uj: of its counter; None for a sensor of power.
        raw_uj: the counter, as the kernel shows it.
        true_uj: energy since the machine began.
        windows: what closed, in all runs.
    """

    power_mw: int = 200_000
    period_ns: int = SECOND_NS
    range_uj: int | None = RANGE_UJ
    raw_uj: int = 0
    true_uj: int = 0
    now_ns: int = MONOTONIC_NS
    boot_id: str = BOOT
    before: tuple[Before, Energy] | None = None
    windows: list[Window] = field(default_factory=list)
    edges: Edges = field(init=False)
    meter: SensorMeter = field(init=False)
    wall_ns: int = WALL_NS

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Begin a run with what the last one left."""
        self.edges = Edges(self.now_ns, self.wall_ns)
        plan = Plan(
            period_ns=self.period_ns,
            window_ns=10 * SECOND_NS,
            boot_id=self.boot_id,
            counter_ns=self.period_ns,
        )
        self.meter = SensorMeter(
            HostSensor(source="rapl", device="package-0"),
            "cpu",
            self.edges,
            plan,
            Limits(ceiling_mw=2_000_000 if self.range_uj else 50_000_000, least_mw=0),
            range_uj=self.range_uj,
            before=self.before,
        )

    def run(self, seconds: float, *, reads: bool = True, power_mw: int | None = None) -> None:
        """Let time pass; `reads` says whether the sensor answers."""
        self.power_mw = self.power_mw if power_mw is None else power_mw
        until_ns = self.now_ns + round(seconds * SECOND_NS)
        while self.now_ns < until_ns:
            self.skip(min(self.period_ns, until_ns - self.now_ns))
            if reads:
                self.read()
            self.edges.refresh(self.now_ns, self.wall_ns)
            self.windows += self.meter.advance(self.now_ns)

    def skip(self, elapsed_ns: int) -> None:
        """Let time pass without anybody looking."""
        self.now_ns += elapsed_ns
        self.wall_ns += elapsed_ns
        energy_uj = self.power_mw * elapsed_ns // 10**6
        self.true_uj += energy_uj
        self.raw_uj += energy_uj
        if self.range_uj is not None:
            self.raw_uj %= self.range_uj

    def read(self) -> None:
        """Read the sensor once."""
        if self.range_uj is None:
            self.meter.add_power(self.now_ns, self.power_mw)
        else:
            self.meter.add_counter(self.now_ns, self.raw_uj)

    def stop(self, *, clean: bool = True) -> None:
        """End the run; without `clean`, what has not closed yet is lost as by `kill -9`."""
        if clean:
            self.edges.refresh(self.now_ns, self.wall_ns)
            self.windows += self.meter.finish(self.now_ns)
        closed = self.meter.last_closed
        assert closed is not None
        self.before = (
            Before(
                wall_ns=closed.wall_end_ns,
                monotonic_ns=closed.end_ns,
                boot_id=self.boot_id,
                counter_mj=closed.counter_mj,
                power_mw=self.meter.last_mw or 0,
                idle_mw=self.meter.meter.idle_mw or 0,
                clean=clean,
            ),
            closed.total,
        )

    def reboot(self, dark_seconds: float) -> None:
        """Stop the machine for a while; the counter and the monotonic clock begin anew."""
        self.wall_ns += round(dark_seconds * SECOND_NS)
        self.now_ns, self.raw_uj, self.boot_id = 30 * SECOND_NS, 12_345, f"{self.boot_id}'"
        self.wall_ns += 30 * SECOND_NS

    @property
    def energy(self) -> Energy:
        """All that the windows hold."""
        total = Energy()
        for window in self.windows:
            total += window.energy
        return total

    def without_counter(self) -> None:
        """Make the ledger forget the counter."""
        assert self.before is not None
        self.before = replace(self.before[0], counter_mj=None), self.before[1]
