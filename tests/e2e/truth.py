"""The daemon's ledger against the fake library's truth."""

from dataclasses import dataclass
from typing import Literal

from tests.e2e.daemon import Daemon
from tests.fake_nvml import FakeNvml, Square

SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Compared:
    """One account after a clean stop, and the true energy over exactly the same stretch."""

    found_mj: int
    true_mj: int
    seconds: float

    @property
    def error(self) -> float:
        """Relative error."""
        return self.found_mj / self.true_mj - 1


def square(index: int, *, gpus: int = 8, low: int = 100_000, high: int = 650_000) -> Square:
    """Square waves from 0.3 s to 3 s, as the energy bars ask for."""
    period = round((0.3 + 2.7 * index / max(gpus - 1, 1)) * SECOND)
    return Square(period, low, high, high_nanoseconds=period * 2 // 5)


def compare(daemon: Daemon, fake: FakeNvml, index: int, scope: str = "gpu") -> Compared:
    """Compare an account with the truth; its registers must add up to its total."""
    gpu = fake.gpu(index)
    state = daemon.account(gpu.uuid, scope)
    registered_mj, elapsed_ns = daemon.registered(gpu.uuid, scope)
    assert registered_mj == state.total.total_mj
    end_ns = state.anchor_monotonic_ns
    start_ns = end_ns - elapsed_ns
    kind: Literal["module", "gpu"] = "module" if scope == "module" else "gpu"
    return Compared(
        state.total.total_mj,
        gpu.true_energy_millijoules(end_ns, kind) - gpu.true_energy_millijoules(start_ns, kind),
        elapsed_ns / SECOND,
    )
