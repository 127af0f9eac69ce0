"""One GPU under watch: its power thread and its telemetry thread.

Both are daemon threads: a driver call that never returns delays neither another GPU nor the exit.
They only write what the event loop reads; they never log and never wait for it.
"""

import threading
import time
from array import array
from collections import deque
from collections.abc import Callable

from collector.model import Reading
from collector.sampling.ring import SampleRing
from collector.sampling.ticker import (
    DELAYED_NS,
    POWER_STAGGER_NS,
    TELEMETRY_STAGGER_NS,
    Ticker,
    first_deadline_ns,
    phase_ns,
)
from collector.sources.protocol import DriverGoneError, Gpu, GpuLostError, PowerReader, SourceError

_RETRY_SECONDS = 1.0
_LOOK_AGAIN_SECONDS = 10.0
_READINGS_KEPT = 120


class Worker:
    """Reads one GPU at its rates until stopped.

    Args:
        gpu: the GPU.
        node: name of the node; it spreads the phases.
        power_period_ns: time between power reads.
        telemetry_period_ns: time between telemetry reads.
        slow_every: every how many telemetry reads the slow values are read too.
    """

    def __init__(
        self,
        gpu: Gpu,
        *,
        node: str,
        power_period_ns: int,
        telemetry_period_ns: int,
        slow_every: int,
    ) -> None:
        self.gpu = gpu
        self.ring: SampleRing | None = None
        self.scopes: tuple[str, ...] | None = None
        """Scopes read by the power thread; None until known, empty where there is no power."""
        self.readings: deque[Reading] = deque(maxlen=_READINGS_KEPT)
        self.errors: dict[tuple[str, str], int] = {}
        self.problem: SourceError | None = None
        """What the last failed read said; None after a good one."""
        self.fatal: BaseException | None = None
        self.power_busy_since_ns = 0
        self.telemetry_busy_since_ns = 0
        self.power_read_ns = 0
        self.lost = False
        self._generation = 0
        self._stopping = threading.Event()
        index = gpu.identity.index
        now_ns, wall_ns = time.monotonic_ns(), time.time_ns()

        def ticker(period_ns: int, stagger_ns: int) -> Ticker:
            phase = phase_ns(period_ns, node, index, stagger_ns)
            return Ticker(period_ns, first_deadline_ns(now_ns, wall_ns, period_ns, phase))

        self.power_ticker = ticker(power_period_ns, POWER_STAGGER_NS)
        self.telemetry_ticker = ticker(telemetry_period_ns, TELEMETRY_STAGGER_NS)
        self._slow_every = slow_every
        name = f"gpu{index}"
        self._threads = [
            threading.Thread(target=self._guard, args=(run,), name=f"{name}-{what}", daemon=True)
            for run, what in ((self._run_power, "power"), (self._run_telemetry, "telemetry"))
        ]

    def start(self) -> None:
        """Start both threads."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ask both threads to end; never waits."""
        self._stopping.set()
        self._generation += 1

    @property
    def busy(self) -> bool:
        """Whether a driver call is under way."""
        return bool(self.power_busy_since_ns or self.telemetry_busy_since_ns)

    def join(self, timeout_seconds: float) -> bool:
        """Wait for both threads; False when one has not ended."""
        deadline = time.monotonic() + timeout_seconds
        for thread in self._threads:
            thread.join(max(deadline - time.monotonic(), 0))
        return not any(thread.is_alive() for thread in self._threads)

    def _guard(self, run: Callable[[], None]) -> None:
        try:
            run()
        except BaseException as error:  # noqa: BLE001 - the event loop raises it where it is seen
            self.fatal = error

    def _run_power(self) -> None:
        while True:
            # In this order: `stop` sets the event first, so one of the two is always seen.
            generation = self._generation
            if self._stopping.is_set():
                return
            try:
                reader = self.gpu.power_reader()
            except DriverGoneError:
                raise
            except SourceError as error:
                self._failed("gpu_power_watts", error)
                self._stopping.wait(_RETRY_SECONDS)
                continue
            if reader is None:  # a driver may say so once and mean it only for now
                self.scopes = self.scopes or ()
                self._stopping.wait(_LOOK_AGAIN_SECONDS)
                continue
            if self.ring is None or self.scopes != reader.scopes:
                self.ring = SampleRing(len(reader.scopes))
                self.scopes = reader.scopes
            self._sample(reader, self.ring, generation)

    def _sample(self, reader: PowerReader, ring: SampleRing, generation: int) -> None:
        """The hot loop. Everything it touches is local or preallocated."""
        clock_ns, sleep, read = time.monotonic_ns, time.sleep, reader.read
        ticker, times, first, mask = (
            self.power_ticker,
            ring.times,
            ring.columns[0],
            ring.capacity - 1,
        )
        more = tuple(enumerate(ring.columns))[1:]
        milliwatts = array("q", bytes(8 * len(ring.columns)))
        ticker.align(clock_ns())
        deadline_ns, period_ns = ticker.deadline_ns, ticker.period_ns
        written = ring.written
        while generation == self._generation:
            wait_ns = deadline_ns - clock_ns()
            if wait_ns > 0:
                sleep(wait_ns * 1e-9)
            began_ns = clock_ns()
            self.power_busy_since_ns = began_ns
            try:
                read(milliwatts)
            except SourceError as error:
                self.power_busy_since_ns = 0
                if isinstance(error, DriverGoneError):
                    raise
                self._failed("gpu_power_watts", error)
                if isinstance(error, GpuLostError):
                    self._stopping.wait(_RETRY_SECONDS)
                    return
                ended_ns = clock_ns()
            else:
                ended_ns = clock_ns()
                self.power_busy_since_ns = 0
                slot = written & mask
                times[slot] = (began_ns + ended_ns) >> 1
                first[slot] = milliwatts[0]
                for position, column in more:
                    column[slot] = milliwatts[position]
                written += 1
                ring.written = written
            self.power_read_ns += ended_ns - began_ns
            if began_ns - deadline_ns > DELAYED_NS or ended_ns > deadline_ns + period_ns:
                deadline_ns = ticker.slipped(deadline_ns, began_ns, ended_ns)
            deadline_ns += period_ns
            ticker.ticks += 1

    def _run_telemetry(self) -> None:
        ticker = self.telemetry_ticker
        reads = 0
        # The first read is not put off: it tells what the GPU offers.
        while not self._stopping.is_set():
            began_ns = time.monotonic_ns()
            self.telemetry_busy_since_ns = began_ns
            try:
                if self.lost:
                    self.gpu.revive()
                    self.lost = False
                    self._generation += 1
                    reads = 0
                reading = self.gpu.read(slow=reads % self._slow_every == 0)
            except DriverGoneError:
                raise
            except SourceError as error:
                self._failed("telemetry", error)
                self.lost = self.lost or isinstance(error, GpuLostError)
            else:
                self.readings.append(reading)
                self.problem = None
                for sensor, word in reading.failed.items():
                    self._count(sensor, word)
                reads += 1
            self.telemetry_busy_since_ns = 0
            if reads > 1:
                ticker.done(began_ns, time.monotonic_ns())
            else:
                ticker.align(time.monotonic_ns())
            wait_ns = ticker.deadline_ns - time.monotonic_ns()
            if wait_ns > 0:
                self._stopping.wait(wait_ns * 1e-9)

    def _failed(self, sensor: str, error: SourceError) -> None:
        self.problem = error
        self._count(sensor, error.word)

    def _count(self, sensor: str, word: str) -> None:
        key = (sensor, word)
        self.errors[key] = self.errors.get(key, 0) + 1
