"""What the parts of a fake GPU share: its piece of the state file."""

import contextlib
import threading
from collections.abc import Iterator
from typing import Protocol, Self, overload

from tests.fake_nvml.layout import GpuState, SegmentState, State
from tests.fake_nvml.waveforms import AnyWaveform


class Machine(Protocol):
    """The machine that the GPU is in."""

    lock: threading.RLock

    @property
    def state(self) -> State:
        """The state file."""

    def store_waveform(self, raw: SegmentState, waveform: AnyWaveform) -> None:
        """Write a waveform into a segment."""


class Part:
    """One aspect of a GPU; `FakeGpu` inherits all of them."""

    def __init__(self, machine: Machine, index: int) -> None:
        self._fake = machine
        self.index = index

    @property
    def state(self) -> GpuState:
        """The GPU's part of the state file."""
        gpu = self._fake.state.gpus[self.index]
        assert isinstance(gpu, GpuState)
        return gpu

    @property
    def epoch_nanoseconds(self) -> int:
        """CLOCK_MONOTONIC when the true energy was zero."""
        return int(self.state.epoch_nanoseconds)

    @contextlib.contextmanager
    def _update(self, sequence: str) -> Iterator[GpuState]:
        """Change what is guarded by a sequence lock: it is odd meanwhile."""
        state = self.state
        with self._fake.lock:
            setattr(state, sequence, getattr(state, sequence) + 1)
        try:
            yield state
        finally:
            with self._fake.lock:
                setattr(state, sequence, getattr(state, sequence) + 1)


class Number:
    """A plain value of the state file, readable and settable live."""

    def __set_name__(self, owner: type[Part], name: str) -> None:
        self._name = name

    @overload
    def __get__(self, gpu: None, owner: type[Part]) -> Self: ...
    @overload
    def __get__(self, gpu: Part, owner: type[Part]) -> int: ...
    def __get__(self, gpu: Part | None, owner: type[Part]) -> Self | int:
        if gpu is None:
            return self
        return int(getattr(gpu.state, self._name))

    def __set__(self, gpu: Part, value: int) -> None:
        setattr(gpu.state, self._name, value)
