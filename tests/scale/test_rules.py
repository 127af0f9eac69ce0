"""The rules that only larger layouts have: words, runbooks, and cases that fire and do not."""

import re
from pathlib import Path

import pytest
import yaml

from alerts.render.source import SOURCE
from tests.alerts.test_rules import RUNBOOK
from tests.alerts.tools import TIME_SECONDS, succeeds

SCALE = SOURCE / "scale"
ALERTS = [
    rule
    for path in sorted((SCALE / "rules").glob("*.yml"))
    for group in yaml.safe_load(path.read_text())["groups"]
    for rule in group["rules"]
    if "alert" in rule
]


def test_prometheus_takes_the_rules_without_a_complaint() -> None:
    files = sorted((SCALE / "rules").glob("*.yml"))
    succeeds("promtool", "check", "rules", "--lint=all", "--lint-fatal", *files)


@pytest.mark.timeout(TIME_SECONDS)
@pytest.mark.parametrize("path", sorted((SCALE / "tests").glob("*.yml")), ids=lambda p: p.stem)
def test_cases(path: Path) -> None:
    succeeds("promtool", "test", "rules", path)


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_words_and_runbook(alert: dict[str, dict[str, str]]) -> None:
    name = str(alert["alert"])
    assert alert["labels"]["severity"] in {"page", "ticket"}
    assert alert["labels"]["object"] == "monitoring"
    assert alert["labels"]["about"]
    assert alert["annotations"].keys() == {
        *("summary", "description", "action", "runbook_url", "dashboard_url")
    }
    assert alert["annotations"]["runbook_url"] == f"RUNBOOKS/{name}.md"
    text = (SCALE / "runbooks" / f"{name}.md").read_text()
    assert text.startswith(f"# {name}\n")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == list(RUNBOOK)


def test_no_runbook_without_an_alert_and_none_twice() -> None:
    here = {path.stem for path in (SCALE / "runbooks").glob("*.md")}
    assert here == {alert["alert"] for alert in ALERTS}
    assert not here & {path.stem for path in (SOURCE / "runbooks").glob("*.md")}


def test_every_alert_has_a_case_that_fires_and_one_that_does_not() -> None:
    fires: set[str] = set()
    quiet: set[str] = set()
    for path in (SCALE / "tests").glob("*.yml"):
        for case in yaml.safe_load(path.read_text())["tests"]:
            for check in case.get("alert_rule_test", ()):
                (fires if check["exp_alerts"] else quiet).add(check["alertname"])
    assert fires == quiet == {alert["alert"] for alert in ALERTS}
