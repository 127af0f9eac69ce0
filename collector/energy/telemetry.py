"""Statistics of telemetry over a window: temperatures, clocks, utilization."""

from collections import deque
from collections.abc import Mapping

from collector.catalogue import Labels
from collector.energy.edges import SECOND_NS
from collector.model import Reading, Stat

_KEEP_NS = 90 * SECOND_NS


class TelemetryHistory:
    """The readings of the last windows, and the latest value of everything that was read."""

    def __init__(self) -> None:
        self._readings: deque[Reading] = deque(maxlen=1000)

    def add(self, reading: Reading) -> None:
        """Add a reading; the oldest ones go."""
        self._readings.append(reading)
        oldest_ns = reading.monotonic_ns - _KEEP_NS
        while self._readings[0].monotonic_ns < oldest_ns:
            self._readings.popleft()

    def stats(self, start_ns: int, end_ns: int) -> Mapping[str, Mapping[Labels, Stat]]:
        """Statistics of the readings in `[start_ns, end_ns)`."""
        found: dict[str, dict[Labels, list[float]]] = {}
        for reading in self._readings:
            if start_ns <= reading.monotonic_ns < end_ns:
                for name, series in reading.values.items():
                    into = found.setdefault(name, {})
                    for labels, value in series.items():
                        into.setdefault(labels, []).append(value)
        return {
            name: {
                labels: Stat(
                    minimum=min(values),
                    mean=sum(values) / len(values),
                    maximum=max(values),
                    last=values[-1],
                )
                for labels, values in series.items()
            }
            for name, series in found.items()
        }
