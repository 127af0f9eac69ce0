"""Every alert's link lands on a dashboard with a panel that shows it, narrowed to its place."""

import re
from collections import defaultdict
from functools import cache
from urllib.parse import parse_qs, urlsplit

import pytest

from alerts.reading import Rule, alerts, recordings
from dashboards.parts.queries import PLACES, names
from tests.dashboards.panels import Json, dashboards, is_promql, panels

PANELLESS = {
    "Watchdog": "fires always and compares nothing",
    "SettingsMissing": "what it would compare is missing",
}
"""Alerts that have nothing to show."""
ABSENT = {
    "HostInputPowerAbsent": "host_input_power_watts",
    "GpuTemperatureAbsent": "host_gpu_temperature_celsius",
}
"""Alerts on something that is missing beside something that is there, and what is missing."""
_WITH = re.compile(r"\{\{\s*with.*?\{\{\s*end\s*\}\}")
_TEMPLATE = re.compile(r"\{\{.*?\}\}")
_EACH = [pytest.param(one, id=one.name) for one in alerts() if one.name not in PANELLESS]


RULES: dict[str, set[str]] = defaultdict(set)
"""By recording rule, what it reads."""
for rule in recordings():
    RULES[rule.name] |= set(names(rule.expression)) - {rule.name}
for of_a_node, of_a_gpu in {
    "host_gpu_temperature_margin_celsius": "gpu_temperature_margin_celsius",
    "host_gpu_power_watts": "gpu_power_window_watts",
    "host_gpu_sample_age_seconds": "gpu_sample_age_seconds",
}.items():  # what the daemon adds up (docs/adr/0010)
    RULES[of_a_node].add(of_a_gpu)


@cache
def read_by(name: str) -> frozenset[str]:
    """A metric or rule, and all that a rule reads, down to the metrics."""
    return frozenset({name}).union(*(read_by(one) for one in RULES.get(name, ())))


PRESENCE = read_by("site:nodes_silent:ratio") | read_by("node:gpus_expected:last")
"""How many there are and should be: most shares are of these, and so say nothing of what is
shown."""


def compared(alert: Rule) -> str:
    """What an alert compares: the first of what it reads."""
    first = next(one for one in names(alert.expression) if not one.startswith("setting:"))
    return ABSENT.get(alert.name, first)


def shows(expr: str, wanted: str) -> bool:
    """Whether a query shows a metric or rule, a sum of it, or what it is made of."""
    shown = set(names(expr))
    if shown & (read_by(wanted) - PRESENCE or read_by(wanted)):
        return True
    return wanted not in PRESENCE and any(wanted in read_by(one) for one in shown)


def places(alert: Rule) -> tuple[str, list[str]]:
    """The uid that an alert links to, and the places that the link always sets, widest first."""
    url = _WITH.sub("", alert.annotations["dashboard_url"])
    parts = urlsplit(_TEMPLATE.sub("x", url))
    given = parse_qs(parts.query)
    return parts.path.rpartition("/")[2], [one for one in PLACES if f"var-{one}" in given]


def showing(alert: Rule) -> list[Json]:
    """The panels of the linked dashboard that show what an alert compares, at its place."""
    uid, narrowed = places(alert)
    matcher = f'{narrowed[-1]}=~"${narrowed[-1]}"' if narrowed[1:] else ""
    wanted = compared(alert)
    return [
        panel
        for panel in panels(dashboards()[uid])
        if any(
            matcher in target["expr"] and shows(target["expr"], wanted)
            for target in filter(is_promql, panel["targets"])
        )
    ]


@pytest.mark.parametrize("alert", _EACH)
def test_an_alert_lands_on_a_panel_that_shows_it(alert: Rule) -> None:
    assert showing(alert), places(alert)


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: str(alert.name))
def test_an_alert_that_opens_one_panel_opens_one_that_shows_it(alert: Rule) -> None:
    """`viewPanel` is a panel's id, which is made of its English title: a new title breaks it."""
    opened = re.search(r"\bviewPanel=(?:panel-)?(\d+)", alert.annotations["dashboard_url"])
    if opened:
        assert int(opened[1]) in {panel["id"] for panel in showing(alert)}
