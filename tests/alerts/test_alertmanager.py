"""Alertmanager's own word: is the configuration valid, and who gets what."""

import json
import re
from pathlib import Path

import pytest

from alerts.reading import alerts
from alerts.render import Options, render
from alerts.render.receivers import SEVERITIES
from tests.alerts.sites import small
from tests.alerts.tools import ALERTS, run, succeeds

ROUTES = {
    # Places of a team, with and without the hall's name, in each severity.
    "site=s1 hall=h1 rack=k1 node=n1 severity=page": ["team-hall-1-page"],
    "site=s1 hall=h1 severity=ticket": ["team-hall-1-ticket"],
    "site=s1 rack=k2 severity=page": ["team-hall-1-page"],
    "site=s1 hall=h1 severity=info": ["team-hall-1-info"],
    "site=s1 hall=h2 rack=k.9 severity=page": ["team-rack-9-page"],
    "site=s1 rack=k.9 severity=ticket": ["team-rack-9-ticket"],
    "site=s1 rack=k.9 severity=info": ["team-rack-9-info"],
    # A dot in a rack's name is a dot.
    "site=s1 rack=kx9 severity=page": ["site-page"],
    # What is nobody's place.
    "site=s1 rack=k0 severity=ticket": ["site-ticket"],
    "site=s1 branch=grid level=feed severity=page": ["site-page"],
    "site=s1 severity=ticket": ["site-ticket"],
    "site=s1 severity=info": ["site-info"],
    # The path of the pages.
    "alertname=Watchdog site=s1 severity=info object=monitoring": ["deadman"],
    "site=s1 severity=page object=monitoring": ["everyone"],
    "site=s1 severity=ticket object=monitoring": ["site-ticket"],
}


MESSAGE = {
    "receiver": "team-hall-1-page",
    "status": "firing",
    "commonLabels": {"severity": "page", "site": "s1"},
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "RackDown", "rack": "k1"},
            "annotations": {
                "summary": "Rack k1 is silent",
                "description": "It is dark.",
                "action": "look at its meter",
                "runbook_url": "https://runbooks.example/RackDown.md",
                "dashboard_url": "https://grafana.example/d/wk-tree",
            },
            "startsAt": "2027-03-01T03:00:00Z",
        },
        {
            "status": "resolved",
            "labels": {"alertname": "RackDown", "rack": "k2"},
            "annotations": {"summary": "Rack k2 is silent"},
            "startsAt": "2027-03-01T02:00:00Z",
            "endsAt": "2027-03-01T02:30:00Z",
        },
    ],
}
"""As Alertmanager gives it to a template."""


@pytest.fixture
def made(tmp_path: Path) -> Path:
    site, path = small(tmp_path)
    render(site, path, tmp_path / "out", Options())
    return tmp_path / "out" / "alertmanager.yml"


def test_the_file_is_valid_as_it_stands() -> None:
    succeeds("amtool", "check-config", ALERTS / "alertmanager.yml")


def test_what_is_rendered_is_valid(made: Path) -> None:
    assert "1 templates" in succeeds("amtool", "check-config", made)


@pytest.mark.parametrize(("labels", "receivers"), ROUTES.items(), ids=list(ROUTES))
def test_routes(made: Path, labels: str, receivers: list[str]) -> None:
    printed = succeeds(
        "amtool", "config", "routes", "test", f"--config.file={made}",
        f"--verify.receivers={','.join(receivers)}", *labels.split(),
    )  # fmt: skip
    assert printed.split()[0] == ",".join(receivers)


@pytest.mark.parametrize("severity", SEVERITIES)
def test_both_teams_of_a_rack_hear(tmp_path: Path, severity: str) -> None:
    extra = '[[team]]\nname = "second"\nracks = ["k1"]\nreceivers = { page = ["mail"] }\n'
    site, path = small(tmp_path, extra)
    render(site, path, tmp_path / "out", Options())
    expected = f"team-hall-1-{severity},team-second-{severity}"
    succeeds(
        "amtool", "config", "routes", "test",
        f"--config.file={tmp_path / 'out' / 'alertmanager.yml'}", f"--verify.receivers={expected}",
        "site=s1", "hall=h1", "rack=k1", f"severity={severity}",
    )  # fmt: skip


def test_a_wrong_receiver_is_noticed(made: Path) -> None:
    done = run(
        "amtool", "config", "routes", "test", f"--config.file={made}",
        "--verify.receivers=site-page", "site=s1", "hall=h1", "severity=page",
    )  # fmt: skip
    assert done.returncode == 1


def test_inhibitions_name_alerts_that_exist() -> None:
    text = (ALERTS / "alertmanager.yml").read_text()
    known = {alert.name for alert in alerts()}
    for pattern in re.findall(r'alertname=~?"([^"]+)"', text):
        for name in pattern.split("|"):
            assert any(re.fullmatch(name, each) for each in known), name


def test_templates_say_what_happened_and_what_to_do(tmp_path: Path) -> None:
    data = tmp_path / "data.json"
    data.write_text(json.dumps(MESSAGE))
    text = succeeds(
        "amtool", "template", "render",
        f"--template.glob={ALERTS}/templates/*.tmpl", f"--template.data={data}",
        '--template.text={{ template "wattkeeper.title" . }}\n{{ template "wattkeeper.text" . }}',
    )  # fmt: skip
    assert text.splitlines() == [
        "[PAGE] Rack k1 is silent (2 alerts)",
        "Rack k1 is silent",
        "It is dark.",
        "First: look at its meter",
        "Runbook: https://runbooks.example/RackDown.md",
        "Dashboard: https://grafana.example/d/wk-tree",
        "Since 2027-03-01 03:00:00 UTC",
        "",
        "Over:",
        "Rack k2 is silent (02:00 to 02:30 UTC)",
    ]
