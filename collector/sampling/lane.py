"""Reads a GPU's telemetry at one rate, in a thread that another relieves when a call hangs."""

import threading
import time
from collections.abc import Callable
from typing import Protocol

from collector.model import Reading
from collector.sampling.ticker import Ticker
from collector.sources.protocol import DriverGoneError, Gpu, GpuLostError, SourceError
from collector.sources.watch import Watch

HANG_NS = 1_000_000_000
"""A driver call that takes longer is left to itself: telemetry 3 s old makes a GPU sick."""
_MOST_HANGING = 8
"""Threads given up for one GPU and rate. When so many sensors hang, it is the GPU that does."""


class Desk(Protocol):
    """Where a lane hands in what it found; all of it may be called from any thread."""

    lost: bool

    def reading(self, reading: Reading) -> None:
        """A reading is there."""

    def failed(self, sensor: str, error: SourceError) -> None:
        """A read failed as a whole."""

    def count(self, sensor: str, word: str) -> None:
        """One sensor failed."""

    def revive(self) -> None:
        """Look a lost GPU up again; may block in the driver, or raise SourceError."""

    def fatal_error(self, error: BaseException) -> None:
        """Nothing can go on in this process."""


class Lane:
    """Reads one GPU at one rate until stopped.

    A driver call that hangs cannot be cancelled. The sensor it reads is then left out, and a new
    thread goes on with the rest; when the call returns after all, the sensor is read again.

    Args:
        gpu: the GPU.
        desk: takes the readings.
        ticker: the deadlines.
        slow: whether this lane reads what is read seldom, or what is read often.
        time_every: every how many reads the durations are taken too.
    """

    def __init__(
        self, gpu: Gpu, desk: Desk, ticker: Ticker, *, slow: bool, time_every: int = 1
    ) -> None:
        self.ticker = ticker
        self.hanging: dict[str, int] = {}
        """Sensors left out, and since when their call has not returned, monotonic."""
        self._gpu = gpu
        self._desk = desk
        self._slow = slow
        self._time_every = time_every
        self._stopping = threading.Event()
        self._name = f"gpu{gpu.identity.index}-{'slow' if slow else 'telemetry'}"
        self._watch = Watch(self.hanging)
        self._thread = self._new_thread(self._watch)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self) -> None:
        """Ask the threads to end; never waits."""
        self._stopping.set()

    def join(self, timeout_seconds: float) -> bool:
        """Wait for the thread at work; False when a driver call is outstanding."""
        self._thread.join(timeout_seconds)
        return not self._thread.is_alive() and not self.hanging

    @property
    def busy_since_ns(self) -> int:
        """Since when the thread at work is in the driver; 0 while it is not."""
        return self._watch.since_ns

    def relieve(self, now_ns: int) -> None:
        """Let a new thread take over from one that hangs in a single sensor."""
        watch = self._watch
        sensor, since_ns = watch.sensor, watch.since_ns
        if not sensor or not since_ns or now_ns - since_ns < HANG_NS:
            return
        if self._stopping.is_set() or len(self.hanging) >= _MOST_HANGING:
            return
        self.hanging[sensor] = since_ns
        watch.relieved = sensor
        self._desk.count(sensor, "timeout")
        self._watch = Watch(self.hanging)
        self._thread = self._new_thread(self._watch)
        self._thread.start()

    def _new_thread(self, watch: Watch) -> threading.Thread:
        run: Callable[[Watch], None] = self._guard
        return threading.Thread(target=run, args=(watch,), name=self._name, daemon=True)

    def _guard(self, watch: Watch) -> None:
        try:
            self._run(watch)
        except BaseException as error:  # noqa: BLE001 - the event loop raises it where it is seen
            self._desk.fatal_error(error)
        finally:
            if watch.relieved:
                self.hanging.pop(watch.relieved, None)

    def _run(self, watch: Watch) -> None:
        ticker, reads = self.ticker, 0
        # The first read is not put off: it tells what the GPU offers.
        while not self._stopping.is_set():
            began_ns = time.monotonic_ns()
            watch.sensor, watch.since_ns = "", began_ns
            watch.timed = reads % self._time_every == 0
            if self._read(watch):
                reads += 1
            elif self._desk.lost:
                reads = 0
            watch.since_ns = 0
            if watch.relieved:
                return
            ended_ns = time.monotonic_ns()
            if reads > 1:
                ticker.done(began_ns, ended_ns)
            else:
                ticker.align(ended_ns)
            wait_ns = ticker.deadline_ns - time.monotonic_ns()
            if wait_ns > 0:
                self._stopping.wait(wait_ns * 1e-9)

    def _read(self, watch: Watch) -> bool:
        desk = self._desk
        try:
            if desk.lost:
                if self._slow:  # the other lane looks it up
                    return False
                desk.revive()
            reading = self._gpu.read(slow=self._slow, watch=watch)
        except DriverGoneError:
            raise
        except SourceError as error:
            if not watch.relieved:
                desk.failed("slow" if self._slow else "telemetry", error)
                desk.lost = desk.lost or isinstance(error, GpuLostError)
            return False
        if watch.relieved:
            return False
        desk.reading(reading)
        for sensor, word in reading.failed.items():
            desk.count(sensor, word)
        return True
