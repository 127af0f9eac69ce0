"""The `/metrics` text of a capture: read by the real source, kept by the real meters, rendered.

The clock is made up, so that the text is the same every time: 40 s of power at 10 Hz and telemetry
at 1 Hz, the counter going on as the captured power says. The daemon's own series are left out:
they tell of time spent.
"""

from collections.abc import Sequence
from dataclasses import replace

from collector.catalogue import DEFAULT_ON, Metric, Values, selected
from collector.catalogue.dcgm import ALIASES
from collector.daemon.cadence import Cadence
from collector.daemon.watched import WatchedGpu
from collector.energy.edges import SECOND_NS, Edges
from collector.energy.meter import Plan
from collector.model import CounterReading, GpuSnapshot, Reading, Snapshot, Tick
from collector.sampling.ring import SampleRing
from collector.sampling.worker import Worker
from collector.sources.nvml import NvmlSource
from collector.sources.protocol import Gpu
from collector.summary import NodeSummary
from exporters.prometheus.dcgm import DcgmWriter
from exporters.prometheus.render import Renderer
from tests.replay import Capture, ReplayDoor

_SECONDS = 40
_START_NS = 1_000 * SECOND_NS
_WALL_NS = 1_767_225_600 * SECOND_NS  # 2026-01-01 00:00 UTC
_POWER_NS = SECOND_NS // 10
_MAIN_SCOPE = 0


def exposition(capture: Capture) -> str:
    """The whole text, without what tells of this process."""
    renderer = Renderer()
    renderer.update(Tick.of(_snapshot(capture)))
    lines = renderer.render().body.decode().splitlines(keepends=True)
    return "".join(line for line in lines if " process_" not in f" {line}")


def dcgm_exposition(capture: Capture, dialect: str) -> str:
    """What a dialect adds to it, with an XID 79 of the first GPU.

    Rates are 0: a replayed driver counts no further.
    """
    writer = DcgmWriter([dialect])
    snapshot = _snapshot(capture, selected(enable={alias.metric for alias in ALIASES}))
    none: Values = {"gpu_xid_errors_total": {("79",): 0.0}}
    one: Values = {"gpu_xid_last_seen_timestamp_seconds": {("79",): 1.0}}
    gpus = [
        replace(gpu, values={**gpu.values, **(none if position else one)})
        for position, gpu in enumerate(snapshot.gpus)
    ]
    earlier = [
        replace(gpu, slow_read_ns=gpu.slow_read_ns and gpu.slow_read_ns - SECOND_NS) for gpu in gpus
    ]
    writer.write(replace(snapshot, gpus=tuple(earlier)))
    return writer.write(replace(snapshot, gpus=tuple(gpus))).decode()


def _snapshot(capture: Capture, catalogue: Sequence[Metric] = DEFAULT_ON) -> Snapshot:
    source = NvmlSource(catalogue, door=ReplayDoor(capture))
    source.open()
    gpus, together = NodeSummary().add([_watch(gpu) for gpu in source.discover()], _START_NS)
    source.close()
    return Snapshot(
        node="replay",
        version="0",
        wall_ns=_WALL_NS,
        monotonic_ns=_START_NS,
        simulated=False,
        gpus=gpus,
        daemon={},
        host=together,
    )


def _watch(gpu: Gpu) -> GpuSnapshot:
    cadence = Cadence(
        power_ns=_POWER_NS,
        telemetry_ns=SECOND_NS,
        slow_ns=10 * SECOND_NS,
        trailing_ns=30 * SECOND_NS,
    )
    edges = Edges(_START_NS, _WALL_NS)
    # Never started: what its threads would leave is put there by hand.
    worker = Worker(
        gpu,
        node="replay",
        power_period_ns=_POWER_NS,
        telemetry_period_ns=SECOND_NS,
        slow_period_ns=10 * SECOND_NS,
    )
    watched = WatchedGpu(
        worker,
        edges,
        Plan(period_ns=_POWER_NS, window_ns=10 * SECOND_NS, boot_id="replay"),
        cadence,
        before={},
        today={},
        started_ns=_START_NS,
    )
    samples = _Samples(gpu, worker)
    now_ns = _START_NS
    for second in range(_SECONDS):
        now_ns = _START_NS + second * SECOND_NS
        if second % 10 == 0:
            worker.readings.append(samples.telemetry(now_ns, slow=True))
        worker.readings.append(samples.telemetry(now_ns, slow=False))
        for tick in range(10):
            samples.power(now_ns + tick * _POWER_NS)
        now_ns += SECOND_NS - 1
        edges.refresh(now_ns, _WALL_NS + now_ns - _START_NS)
        watched.advance(now_ns)
    return watched.snapshot(now_ns)


class _Samples:
    """Reads a GPU at made-up times, and leaves samples where the power thread would."""

    def __init__(self, gpu: Gpu, worker: Worker) -> None:
        self._gpu = gpu
        self._worker = worker
        self._reader = gpu.power_reader()
        scopes = self._reader.scopes if self._reader is not None else ()
        worker.scopes = scopes
        worker.ring = SampleRing(len(scopes)) if scopes else None
        self._milliwatts = [0] * len(scopes)

    def power(self, at_ns: int) -> None:
        """One sample of every scope."""
        ring = self._worker.ring
        if self._reader is None or ring is None:
            return
        self._reader.read(self._milliwatts)
        slot = ring.written & (ring.capacity - 1)
        ring.times[slot] = at_ns
        for column, power_mw in zip(ring.columns, self._milliwatts, strict=True):
            column[slot] = power_mw
        ring.written += 1

    def telemetry(self, at_ns: int, *, slow: bool) -> Reading:
        """One reading; the counter goes on with the power of the first scope."""
        reading = self._gpu.read(slow=slow)
        counter = reading.counter
        if counter is not None and self._reader is not None:
            self._reader.read(self._milliwatts)
            since_ns = at_ns - _START_NS
            counted_mj = self._milliwatts[_MAIN_SCOPE] * since_ns // SECOND_NS
            counter = CounterReading(
                monotonic_ns=at_ns, millijoules=counter.millijoules + counted_mj
            )
        return replace(reading, monotonic_ns=at_ns, counter=counter, read_ns={})
