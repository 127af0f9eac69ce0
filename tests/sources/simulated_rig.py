"""What the tests of the simulated source share: a clock that they set, and opened sources."""

from collections.abc import Sequence
from pathlib import Path
from threading import local
from typing import Literal

from collector.catalogue import DEFAULT_ON, Metric
from collector.config.settings import SimulationTable
from collector.sources.simulated import REFRESH_NS, SimulatedGpu, SimulatedSource

Model = Literal["A100", "H100", "H200", "B200", "GB200", "GB300"]
MODELS: tuple[Model, ...] = ("A100", "H100", "H200", "B200", "GB200", "GB300")
START_NS = 987_654_321_000
SECOND_NS = 1_000_000_000


class SetClock(local):
    """A clock that stands where it is put; every thread has its own."""

    now_ns = START_NS

    def __call__(self) -> int:
        """The time it was set to, in nanoseconds."""
        return self.now_ns

    def set_refresh(self, refresh: int, into_ns: int = 0) -> None:
        """Go to a refresh since the start, and some nanoseconds into it."""
        self.now_ns = START_NS + refresh * REFRESH_NS + into_ns


def open_source(
    clock: SetClock,
    *,
    gpus: int = 2,
    model: Model = "H200",
    seed: int = 1,
    trace: Path | None = None,
    catalogue: Sequence[Metric] = DEFAULT_ON,
) -> list[SimulatedGpu]:
    """A source opened at START_NS, and its GPUs."""
    settings = SimulationTable(gpus=gpus, model=model, seed=seed, trace=trace)
    source = SimulatedSource(settings, clock_ns=clock, catalogue=catalogue)
    source.open()
    gpus_found = list(source.discover())
    assert len(gpus_found) == gpus
    return gpus_found


def power_at(clock: SetClock, gpu: SimulatedGpu, refreshes: range) -> list[int]:
    """Power of the GPU scope in each refresh, in milliwatts, as the power thread reads it."""
    reader = gpu.power_reader()
    assert reader is not None
    into = [-1] * len(reader.scopes)
    powers = []
    for refresh in refreshes:
        clock.set_refresh(refresh, refresh % REFRESH_NS)
        reader.read(into)
        powers.append(into[0])
    return powers
