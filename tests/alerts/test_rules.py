"""The rule files: what Prometheus says of them, and what we ask of each alert."""

import re
from collections import Counter
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from alerts.reading import Rule, alerts, recordings
from collector.catalogue import BY_NAME, Subject
from collector.catalogue.xids import FATAL_XIDS
from dashboards.boards import BOARDS
from tests.alerts.promql import names
from tests.alerts.tools import ALERTS, TIME_SECONDS, run, succeeds

LONG = 400
ALL = alerts()
RECORDED = {rule.name: rule for rule in recordings()}
OTHERS = {
    "up",
    "alertmanager_config_last_reload_successful",
    "alertmanager_notifications_failed_total",
    "prometheus_config_last_reload_successful",
    "prometheus_notifications_alertmanagers_discovered",
    "prometheus_notifications_dropped_total",
    "prometheus_rule_evaluation_failures_total",
    "prometheus_rule_group_interval_seconds",
    "prometheus_rule_group_last_duration_seconds",
}
"""What Prometheus and Alertmanager say of themselves."""
KNOWN = {board.uid: {f"var-{each.name}" for each in board.variables} for board in BOARDS}
"""Dashboards, and the variables of each."""
VARIABLES = {
    "site": {"var-site"},
    "branch": {"var-site"},
    "meter": {"var-site"},
    "monitoring": {"var-site"},
    "rack": {"var-site", "var-rack"},
    "node": {"var-site", "var-hall", "var-row", "var-rack", "var-node"},
    "gpu": {"var-site", "var-hall", "var-row", "var-rack", "var-node", "var-gpu"},
}
RUNBOOK = (
    "What it means", "How to see it", "Likely causes, in order", "What to do", "When to escalate",
    "How to silence it",
)  # fmt: skip

each_alert = pytest.mark.parametrize("alert", ALL, ids=lambda alert: alert.name)


def test_prometheus_takes_the_rules_without_a_complaint() -> None:
    files = sorted((ALERTS / "rules").glob("*.yml"))
    succeeds("promtool", "check", "rules", "--lint=all", "--lint-fatal", *files)


@pytest.mark.timeout(TIME_SECONDS)
@pytest.mark.parametrize("path", sorted((ALERTS / "tests").glob("*.yml")), ids=lambda p: p.stem)
def test_cases(path: Path) -> None:
    succeeds("promtool", "test", "rules", path)


def test_a_case_with_other_words_fails(tmp_path: Path) -> None:
    """So that the cases above do compare the text."""
    text = (ALERTS / "tests" / "pager-path-without-settings.yml").read_text()
    other = tmp_path / "other.yml"
    other.write_text(text.replace("../rules", f"{ALERTS}/rules").replace("missing", "there"))
    assert run("promtool", "test", "rules", other).returncode == 1


def test_there_are_enough_and_each_once() -> None:
    assert len(ALL) >= 30
    assert [name for name, count in Counter(rule.name for rule in ALL).items() if count > 1] == []
    assert len(RECORDED) == len(recordings())


def test_files_stay_short() -> None:
    for path in (ALERTS / "rules").glob("*.yml"):
        assert len(path.read_text().splitlines()) <= LONG, path


@pytest.mark.parametrize("rule", [*ALL, *RECORDED.values()], ids=lambda rule: rule.name)
def test_every_metric_exists(rule: Rule) -> None:
    known = BY_NAME.keys() | RECORDED.keys() | OTHERS
    assert set(names(rule.expression)) <= known


def test_names_are_found_in_expressions() -> None:
    text = 'sum by (site) (rate(a_total{b="c d"}[5m])) / on (x) group_left () y:z:sum > 0 and up'
    assert set(names(text)) == {"a_total", "y:z:sum", "up"}


@pytest.mark.parametrize("rule", RECORDED.values(), ids=lambda rule: rule.name)
def test_recordings_are_named_by_level_metric_and_operation(rule: Rule) -> None:
    assert re.fullmatch(
        r"(setting|gpu|node|rack|row|hall|site|branch|group|meter):[a-z0-9_]+:[a-z0-9_]+", rule.name
    )


@each_alert
def test_no_alert_asks_every_gpu(alert: Rule) -> None:
    raw = {name for name in names(alert.expression) if name in BY_NAME}
    assert not {name for name in raw if BY_NAME[name].subject is Subject.GPU}


@each_alert
def test_thresholds_are_metrics(alert: Rule) -> None:
    """Compared with 0 or 1 (is there any, is it so), never with another number."""
    assert set(re.findall(r"[<>=]=?\s*(-?[\d.]+)", alert.expression)) <= {"0", "1"}


def test_power_is_added_up_in_one_scope_and_statistic() -> None:
    for rule in RECORDED.values():
        for name, matchers in re.findall(r"\b(gpu_\w+)(\{[^}]*\})?", rule.expression):
            if name == "gpu_power_window_watts":
                assert 'scope="gpu"' in matchers, rule.name
                assert "stat=" in matchers, rule.name
            if name == "gpu_energy_joules_total":
                assert 'scope="gpu"' in matchers, rule.name
        # Sensors of a host contain each other: only the one best source is ever added.
        assert not {"host_power_watts", "host_energy_joules_total"} & set(names(rule.expression))


def test_fatal_xids_are_those_of_the_catalogue() -> None:
    pattern = re.search(r'xid=~"([^"]+)"', RECORDED["gpu:xid_fatal:age_seconds"].expression)
    assert pattern
    assert {code for code in range(1000) if re.fullmatch(pattern[1], str(code))} == set(FATAL_XIDS)


@each_alert
def test_labels_and_words(alert: Rule) -> None:
    assert alert.severity in {"page", "ticket", "info"}
    assert alert.labels["object"] in VARIABLES
    assert alert.labels["about"]
    assert {"summary", "description", "action", "runbook_url", "dashboard_url"} == set(
        alert.annotations
    )
    if alert.severity == "page" and alert.labels["object"] != "monitoring":
        assert alert.interval == "5s"
    if alert.labels["object"] in {"gpu", "node"}:
        assert alert.severity != "page"


@each_alert
def test_dashboard_opens_at_the_right_place(alert: Rule) -> None:
    address = urlsplit(re.sub(r"\{\{[^}]*\}\}", "x", alert.annotations["dashboard_url"]))
    known = KNOWN[address.path.removeprefix("GRAFANA/d/")]
    given = parse_qs(address.query).keys()
    assert VARIABLES[alert.labels["object"]] <= given <= known
    if "$labels.branch" in alert.annotations["summary"] and "var-branch" in known:
        assert given & {"var-branch", "var-rack"}


@each_alert
def test_runbook(alert: Rule) -> None:
    assert alert.annotations["runbook_url"] == f"RUNBOOKS/{alert.name}.md"
    text = (ALERTS / "runbooks" / f"{alert.name}.md").read_text()
    assert text.startswith(f"# {alert.name}\n")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == list(RUNBOOK)


def test_no_runbook_without_an_alert() -> None:
    known = {alert.name for alert in ALL}
    assert {path.stem for path in (ALERTS / "runbooks").glob("*.md")} == known
    for path in (ALERTS / "runbooks").glob("*.md"):
        spoken = re.findall(r"\b(?:[A-Z][a-z0-9]+){2,}\b", path.read_text())
        assert set(spoken) <= known | {"CPUAffinity"}, path


def test_every_alert_has_a_case_that_fires_and_one_that_does_not() -> None:
    fires: Counter[str] = Counter()
    quiet: Counter[str] = Counter()
    for path in (ALERTS / "tests").glob("*.yml"):
        for case in yaml.safe_load(path.read_text())["tests"]:
            for check in case.get("alert_rule_test", ()):
                counts = fires if check["exp_alerts"] else quiet
                counts[check["alertname"]] += 1
    known = {alert.name for alert in ALL}
    assert known == set(fires)
    assert known - {"Watchdog"} == set(quiet)  # which never stays quiet
