"""A snapshot in the words of dcgm-exporter, so that dashboards and alerts made for it go on.

Text format 0.0.4 only: OpenMetrics would rename its counters.
"""

from collections.abc import Sequence

from collector.catalogue import Values
from collector.catalogue.dcgm import ALIASES, DIALECTS, LAST_XID, PREFIX, Alias, Dialect
from collector.catalogue.xids import xid_of
from collector.model import GpuIdentity, GpuSnapshot, Snapshot
from exporters.prometheus.text import escaped, written

_SECOND_NS = 1_000_000_000
_NO_ERROR = "No Error"


class DcgmWriter:
    """Writes dcgm-exporter's families.

    Args:
        dialects: names of `DIALECTS`, in the order they are written.
    """

    def __init__(self, dialects: Sequence[str]) -> None:
        self._dialects = [DIALECTS[name] for name in dialects]
        self._starts: dict[tuple[Dialect, GpuIdentity, str], str] = {}
        self._rates: dict[tuple[str, Alias], _Rate] = {}

    def write(self, snapshot: Snapshot) -> bytes:
        """All families that have a sample; each once, also where two dialects share its name."""
        families: dict[str, list[str]] = {}
        if len(self._starts) > 2 * len(self._dialects) * len(snapshot.gpus):
            self._starts.clear()  # GPUs that are gone, or were renamed
        values = [self._values(shown) for shown in snapshot.gpus]
        for dialect in self._dialects:
            for shown, found in zip(snapshot.gpus, values, strict=True):
                start = self._start(dialect, shown.gpu, snapshot.node)
                for alias, value, labels in found:
                    named = dialect.named(alias)
                    if named is None:
                        continue
                    name = f"{PREFIX}{named.name}"
                    lines = families.get(name)
                    if lines is None:
                        head = f"# HELP {name} {alias.help}\n# TYPE {name} {named.kind.value}\n"
                        lines = families[name] = [head]
                    lines.append(f"{name}{{{start}{labels}}} {written(value * named.factor)}\n")
        return "".join(line for lines in families.values() for line in lines).encode()

    def _start(self, dialect: Dialect, gpu: GpuIdentity, node: str) -> str:
        key = (dialect, gpu, node)
        start = self._starts.get(key)
        if start is None:
            names = {
                "gpu": str(gpu.index),
                "UUID": gpu.uuid,
                "pci_bus_id": gpu.pci_bus_id,
                "device": f"nvidia{gpu.index}",
                "modelName": gpu.model,
                dialect.hostname_label: node,
                dialect.driver_label: gpu.driver_version,
            }
            start = ",".join(f'{name}="{escaped(text)}"' for name, text in names.items())
            self._starts[key] = start
        return start

    def _values(self, shown: GpuSnapshot) -> list[tuple[Alias, float, str]]:
        """What a GPU has: the alias, our value, and labels besides those of the GPU."""
        found: list[tuple[Alias, float, str]] = []
        for alias in ALIASES:
            value = _pick(alias, shown.values)
            if alias.rate:
                value = self._rate(alias, shown, value)
            if value is not None:
                found.append((alias, value, ""))
        seen = shown.values.get(LAST_XID.metric)
        if seen is not None:
            code = max(seen, key=lambda labels: seen[labels])[0] if seen else "0"
            found.append((LAST_XID, float(code), _xid_labels(code)))
        elif "gpu_xid_errors_total" in shown.values:
            found.append((LAST_XID, 0.0, _xid_labels("0")))
        return found

    def _rate(self, alias: Alias, shown: GpuSnapshot, value: float | None) -> float | None:
        if value is None or shown.slow_read_ns is None:
            return None
        rate = self._rates.setdefault((shown.gpu.uuid, alias), _Rate())
        return rate.of(value, shown.slow_read_ns)


class _Rate:
    """How fast a counter grew between its last two readings."""

    __slots__ = ("_at_ns", "_rate", "_value")

    def __init__(self) -> None:
        self._at_ns = 0
        self._value = 0.0
        self._rate: float | None = None

    def of(self, value: float, at_ns: int) -> float | None:
        """The rate per second; None before the second reading and after a reset."""
        if at_ns > self._at_ns:
            if self._at_ns:
                grown = value - self._value
                seconds = (at_ns - self._at_ns) / _SECOND_NS
                self._rate = grown / seconds if grown >= 0 else None
            self._value, self._at_ns = value, at_ns
        return self._rate


def _xid_labels(code: str) -> str:
    """The two labels that this family alone has; the words are ours, but for no error."""
    message = xid_of(int(code)).meaning if int(code) else _NO_ERROR
    return f',err_code="{code}",err_msg="{escaped(message)}"'


def _pick(alias: Alias, values: Values) -> float | None:
    """What an alias shows of our series; None when that is not there."""
    series = values.get(alias.metric)
    if not series:
        name, labels = alias.instead or ("", ())
        return values.get(name, {}).get(labels)
    found = [series[labels] for labels in alias.labels if labels in series]
    if alias.added:
        return sum(found) if len(found) == len(alias.labels) else None
    return found[0] if found else None
