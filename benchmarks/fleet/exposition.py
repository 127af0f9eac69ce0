"""The exposition of many nodes alike: the text is made once, and only numbers are written anew.

The text is the daemon's own: its writer writes a snapshot whose every number is a mark, and the
text is cut at the marks. Which mark stands where is then known, whatever the writer does.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from operator import itemgetter
from typing import cast

from benchmarks.fleet.node_values import Shape, Shown
from collector.catalogue import Labels, Values
from collector.model import GpuIdentity, Snapshot
from exporters.prometheus.text import TextWriter

_MARK = re.compile("\x01([0-9]+)\x02")
_MOST_TEMPLATES = 500

_PROCESS = """\
# HELP process_virtual_memory_bytes Virtual memory size in bytes.
# TYPE process_virtual_memory_bytes gauge
process_virtual_memory_bytes 1.23e+09
# HELP process_resident_memory_bytes Resident memory size in bytes.
# TYPE process_resident_memory_bytes gauge
process_resident_memory_bytes 6.6e+07
# HELP process_start_time_seconds Start time of the process since unix epoch in seconds.
# TYPE process_start_time_seconds gauge
process_start_time_seconds %s
# HELP process_cpu_seconds_total Total user and system CPU time spent in seconds.
# TYPE process_cpu_seconds_total counter
process_cpu_seconds_total %s
# HELP process_open_fds Number of open file descriptors.
# TYPE process_open_fds gauge
process_open_fds 24.0
# HELP process_max_fds Maximum number of open file descriptors.
# TYPE process_max_fds gauge
process_max_fds 20000.0
"""
_CPU_SHARE = 0.008


class _Mark(float):
    """A number that writes itself as the mark of its place."""

    __slots__ = ("place",)
    place: int

    def __repr__(self) -> str:
        return f"\x01{self.place}\x02"


def _mark(place: int) -> float:
    made = _Mark(1.0)
    made.place = place
    return made


class Template:
    """The text of one shape of node.

    Args:
        writer: writes snapshots.
        snapshot: any one of that shape.
    """

    def __init__(self, writer: TextWriter, snapshot: Snapshot) -> None:
        names = len(_names(snapshot))
        marked = _marked(snapshot, names)
        text = writer.write(marked).decode().replace("%", "%%")
        places = [int(place) for place in _MARK.findall(text)]
        self._text = _MARK.sub("%s", text)
        self._pick = cast("Callable[[Sequence[object]], tuple[object, ...]]", itemgetter(*places))

    def write(self, snapshot: Snapshot) -> str:
        """The exposition of a snapshot of that shape."""
        return self._text % self._pick([*_names(snapshot), *_numbers(snapshot)])


class Exposition:
    """Writes nodes."""

    def __init__(self) -> None:
        self._writer = TextWriter()
        self._templates: dict[Shape, Template] = {}

    def write(self, shown: Shown, started_s: float) -> bytes:
        """The exposition of a node, text format 0.0.4.

        Args:
            shown: the node.
            started_s: when its process started, UTC seconds since 1970.
        """
        template = self._templates.get(shown.shape)
        if template is None:
            if len(self._templates) >= _MOST_TEMPLATES:
                self._templates.clear()
            template = self._templates[shown.shape] = Template(self._writer, shown.snapshot)
        up_seconds = shown.snapshot.wall_ns / 1e9 - started_s
        process = _PROCESS % (started_s, round(up_seconds * _CPU_SHARE, 2))
        return (template.write(shown.snapshot) + process).encode()


def _names(snapshot: Snapshot) -> list[str]:
    """What differs between nodes of one shape besides numbers: who their GPUs are."""
    return [text for shown in snapshot.gpus for text in (shown.gpu.uuid, shown.gpu.serial)]


def _parts(snapshot: Snapshot) -> Iterator[Values]:
    for shown in snapshot.gpus:
        yield shown.values
    yield snapshot.host
    yield snapshot.daemon


def _numbers(snapshot: Snapshot) -> list[float]:
    return [
        value
        for values in _parts(snapshot)
        for series in values.values()
        for value in series.values()
    ]


def _marked(snapshot: Snapshot, first: int) -> Snapshot:
    """The same snapshot with marks for its numbers, and for who its GPUs are."""
    place = first - 1

    def mark(values: Values, rename: Callable[[Labels], Labels]) -> Values:
        nonlocal place
        found: dict[str, Mapping[Labels, float]] = {}
        for name, series in values.items():
            marked: dict[Labels, float] = {}
            for labels in series:
                place += 1
                marked[rename(labels)] = _mark(place)
            found[name] = marked
        return found

    gpus = []
    for number, shown in enumerate(snapshot.gpus):
        gpu = _anonymous(shown.gpu, 2 * number)
        swap = {shown.gpu.uuid: gpu.uuid, shown.gpu.serial: gpu.serial}
        values = mark(
            shown.values,
            lambda labels, swap=swap: tuple(swap.get(one, one) for one in labels),  # type: ignore[misc]
        )
        gpus.append(replace(shown, gpu=gpu, values=values))
    host, daemon = mark(snapshot.host, tuple), mark(snapshot.daemon, tuple)
    return replace(snapshot, gpus=tuple(gpus), host=host, daemon=daemon)


def _anonymous(gpu: GpuIdentity, place: int) -> GpuIdentity:
    return replace(gpu, uuid=f"\x01{place}\x02", serial=f"\x01{place + 1}\x02")
