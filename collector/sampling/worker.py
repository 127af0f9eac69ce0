"""One GPU under watch: its power thread and its two lanes of telemetry, often and seldom.

All are daemon threads: a driver call that never returns delays neither another GPU nor the exit.
They only write what the event loop reads; they never log and never wait for it.
"""

import threading
import time
from array import array
from collections import deque
from collections.abc import Sequence

from collector.model import Reading
from collector.sampling.lane import HANG_NS, Lane
from collector.sampling.ring import SampleRing
from collector.sampling.ticker import (
    DELAYED_NS,
    POWER_STAGGER_NS,
    TELEMETRY_STAGGER_NS,
    Ticker,
    first_deadline_ns,
    phase_ns,
)
from collector.sources.protocol import (
    DriverGoneError,
    Gpu,
    GpuLostError,
    KeepsPower,
    PowerBuffer,
    PowerReader,
    SourceError,
)

_RETRY_SECONDS = 1.0
_LOOK_AGAIN_SECONDS = 10.0
_READINGS_KEPT = 120
_LEAST_INTERVAL_NS = 10_000_000


def is_finer(buffer: PowerBuffer, period_ns: int) -> bool:
    """Whether a driver's buffer tells more than polling at a period, and can be taken in time."""
    return buffer.period_ns < period_ns and buffer.interval_ns >= _LEAST_INTERVAL_NS


class Worker:
    """Reads one GPU at its rates until stopped.

    Args:
        gpu: the GPU.
        node: name of the node; it spreads the phases.
        power_period_ns: time between power reads.
        telemetry_period_ns: time between telemetry reads.
        slow_period_ns: time between reads of the slow values.
        power_buffer: whether power may be taken from the driver's own samples where they are finer.
    """

    def __init__(
        self,
        gpu: Gpu,
        *,
        node: str,
        power_period_ns: int,
        telemetry_period_ns: int,
        slow_period_ns: int,
        power_buffer: bool = False,
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
        self.power_read_ns = 0
        self.buffer: PowerBuffer | None = None
        """The driver's buffer while power is taken from it."""
        self.buffer_refused = ""
        """Why the driver's buffer is no longer used, for people; empty while nothing is wrong."""
        self.lost = False
        self._may_buffer = power_buffer
        self._polling_ns = power_period_ns
        self._at_buffer = False
        self._relieved: list[threading.Thread] = []
        self._generation = 0
        self._stopping = threading.Event()
        index = gpu.identity.index
        now_ns, wall_ns = time.monotonic_ns(), time.time_ns()

        def ticker(period_ns: int, stagger_ns: int) -> Ticker:
            phase = phase_ns(period_ns, node, index, stagger_ns)
            return Ticker(period_ns, first_deadline_ns(now_ns, wall_ns, period_ns, phase))

        self.power_ticker = ticker(power_period_ns, POWER_STAGGER_NS)
        self.telemetry = Lane(
            gpu,
            self,
            ticker(telemetry_period_ns, TELEMETRY_STAGGER_NS),
            slow=False,
            # Costs are not measured each time: each look at the clock is a cost of its own.
            time_every=max(1, round(slow_period_ns / telemetry_period_ns)),
        )
        self.slow = Lane(gpu, self, ticker(slow_period_ns, TELEMETRY_STAGGER_NS), slow=True)
        self._power_name = f"gpu{index}-power"
        self._power_thread = self._new_power_thread()

    def start(self) -> None:
        """Start all threads."""
        self._power_thread.start()
        self.telemetry.start()
        self.slow.start()

    def stop(self) -> None:
        """Ask all threads to end; never waits."""
        self._stopping.set()
        self.telemetry.stop()
        self.slow.stop()
        self._generation += 1

    @property
    def busy(self) -> bool:
        """Whether a driver call is under way."""
        lanes = (self.telemetry, self.slow)
        return (
            bool(self.power_busy_since_ns)
            or any(thread.is_alive() for thread in self._relieved)
            or any(lane.busy_since_ns or lane.hanging for lane in lanes)
        )

    @property
    def hanging(self) -> dict[str, int]:
        """Sensors whose call has not returned, and since when, monotonic; the rest is read."""
        return self.telemetry.hanging | self.slow.hanging

    def relieve(self, now_ns: int) -> None:
        """Let new threads take over from those that hang in a single sensor."""
        self.telemetry.relieve(now_ns)
        self.slow.relieve(now_ns)
        since_ns = self.power_busy_since_ns
        if not self._at_buffer or not since_ns or now_ns - since_ns < HANG_NS:
            return
        if self._stopping.is_set():
            return
        # The sensor itself can be polled on; the thread that hangs ends when its call returns.
        self.buffer_refused = "a read of it did not return"
        self.count("gpu_power_watts", "timeout")
        self._at_buffer, self.power_busy_since_ns = False, 0
        if self.buffer is not None:
            self.buffer, self.power_ticker.period_ns = None, self._polling_ns
        self._relieved.append(self._power_thread)
        self._power_thread = self._new_power_thread()
        self._power_thread.start()

    def join(self, timeout_seconds: float) -> bool:
        """Wait for all threads; False when one has not ended."""
        deadline = time.monotonic() + timeout_seconds
        ended = [
            thing.join(max(deadline - time.monotonic(), 0)) for thing in (self.telemetry, self.slow)
        ]
        self._power_thread.join(max(deadline - time.monotonic(), 0))
        power = (self._power_thread, *self._relieved)
        return all(ended) and not any(thread.is_alive() for thread in power)

    def _gave_way(self) -> bool:
        """Whether another thread has taken over from the one that asks."""
        return threading.current_thread() is not self._power_thread

    def _new_power_thread(self) -> threading.Thread:
        return threading.Thread(target=self._guard_power, name=self._power_name, daemon=True)

    def _guard_power(self) -> None:
        try:
            self._run_power()
        except BaseException as error:  # noqa: BLE001 - the event loop raises it where it is seen
            self.fatal = error

    def _run_power(self) -> None:
        while True:
            # In this order: `stop` sets the event first, so one of the two is always seen.
            generation = self._generation
            if self._stopping.is_set() or self._gave_way():
                return
            try:
                reader = self.gpu.power_reader()
                buffer = self._find_buffer(reader)
            except DriverGoneError:
                raise
            except SourceError as error:
                self.failed("gpu_power_watts", error)
                self._stopping.wait(_RETRY_SECONDS)
                continue
            if reader is None:  # a driver may say so once and mean it only for now
                self.scopes = self.scopes or ()
                self._stopping.wait(_LOOK_AGAIN_SECONDS)
                continue
            if self._gave_way():
                return
            if self.ring is None or self.scopes != reader.scopes:
                self.ring = SampleRing(len(reader.scopes))
                self.scopes = reader.scopes
            if buffer is None:
                self._sample(reader, self.ring, generation)
            else:
                self._drain(reader, buffer, self.ring, generation)

    def _find_buffer(self, reader: PowerReader | None) -> PowerBuffer | None:
        """The driver's buffer, where it is to be used."""
        gpu = self.gpu
        if reader is None or not self._may_buffer or self.buffer_refused:
            return None
        if not isinstance(gpu, KeepsPower):
            return None
        self._at_buffer, self.power_busy_since_ns = True, time.monotonic_ns()
        try:
            buffer = gpu.power_buffer(reader)
        finally:
            self._leave_buffer()
        if buffer is None or not is_finer(buffer, self._polling_ns):
            return None
        return buffer

    def _leave_buffer(self) -> None:
        if not self._gave_way():
            self._at_buffer, self.power_busy_since_ns = False, 0

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
                self.failed("gpu_power_watts", error)
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

    def _drain(
        self, reader: PowerReader, buffer: PowerBuffer, ring: SampleRing, generation: int
    ) -> None:
        """Take the driver's own samples in bulk, until they are no longer to be trusted."""
        ticker = self.power_ticker
        self.buffer, ticker.period_ns = buffer, buffer.interval_ns
        ticker.align(time.monotonic_ns())
        polled = [0] * len(reader.scopes)
        try:
            while generation == self._generation and not self.buffer_refused:
                self._stopping.wait(max(ticker.deadline_ns - time.monotonic_ns(), 0) * 1e-9)
                began_ns = time.monotonic_ns()
                self.power_busy_since_ns = began_ns
                try:
                    reader.read(polled)
                    self._take(buffer, ring, polled, began_ns)
                except (DriverGoneError, GpuLostError):
                    raise
                except SourceError as error:
                    self.failed("gpu_power_watts", error)
                finally:
                    self._leave_buffer()
                if self._gave_way():
                    return
                ended_ns = time.monotonic_ns()
                self.power_read_ns += ended_ns - began_ns
                ticker.done(began_ns, ended_ns)
        except GpuLostError as error:
            self.failed("gpu_power_watts", error)
            self._stopping.wait(_RETRY_SECONDS)
        finally:
            if self.buffer is buffer:
                self.buffer, ticker.period_ns = None, self._polling_ns

    def _take(
        self, buffer: PowerBuffer, ring: SampleRing, polled: Sequence[int], began_ns: int
    ) -> None:
        """Take what is new, unless another thread has taken over meanwhile."""
        self._at_buffer = True
        samples = buffer.take((began_ns + time.monotonic_ns()) >> 1, polled)
        if self._gave_way():
            return
        self._at_buffer = False
        for position, at_ns, milliwatts in samples:
            ring.put(position, at_ns, milliwatts)
        if buffer.failed:
            self.count("gpu_power_watts", buffer.failed)
        self.buffer_refused = self.buffer_refused or buffer.distrust

    def reading(self, reading: Reading) -> None:
        """Take a reading of either lane."""
        self.readings.append(reading)
        if not reading.slow:
            self.problem = None

    def failed(self, sensor: str, error: SourceError) -> None:
        """Note a read that failed as a whole."""
        self.problem = error
        self.count(sensor, error.word)

    def count(self, sensor: str, word: str) -> None:
        """Count a failed read of one sensor."""
        key = (sensor, word)
        self.errors[key] = self.errors.get(key, 0) + 1

    def revive(self) -> None:
        """Look the lost GPU up again; power is then read anew too."""
        self.gpu.revive()
        self.lost = False
        self._generation += 1

    def fatal_error(self, error: BaseException) -> None:
        """Hand an error to the event loop, which raises it where it is seen."""
        self.fatal = error
