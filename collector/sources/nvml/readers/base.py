"""What a reader is: it reads what one spec string cannot say, in as few driver calls as it takes.

A reader finds out once what its GPU offers and keeps its buffers. One thread at a time reads it.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

from collector.catalogue import Labels
from collector.sources.nvml.library import Door, Handle

Series = dict[Labels, float]
"""Values by label values, in the metric's unit."""

_ONE = frozenset({""})


class UnsupportedError(Exception):
    """This GPU or its driver offers nothing of what a reader reads."""


@dataclass(slots=True)
class Found:
    """What one read brought.

    Attributes:
        values: series by the name of the output; what failed is absent.
        failed: output to the word for why it has no value, or not all of them.
    """

    values: dict[str, Series] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


class Reader(ABC):
    """Reads some metrics of one GPU.

    Args:
        door: NVML.
        handle: the GPU.

    Raises:
        UnsupportedError: nothing of it is offered.
        GpuLostError, DriverGoneError: nothing more can be read.
    """

    @abstractmethod
    def __init__(self, door: Door, handle: Handle) -> None: ...

    @property
    def outputs(self) -> frozenset[str]:
        """Names of what this GPU offers of it; the catalogue names them after a dot."""
        return _ONE

    @abstractmethod
    def read(self) -> Found:
        """Read once.

        Raises:
            SourceError: all of it failed.
        """

    def secrets(self) -> tuple[bytes, ...]:
        """Ids of machines in what was read last, which a capture must not tell."""
        return ()
