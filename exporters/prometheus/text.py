"""Both text formats, written fast: a scrape must cost the sampler nothing that can be measured.

prometheus_client's writers escape and sort every label of every sample anew, 3.5 ms for eight
GPUs. Labels do not change between scrapes, so here their text is kept: 0.8 ms. The result is the
same to the byte, which a test compares.
"""

from collections.abc import Callable, Sequence

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric as Family
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from collector.catalogue import CATALOGUE, Labels, Metric
from collector.model import Snapshot
from exporters.prometheus.families import family
from exporters.prometheus.samples import series_of

_EOF = "# EOF\n"
_PLAIN_BELOW = 1e6
"""From here on Go's format, and so the exposition's, uses an exponent where Python's does not."""


class TextWriter:
    """Writes snapshots in the text format 0.0.4 or as OpenMetrics.

    Args:
        catalogue: the metrics to show, in this order.
    """

    def __init__(self, catalogue: Sequence[Metric] = CATALOGUE) -> None:
        self._metrics = [(metric, _headers(metric), _line_start(metric)) for metric in catalogue]
        self._starts: dict[tuple[str, Labels], dict[Labels, str]] = {}

    def write(self, snapshot: Snapshot, *, openmetrics: bool = False) -> bytes:
        """The families of a snapshot; as OpenMetrics, without the `# EOF` that ends it."""
        lines: list[str] = []
        for metric, headers, line_start in self._metrics:
            header = headers[openmetrics]
            for own, series in series_of(metric, snapshot):
                if header:
                    lines.append(header)
                    header = ""
                key = (metric.name, own)
                starts = self._starts.get(key)
                if starts is None or len(starts) > 2 * len(series):  # new, or many are gone
                    starts = self._starts[key] = {}
                for labels, value in series.items():
                    start = starts.get(labels)
                    if start is None:
                        start = starts[labels] = line_start(own + labels)
                    plain = 0 <= value < _PLAIN_BELOW  # here too: the hottest line of a scrape
                    lines.append(f"{start}{value!r}\n" if plain else f"{start}{written(value)}\n")
        if len(self._starts) > len(self._metrics) * (len(snapshot.gpus) + 1):
            self._starts.clear()  # GPUs that are gone
        return "".join(lines).encode()


class _Empty(Collector):
    """A metric without samples."""

    def __init__(self, metric: Metric) -> None:
        self._metric = metric

    def collect(self) -> list[Family]:
        return [family(self._metric)]


def _headers(metric: Metric) -> tuple[str, str]:
    """What stands before the samples in each format, as the library writes it."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Empty(metric))
    # prometheus_client ships no types for this function.
    openmetrics = generate_openmetrics(registry).decode().removesuffix(_EOF)  # type: ignore[no-untyped-call]
    return generate_latest(registry).decode(), openmetrics


def _line_start(metric: Metric) -> Callable[[Labels], str]:
    """Gives the text before a sample's value; labels come sorted by their names."""
    names = metric.all_labels
    order = sorted(range(len(names)), key=names.__getitem__)

    def start(labels: Labels) -> str:
        if not names:
            return f"{metric.name} "
        pairs = ",".join(f'{names[i]}="{escaped(labels[i])}"' for i in order)
        return f"{metric.name}{{{pairs}}} "

    return start


def written(value: float) -> str:
    """A number as the text formats have it."""
    if 0 <= value < _PLAIN_BELOW:
        return repr(value)
    return str(floatToGoString(value))  # type: ignore[no-untyped-call]


def escaped(text: str) -> str:
    """A label's value between its quotes."""
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
