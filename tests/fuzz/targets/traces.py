"""Traces to replay: CSV, plain or compressed."""

import gzip
import zlib
from dataclasses import dataclass
from itertools import pairwise

from collector.sources.simulated.trace import TraceError, load_trace
from tests.fuzz import byte_changes, table_changes
from tests.fuzz.choices import Choices
from tests.fuzz.target import Target, written
from tests.fuzz.words import checked

_PLAIN = [["time_ms", "watts"], *([str(at * 100), str(300 + at)] for at in range(8))]
_NODES = [
    ["node", "time_ms", "power_instant_watts", "more"],
    *([f"n{at % 2}", str(at * 50), f"{300 + at}.5", "x"] for at in range(8)),
]


@dataclass(frozen=True, slots=True)
class Trace:
    """A file: its content, and whether its name ends on `.gz`."""

    data: bytes
    zipped: bool


def _make(choices: Choices) -> Trace:
    data = table_changes.changed(choices.pick((_PLAIN, _NODES)), choices)
    match choices.below(6):
        case 1 | 2:
            return Trace(gzip.compress(data, 1, mtime=0), zipped=True)
        case 3:
            whole = gzip.compress(data, 1, mtime=0)
            return Trace(byte_changes.changed(whole, choices), zipped=True)
        case 4:
            return Trace(zlib.compress(data), zipped=True)
        case _:
            return Trace(data, zipped=False)


def _run(trace: Trace) -> bool:
    path = written("trace.csv.gz" if trace.zipped else "trace.csv", trace.data)
    try:
        found = load_trace(path)
    except TraceError as error:
        checked(error)
        return False
    assert found
    for series in found:
        assert series.times_us[0] == 0
        assert all(one < other for one, other in pairwise(series.times_us))
        assert all(0 <= power <= 10**11 for power in series.powers_mw)
        assert series.energy_units(series.times_us[-1] // 2) >= 0
    return True


TARGETS = (Target(name="trace", make=_make, run=_run, share=2),)
