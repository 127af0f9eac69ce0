"""What a check asks of a source beyond reading it: to be asked call by call, GPU by GPU."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Protocol, runtime_checkable

from collector.catalogue import Labels
from collector.model import CounterReading
from collector.sources.protocol import Gpu, GpuSource


class Answer(Protocol):
    """What one series said when it was asked alone; see `collector.check.model.Series`."""

    @property
    def metric(self) -> str:
        """The metric's name."""

    @property
    def labels(self) -> Labels:
        """Its own label values."""

    @property
    def offered(self) -> bool:
        """Whether this GPU offers it."""

    @property
    def value(self) -> float | None:
        """In the metric's unit; None where it was not read."""

    @property
    def error(self) -> str:
        """Short word why there is no value."""

    @property
    def way(self) -> str:
        """How it was read."""

    @property
    def short(self) -> str:
        """The same, shorter."""

    @property
    def spent_ns(self) -> int | None:
        """Duration of the read; None where nothing was read."""


class Survey(Protocol):
    """Asks one GPU for everything."""

    def ask(self, about_to: Callable[[str], None]) -> Sequence[Answer]:
        """Ask every series once, announcing each driver call; may raise `SourceError`."""

    def counter(self) -> CounterReading | None:
        """Read the energy counter alone; may raise `SourceError`."""

    def calls(self) -> Sequence[Mapping[str, object]] | None:
        """Every driver call and its answer, for captures; None where there is no driver."""


@runtime_checkable
class Surveyed(Protocol):
    """A GPU that can be asked call by call."""

    def survey(self) -> Survey:
        """What asks it."""


def finders(source: GpuSource) -> dict[int, Callable[[], Gpu]]:
    """For each GPU's index, what finds it. May block in the driver.

    Raises:
        SourceError: not even their number could be read.
    """
    return {index: partial(source.gpu, index) for index in range(source.count())}
