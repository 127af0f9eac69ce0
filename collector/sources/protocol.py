"""What the sampler asks of a source of GPUs. Only a source knows its vendor."""

from collections.abc import MutableSequence, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

from collector.model import GpuIdentity, Reading
from collector.sources.watch import Watch


class SourceError(Exception):
    """A source could not do what was asked. The text is for people.

    Attributes:
        word: a short, stable word for the `error` label (`timeout`, `no_permission`, ...).
        action: what to do about it, where that is known.
    """

    word = "unknown"

    def __init__(self, text: str, word: str = "", action: str = "") -> None:
        super().__init__(text)
        self.action = action
        if word:
            self.word = word


class DriverMissingError(SourceError):
    """There is no driver here, or it is not loaded. It may come later."""

    word = "driver_missing"


class DriverGoneError(SourceError):
    """The driver that was in use is gone or was replaced; only a new process can go on."""

    word = "driver_gone"


class GpuLostError(SourceError):
    """This GPU no longer answers; it may come back."""

    word = "gpu_lost"


class PowerReader(Protocol):
    """Reads the instant power of one GPU. Used by that GPU's power thread alone."""

    @property
    def scopes(self) -> tuple[str, ...]:
        """The scopes that are read, best known first: `gpu`, `module`, `memory`."""

    def read(self, milliwatts: MutableSequence[int]) -> None:
        """Read all scopes with one driver call into `milliwatts`, by position of the scope.

        Nothing is allocated without need. A scope that failed this once is set to -1.

        Raises:
            SourceError: nothing could be read.
        """


class PowerSample(NamedTuple):
    """One sample out of a driver's buffer.

    Attributes:
        position: of its scope among the scopes.
        monotonic_ns: when it was taken.
        milliwatts: the power.
    """

    position: int
    monotonic_ns: int
    milliwatts: int


class PowerBuffer(Protocol):
    """Power samples that the driver keeps itself, read in bulk by the GPU's power thread alone."""

    @property
    def scopes(self) -> tuple[str, ...]:
        """The scopes, as those of the reader that it stands in for."""

    @property
    def period_ns(self) -> int:
        """Usual time between two samples."""

    @property
    def depth(self) -> int:
        """How many it keeps."""

    @property
    def interval_ns(self) -> int:
        """How often it must be taken: often enough that nothing is lost."""

    @property
    def failed(self) -> str:
        """The word for why the last take brought less than it should; empty where it did not."""

    @property
    def distrust(self) -> str:
        """Why it is no longer to be used, for people; empty while it is."""

    @property
    def compared(self) -> tuple[int, int]:
        """Recent comparisons with the sensor itself: those that failed, and all of them."""

    def take(self, polled_ns: int, polled_mw: Sequence[int]) -> Sequence[PowerSample]:
        """What is new, for each scope in order of time. Failures are in `failed` and `distrust`.

        Args:
            polled_ns: when the sensor itself was read, just now; monotonic.
            polled_mw: what it said, by position of the scope; -1 where it failed.

        Raises:
            GpuLostError, DriverGoneError: nothing more can be read.
        """


@runtime_checkable
class KeepsPower(Protocol):
    """A GPU whose driver may keep power samples of its own."""

    def power_buffer(self, reader: PowerReader) -> PowerBuffer | None:
        """The buffer that holds what a reader polls; None where there is none.

        Raises:
            SourceError: the GPU did not answer.
        """


class Gpu(Protocol):
    """One GPU, ready to be read."""

    @property
    def identity(self) -> GpuIdentity:
        """Who it is."""

    @property
    def unsupported(self) -> tuple[str, ...]:
        """Metric names that this GPU or driver does not offer, found out once."""

    @property
    def power_limit_watts(self) -> float | None:
        """The highest limit the board can be set to: more is not physically possible for long."""

    def power_reader(self) -> PowerReader | None:
        """A reader for the power thread, or None when no power can be read.

        Raises:
            SourceError: the GPU did not answer.
        """

    def revive(self) -> None:
        """Look the GPU up again after it was lost; power readers made before are void.

        Raises:
            SourceError: it is still gone.
        """

    def read(self, *, slow: bool, watch: Watch | None = None) -> Reading:
        """Read the telemetry that is due often, or with `slow` what is read seldom.

        One thread may call it for each of the two, and more where one of them hangs.

        Args:
            slow: which of the two.
            watch: told what is being read; says what to leave out, and whether to take durations.

        Raises:
            SourceError: the GPU as a whole did not answer; single failures are in the reading.
        """


class GpuSource(Protocol):
    """Finds GPUs. Every method may block in the driver; none is called from the event loop."""

    @property
    def name(self) -> str:
        """The key of this source in `Metric.reads`."""

    @property
    def simulated(self) -> bool:
        """Whether its GPUs are made up."""

    def open(self) -> None:
        """Connect to the driver.

        Raises:
            DriverMissingError: there is none.
        """

    def count(self) -> int:
        """Number of GPUs that there are, answering or not.

        Raises:
            DriverGoneError: the driver went away.
            SourceError: not even that could be read.
        """

    def gpu(self, index: int) -> Gpu:
        """The GPU at an index alone: one that hangs keeps nobody from another.

        Raises:
            DriverGoneError: the driver went away.
            SourceError: it does not answer, or may not be read.
        """

    def close(self) -> None:
        """Disconnect. Never called while a call into the driver is outstanding."""
