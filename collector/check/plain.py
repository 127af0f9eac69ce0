"""A survey made of ordinary reads, for sources without driver calls of their own."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from collector.catalogue import CATALOGUE, Labels, Metric, Rate
from collector.check.survey import Survey, Surveyed
from collector.model import CounterReading, Reading
from collector.sources.protocol import Gpu


def survey_of(gpu: Gpu, source: str) -> Survey:
    """The GPU's own survey, or one made of its ordinary reads.

    Args:
        gpu: the GPU.
        source: its source's name in `Metric.reads`.

    Raises:
        SourceError: the GPU did not answer.
    """
    return gpu.survey() if isinstance(gpu, Surveyed) else PlainSurvey(gpu, source)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainAnswer:
    """An answer taken from an ordinary reading; see `collector.check.survey.Answer`."""

    metric: str
    labels: Labels
    offered: bool
    value: float | None
    error: str
    way: str
    short: str
    spent_ns: int | None


class PlainSurvey:
    """Asks a GPU by its ordinary reads.

    Args:
        gpu: the GPU.
        source: its source's name in `Metric.reads`.

    Raises:
        SourceError: the GPU did not answer.
    """

    def __init__(self, gpu: Gpu, source: str) -> None:
        self._gpu = gpu
        self._source = source
        self._power = gpu.power_reader()

    def ask(self, about_to: Callable[[str], None]) -> list[PlainAnswer]:
        """Ask every series once; may raise `SourceError`."""
        about_to(f"the {self._source} source")
        reading = read_all(self._gpu)
        watts = self._watts()
        return [answer for metric in CATALOGUE for answer in self._answers(metric, reading, watts)]

    def counter(self) -> CounterReading | None:
        """Read the energy counter, with the telemetry; may raise `SourceError`."""
        return self._gpu.read(slow=False).counter

    def calls(self) -> None:
        """There is no driver to call."""

    def _watts(self) -> dict[Labels, float]:
        if self._power is None:
            return {}
        milliwatts = [0] * len(self._power.scopes)
        self._power.read(milliwatts)
        return {
            (scope,): power_mw / 1000
            for scope, power_mw in zip(self._power.scopes, milliwatts, strict=True)
            if power_mw >= 0
        }

    def _answers(
        self, metric: Metric, reading: Reading, watts: dict[Labels, float]
    ) -> Iterator[PlainAnswer]:
        """One for each series that any source reads."""
        mine = metric.reads.get(self._source, {})
        if metric.rate is Rate.POWER:
            values = watts
        elif metric.name in reading.values:
            values = dict(reading.values[metric.name])
        elif is_counter(metric) and mine and reading.counter is not None:
            values = {(): reading.counter.millijoules / 1000}
        else:
            values = {}
        for labels in dict.fromkeys(labels for reads in metric.reads.values() for labels in reads):
            value = values.get(labels)
            failed = reading.failed.get(metric.name, "") if labels in mine else ""
            yield PlainAnswer(
                metric=metric.name,
                labels=labels,
                offered=value is not None or bool(failed),
                value=value,
                error="" if value is not None else failed or "not_supported",
                way=self._source,
                short=self._source,
                spent_ns=reading.read_ns.get(metric.name),
            )


def read_all(gpu: Gpu) -> Reading:
    """What is read often and what is read seldom, as one reading.

    Raises:
        SourceError: the GPU did not answer.
    """
    often, seldom = gpu.read(slow=False), gpu.read(slow=True)
    values = {name: dict(series) for name, series in often.values.items()}
    for name, series in seldom.values.items():
        values.setdefault(name, {}).update(series)
    return replace(
        often,
        values=values,
        failed={**often.failed, **seldom.failed},
        read_ns={**often.read_ns, **seldom.read_ns},
    )


def is_counter(metric: Metric) -> bool:
    """Whether a metric is what hardware energy counters feed."""
    return metric.key == "gpu_energy"
