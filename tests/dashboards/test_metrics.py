"""Every name in every query is a metric of the catalogue, a recording rule, or a server's own."""

import re
from pathlib import Path

import pytest

from collector.catalogue import BY_NAME, CATALOGUE, Kind
from dashboards.boards import BOARDS
from dashboards.parts.panel import Column, Lines
from dashboards.parts.queries import Query, expanded, names
from dashboards.parts.units import unit_of
from dashboards.parts.words import description, title_of
from tests.dashboards.panels import every_panel, is_promql
from tests.dashboards.queries import annotation_queries, variable_queries

RULES = Path(__file__).parents[2] / "alerts/rules"
OTHERS = {
    "up": "Prometheus makes it of every scrape",
    "scrape_duration_seconds": "Prometheus makes it of every scrape",
    "ALERTS": "Prometheus makes it of every alert",
    "prometheus_tsdb_head_series": "Prometheus's own",
    "prometheus_rule_group_last_duration_seconds": "Prometheus's own",
    "prometheus_rule_group_interval_seconds": "Prometheus's own",
    "prometheus_rule_evaluation_failures_total": "Prometheus's own",
    "prometheus_target_scrapes_exceeded_sample_limit_total": "Prometheus's own",
    "prometheus_notifications_alertmanagers_discovered": "Prometheus's own",
    "prometheus_notifications_dropped_total": "Prometheus's own",
    "alertmanager_notifications_failed_total": "Alertmanager's own",
    "alertmanager_notifications_total": "Alertmanager's own",
    "alertmanager_cluster_members": "Alertmanager's own",
    "prometheus_config_last_reload_successful": "Prometheus's own",
    "alertmanager_config_last_reload_successful": "Alertmanager's own",
}
"""Names from elsewhere, and where from."""


def recorded() -> set[str]:
    """The names of all recording rules."""
    text = "\n".join(path.read_text() for path in RULES.glob("*.yml"))
    return set(re.findall(r'\brecord:\s*"?([\w:]+)', text))


def used() -> dict[str, str]:
    """By name, a query that reads it."""
    texts = [
        target["expr"]
        for _, panel in every_panel()
        for target in panel["targets"]
        if is_promql(target)
    ]
    texts += [selector for _, _, selector in variable_queries()]
    texts += [text for _, text in annotation_queries()]
    return {name: text for text in texts for name in names(text)}


def test_every_name_is_known() -> None:
    known = set(BY_NAME) | recorded() | set(OTHERS)
    assert {name: text for name, text in used().items() if name not in known} == {}


def test_every_exception_is_needed() -> None:
    assert set(OTHERS) <= set(used())


def test_every_metric_that_is_no_info_is_on_some_dashboard_or_in_a_rule_that_is() -> None:
    rules = "\n".join(path.read_text() for path in RULES.glob("*.yml"))
    wanted = {one.name for one in CATALOGUE if one.kind is not Kind.INFO}
    missing = {name for name in wanted - set(used()) if not re.search(rf"\b{name}\b", rules)}
    assert missing == set()


@pytest.mark.parametrize(
    ("expr", "found"),
    [
        ('sum by (site, x) (rate(a_total{b="c_total"}[5m]))', ("a_total",)),
        ("a:b:sum / on (site) group_left (node) c > bool 0 or vector(1)", ("a:b:sum", "c")),
        ("topk(3, up @ end()) and up == 1e9 - time()", ("up",)),
        ('a{x=~"$x"} offset 5m unless b[$__range:1h]', ("a", "b")),
        ("count without (a) (b) > +Inf", ("b",)),
    ],
)
def test_names_are_found_and_nothing_else(expr: str, found: tuple[str, ...]) -> None:
    assert names(expr) == found


def test_place_matchers_are_written_out() -> None:
    assert expanded('  a{@hall,b="c"}') == 'a{site=~"$site",hall=~"$hall",b="c"}'


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("gpu_power_watts", "watt"),
        ("rack:gpu_power_watts:coverage_ratio", "percentunit"),
        ("branch:site_power_watts:best", "watt"),
        ("gpu:xid_recent:age_seconds", "s"),
        ("site:gpus_lost:sum", "short"),
    ],
)
def test_units_come_from_the_catalogue(name: str, unit: str) -> None:
    assert unit_of(name) == unit


def test_titles_and_descriptions_come_from_the_catalogue() -> None:
    assert title_of("gpu_ecc_errors_total") == "GPU ECC errors"
    text = description("Says.", [Query("rack:gpu_power_watts:sum{@rack}")])
    assert BY_NAME["gpu_power_watts"].help in text
    assert 'rack:gpu_power_watts:sum{site=~"$site",' in text
    panel = Lines(queries=(Query("gpu_up{@gpu}"),))
    assert (panel.heading, panel.unit_id) == ("GPU up", "short")
    assert Column(title="x", expr="max(gpu_temperature_celsius)").unit_id == "celsius"


def test_a_table_asks_by_exactly_its_rows() -> None:
    """Else `merge` makes several rows of one."""
    for board in BOARDS:
        for panel in board.panels:
            rows = getattr(panel, "rows", None)
            for column in getattr(panel, "columns", ()):
                groups = re.findall(r"\bby \(([^)]*)\)", column.expr)
                wanted = {", ".join(rows or ())}
                assert wanted & set(groups), (board.uid, panel.title, column.title, groups)
