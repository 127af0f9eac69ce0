"""Every recording and every alert over a simulated time."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from alerts.reading import FOLDER, Rule, alerts, recordings
from alerts.render import Options, render
from benchmarks.alert_week.engine import STEP_SECONDS, Engine
from benchmarks.alert_week.manager import Incident, Manager
from benchmarks.alert_week.order import layers, needed
from benchmarks.alert_week.replay import Firing, fired, seconds
from benchmarks.alert_week.series import Writer, site_side
from benchmarks.alert_week.world import DAY_SECONDS, World
from tests.alerts.promql import names

_WATCHES_ITSELF = "pager-path"
"""Rules about Prometheus and Alertmanager themselves, which the past knows nothing of."""


def firings(world: World, folder: Path) -> list[Firing]:
    """All that fired.

    Args:
        world: what happened.
        folder: for Prometheus' files; some gigabytes while it works on a week.
    """
    chosen = [alert for alert in alerts() if alert.file != _WATCHES_ITSELF]
    site = site_side(world)
    with Engine(folder) as engine:
        for begin_s, end_s in _days(world):
            engine.take(Writer(world, begin_s, end_s, site).lines())
        for layer in layers(needed(chosen, recordings())):
            carried: dict[str, str] = {}
            for begin_s, end_s in _days(world):
                lines = [_recorded(engine, rule, begin_s, end_s, carried) for rule in layer]
                engine.take(line for found in lines for line in found)
        keeps = dict(_keeps())
        return [
            firing
            for alert in chosen
            for firing in _fired(engine, alert, world, keeps.get(alert.name, 0.0))
        ]


def incidents(world: World, found: Iterable[Firing], folder: Path) -> list[Incident]:
    """Who was told what, by the configuration that is rendered for the site."""
    render(world.fleet.site, world.path, folder, Options())
    text = (folder / "alertmanager.yml").read_text(encoding="utf-8")
    return Manager(yaml.safe_load(text), world.silences).incidents(list(found))


def _days(world: World) -> Iterator[tuple[float, float]]:
    begin_s = world.begin_s
    while begin_s < world.end_s:
        end_s = min(begin_s + DAY_SECONDS, world.end_s)
        yield begin_s, end_s
        begin_s = end_s


def _recorded(
    engine: Engine,
    rule: Rule,
    begin_s: float,
    end_s: float,
    carried: dict[str, str],
) -> list[str]:
    """A recording's samples. One that reads itself holds what it said last."""
    holds = rule.name in names(rule.expression)
    lines = []
    said: dict[str, list[tuple[float, str]]] = {}
    for series in engine.range(rule.expression, begin_s, end_s):
        name = _series(rule.name, series["metric"])
        if holds:
            said[name] = series["values"]
        else:
            lines.append("\n".join([f"{name} {value} {at}" for at, value in series["values"]]))
    if holds:
        for name in said.keys() | {one for one in carried if one.startswith(f"{rule.name}{{")}:
            values = _held(said.get(name, []), carried.get(name), begin_s, end_s)
            carried[name] = values[-1][1]
            lines.append("\n".join([f"{name} {value} {at}" for at, value in values]))
    return lines


def _held(
    said: list[tuple[float, str]], before: str | None, begin_s: float, end_s: float
) -> list[tuple[float, str]]:
    """Values at every step from the first on; what is missing is what was said last."""
    by_time = dict(said)
    last = before
    found = []
    at_s = begin_s
    while at_s < end_s:
        last = by_time.get(at_s, last)
        if last is not None:
            found.append((at_s, last))
        at_s += STEP_SECONDS
    return found


def _series(name: str, labels: Mapping[str, str]) -> str:
    inside = ",".join(f'{k}="{v}"' for k, v in labels.items() if k != "__name__")
    return f"{name}{{{inside}}}"


def _fired(engine: Engine, alert: Rule, world: World, keep_s: float) -> Iterator[Firing]:
    times: dict[str, list[float]] = {}
    labels: dict[str, Mapping[str, str]] = {}
    for begin_s, end_s in _days(world):
        for series in engine.range(alert.expression, begin_s, end_s):
            metric: Mapping[str, Any] = series["metric"]
            key = _series("", metric)
            labels[key] = {
                **{k: v for k, v in metric.items() if k != "__name__"},
                **alert.labels,
                "alertname": alert.name,
            }
            times.setdefault(key, []).extend(at for at, _ in series["values"])
    for key, steps in times.items():
        for begin_s, end_s in fired(steps, STEP_SECONDS, wait_s=seconds(alert.wait), keep_s=keep_s):
            yield Firing(labels[key], begin_s, end_s)


def _keeps() -> Iterator[tuple[str, float]]:
    for path in (FOLDER / "rules").glob("*.yml"):
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]:
            for rule in group["rules"]:
                if "keep_firing_for" in rule:
                    yield rule["alert"], seconds(rule["keep_firing_for"])
