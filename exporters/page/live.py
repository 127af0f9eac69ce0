"""What the page polls: the latest snapshot as JSON, with the last minutes of power."""

import json
from collections.abc import Iterable, Mapping
from math import isfinite

from collector.catalogue import Labels, Values
from collector.model import GpuSnapshot, Tick
from exporters.page.assets import assets
from exporters.page.common import NS_PER_MS, deliveries_json, faults_json
from exporters.page.history import PowerHistory
from exporters.page.shape import GpuJson, HistoryJson, LiveJson, TotalJson

TAIL_SECONDS = 5
"""History that every answer carries: a page may miss so many polls before it asks for all."""

_MJ_PER_JOULE = 1_000


class LiveView:
    """Turns snapshots into the page's JSON; keeps the last minutes of power.

    Not thread-safe: the event loop owns it.

    Args:
        history_seconds: how far back the graphs reach.
        power_hz: the rate at which power is sampled, to be shown; None shows nothing.
    """

    def __init__(self, *, history_seconds: int = 300, power_hz: float | None = None) -> None:
        if history_seconds < TAIL_SECONDS:
            raise ValueError(f"history_seconds is {history_seconds}; {TAIL_SECONDS} is the least")
        self._history = PowerHistory(history_seconds)
        self._power_hz = power_hz
        self._tick: Tick | None = None
        self._rendered: dict[bool, bytes] = {}

    def update(self, tick: Tick) -> None:
        """Take the newest tick; cheap, for nothing is rendered before somebody asks."""
        self._tick = tick
        self._rendered.clear()
        self._history.record(tick.monotonic_ns, tick.history_watts)

    def assets(self) -> Mapping[str, tuple[bytes, str]]:
        """The page's files."""
        return assets()

    def payload(self, *, history: bool) -> bytes:
        """The page's data (`shape.LiveJson`), rendered at most once for each update.

        Args:
            history: with the whole history of power instead of its last few seconds.

        Returns:
            JSON in UTF-8; `null` before the first update.
        """
        rendered = self._rendered.get(history)
        if rendered is None:
            seconds = self._history.seconds if history else TAIL_SECONDS
            rendered = json.dumps(
                self._shape(seconds), separators=(",", ":"), allow_nan=False
            ).encode()
            self._rendered[history] = rendered
        return rendered

    def _shape(self, seconds: int) -> LiveJson | None:
        tick, end = self._tick, self._history.end_second
        if tick is None or end is None:
            return None
        snapshot = tick.snapshot
        gpus = [_gpu(gpu) for gpu in snapshot.gpus]
        return LiveJson(
            node=snapshot.node,
            version=snapshot.version,
            simulated=snapshot.simulated,
            ready=snapshot.ready,
            wall_ms=snapshot.wall_ns // NS_PER_MS,
            monotonic_ms=snapshot.monotonic_ns // NS_PER_MS,
            power_hz=self._power_hz,
            history_seconds=self._history.seconds,
            power_watts=_total(gpu["power_watts"] for gpu in gpus),
            power_limit_watts=_total(gpu["power_limit_watts"] for gpu in gpus),
            energy_today_joules=_total(gpu["energy_today_joules"] for gpu in gpus),
            gpus=gpus,
            faults=faults_json(snapshot.faults),
            deliveries=deliveries_json(snapshot.daemon),
            history=HistoryJson(
                end_second=end,
                seconds=seconds,
                watts=[self._history.tail(gpu["uuid"], seconds) for gpu in gpus],
            ),
        )


def _gpu(shown: GpuSnapshot) -> GpuJson:
    values = shown.values
    events = values.get("gpu_clock_event_active")
    today_mj = shown.today_mj
    return GpuJson(
        index=shown.gpu.index,
        uuid=shown.gpu.uuid,
        model=shown.gpu.model,
        driver_version=shown.gpu.driver_version,
        up=shown.up,
        power_watts=_value(values, "gpu_power_watts", ("gpu",), 1),
        module_power_watts=_value(values, "gpu_power_watts", ("module",), 1),
        power_limit_watts=_value(values, "gpu_power_limit_watts", ("enforced",), 1),
        temperature_celsius=_value(values, "gpu_temperature_celsius", ("gpu",), 1),
        memory_temperature_celsius=_value(values, "gpu_temperature_celsius", ("memory",), 1),
        slowdown_celsius=_value(values, "gpu_temperature_limit_celsius", ("slowdown",), 1),
        memory_limit_celsius=_value(values, "gpu_temperature_limit_celsius", ("memory_max",), 1),
        margin_celsius=_value(values, "gpu_temperature_margin_celsius", (), 1),
        utilization_ratio=_value(values, "gpu_utilization_ratio", ("sm",), 3),
        sm_clock_hertz=_value(values, "gpu_clock_hertz", ("sm",), 0),
        memory_used_bytes=_value(values, "gpu_memory_bytes", ("used",), 0),
        memory_total_bytes=_value(values, "gpu_memory_total_bytes", (), 0),
        clock_events=None if not events else [labels[0] for labels, on in events.items() if on],
        energy_today_joules=None if today_mj is None else today_mj / _MJ_PER_JOULE,
        energy_source=None if shown.source is None else shown.source.value,
        coverage_ratio=_value(values, "gpu_power_coverage_ratio", (), 4),
    )


def _value(values: Values, name: str, labels: Labels, digits: int) -> float | None:
    value = values.get(name, {}).get(labels)
    return None if value is None or not isfinite(value) else round(value, digits)


def _total(parts: Iterable[float | None]) -> TotalJson:
    known = [part for part in parts if part is not None]
    return TotalJson(value=round(sum(known), 3) if known else None, gpus=len(known))
