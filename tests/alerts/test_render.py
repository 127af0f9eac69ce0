"""`wattkeeper render`: what it writes for a site, and how it fails."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from alerts.render import Options, Rendered, RenderError, render
from collector.sitefile import load
from tests.alerts.sites import small
from tests.alerts.tools import ALERTS, succeeds

ROOT = ALERTS.parent
SITES = sorted((ROOT / "deploy" / "sites").glob("*.toml"))


def made(folder: Path, extra: str = "", options: Options | None = None) -> tuple[Path, Rendered]:
    site, path = small(folder, extra)
    out = folder / "out"
    return out, render(site, path, out, options or Options())


def document(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def receivers(out: Path) -> dict[str, Any]:
    return {each["name"]: each for each in document(out / "alertmanager.yml")["receivers"]}


def test_prometheus_takes_it(tmp_path: Path) -> None:
    out, _ = made(tmp_path)
    succeeds("promtool", "check", "config", out / "prometheus.yml")
    assert document(out / "prometheus.yml")["global"]["external_labels"] == {"site": "s1"}


@pytest.mark.parametrize("path", SITES, ids=lambda path: path.stem)
def test_example_sites(path: Path, tmp_path: Path) -> None:
    site = load(path)
    render(site, path, tmp_path, Options())
    succeeds("promtool", "check", "config", tmp_path / "prometheus.yml")
    succeeds("amtool", "check-config", tmp_path / "alertmanager.yml")
    groups = [json.loads(file.read_text()) for file in (tmp_path / "targets").glob("nodes*.json")]
    assert sum(map(len, groups)) == len(site.nodes)


def test_targets_say_where_a_node_stands(tmp_path: Path) -> None:
    out, _ = made(tmp_path)
    read = {path.name: json.loads(path.read_text()) for path in (out / "targets").iterdir()}
    assert read["nodes-h1.json"] == [
        {
            "targets": ["n1.example:9410"],
            "labels": {"site": "s1", "hall": "h1", "row": "r1", "rack": "k1", "node": "n1"},
        }
    ]
    assert read["nodes-h2.json"][0]["targets"] == ["[fd00::9]:9500"]
    assert "row" not in read["nodes-h2.json"][0]["labels"]
    assert read["nodes.json"] == [
        {
            "targets": ["[fd00::1]:9410"],
            "labels": {"site": "s1", "rack": "k0", "node": "n0"},
        }
    ]
    assert read["site.json"] == [{"targets": ["localhost:9411"], "labels": {"site": "s1"}}]


def test_a_hall_that_is_gone_is_scraped_no_more(tmp_path: Path) -> None:
    out, _ = made(tmp_path)
    old = out / "targets" / "nodes-h7.json"
    old.write_text("[]")
    mine = out / "targets" / "other.json"
    mine.write_text("[]")
    made(tmp_path)
    assert not old.exists()
    assert mine.exists()


def test_addresses_are_filled_in(tmp_path: Path) -> None:
    out, _ = made(tmp_path)
    for path in (out / "rules").glob("*.yml"):
        text = path.read_text()
        assert "RUNBOOKS/" not in text
        assert "GRAFANA/" not in text
    text = (out / "rules" / "host.yml").read_text()
    assert "https://runbooks.example/wk/NodeDown.md" in text
    assert "https://grafana.example/d/wk-node?var-site=" in text
    assert (out / "runbooks" / "NodeDown.md").exists()


def test_secrets_stay_in_their_files(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    key = tmp_path / "secrets" / "pager.key"
    key.write_text("not-to-be-seen")
    key.chmod(0o600)
    out, _ = made(tmp_path)
    found = receivers(out)
    pager = found["team-hall-1-page"]["pagerduty_configs"][0]
    assert pager["routing_key_file"] == str(key)
    assert found["team-hall-1-page"]["slack_configs"][0]["api_url_file"].startswith("/etc/")
    assert not [p for p in out.rglob("*") if p.is_file() and "not-to-be-seen" in p.read_text()]


def test_pagerduty_of_another_region(tmp_path: Path) -> None:
    extra = """
[[receiver]]
name = "eu"
kind = "pagerduty"
secret_file = "eu.key"
url = "https://events.eu.pagerduty.example/v2/enqueue"
[[team]]
name = "b"
racks = ["k0"]
receivers = { page = ["eu"] }
"""
    out, _ = made(tmp_path, extra)
    found = receivers(out)
    (other,) = found["team-b-page"]["pagerduty_configs"]
    assert other["url"] == "https://events.eu.pagerduty.example/v2/enqueue"
    assert "url" not in found["team-hall-1-page"]["pagerduty_configs"][0]


def test_severity_reaches_the_receiver(tmp_path: Path) -> None:
    extra = '[[team]]\nname = "b"\nracks = ["k0"]\nreceivers = { ticket = ["pager", "genie"] }\n'
    out, _ = made(tmp_path, extra)
    found = receivers(out)
    assert found["team-hall-1-page"]["pagerduty_configs"][0]["severity"] == "critical"
    assert found["team-b-ticket"]["pagerduty_configs"][0]["severity"] == "warning"
    assert found["team-b-ticket"]["opsgenie_configs"][0]["priority"] == "P3"


def test_everyone_is_every_receiver_but_the_switch(tmp_path: Path) -> None:
    out, _ = made(tmp_path)
    found = receivers(out)
    kinds = {key: len(value) for key, value in found["everyone"].items() if key != "name"}
    assert kinds == {
        "pagerduty_configs": 1,
        "slack_configs": 1,
        "email_configs": 1,
        "webhook_configs": 1,
        "opsgenie_configs": 1,
    }
    assert found["deadman"]["webhook_configs"][0]["url"] == "http://switch.example/ping"


def test_newer_kinds_are_told(tmp_path: Path) -> None:
    extra = """
[[receiver]]
name = "teams"
kind = "teams"
secret_file = "teams.url"

[[receiver]]
name = "hidden"
kind = "webhook"
secret_file = "hook.url"
"""
    out, done = made(tmp_path, extra)
    notes = "\n".join(done.notes)
    assert '"teams": Microsoft Teams needs Alertmanager 0.28' in notes
    assert '"hidden": a webhook by secret_file needs Alertmanager 0.26' in notes
    assert '"genie": Opsgenie ends' in notes
    found = receivers(out)["everyone"]
    assert found["msteamsv2_configs"][0]["webhook_url_file"] == str(tmp_path / "teams.url")
    assert found["webhook_configs"][1]["url_file"] == str(tmp_path / "hook.url")


def test_what_is_missing_is_told(tmp_path: Path) -> None:
    path = tmp_path / "bare.toml"
    path.write_text('[site]\nname = "bare"\nzone = "Asia/Seoul"\n')
    done = render(load(path), path, tmp_path / "out", Options())
    notes = "\n".join(done.notes)
    assert "nobody is called when the alerting itself stops" in notes
    assert 'nobody gets the site\'s alerts of severity "page"' in notes
    assert "[grafana] url is not set" in notes
    succeeds("amtool", "check-config", tmp_path / "out" / "alertmanager.yml")
    succeeds("promtool", "check", "config", tmp_path / "out" / "prometheus.yml")


def test_maintenance_windows(tmp_path: Path) -> None:
    windows = '- weekdays: [sunday]\n  times: [{start_time: "02:00", end_time: "04:00"}]\n'
    out, _ = made(tmp_path, options=Options(maintenance=windows))
    read = document(out / "alertmanager.yml")
    [window] = read["time_intervals"]
    assert window["time_intervals"][0]["weekdays"] == ["sunday"]
    succeeds("amtool", "check-config", out / "alertmanager.yml")
    waiting = [
        route["mute_time_intervals"]
        for each in read["route"]["routes"]
        for route in each.get("routes", ())
        if route["matchers"] != ['severity="page"']
    ]
    assert waiting
    assert all(names == ["maintenance"] for names in waiting)


@pytest.mark.parametrize(
    ("smtp", "encrypted"),
    [
        ("localhost:25", False),
        ("127.0.0.1:2525", False),
        ("[::1]:25", False),
        ("mx.example:587", True),
    ],
)
def test_mail_leaves_the_machine_encrypted(tmp_path: Path, smtp: str, encrypted: bool) -> None:  # noqa: FBT001 - a case's value
    out, _ = made(tmp_path, options=Options(smtp=smtp))
    assert document(out / "alertmanager.yml")["global"]["smtp_require_tls"] is encrypted


def test_the_same_again_is_the_same(tmp_path: Path) -> None:
    out, first = made(tmp_path)
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    _, second = made(tmp_path)
    assert first == second
    assert before == {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert len(before) == len(first.files)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    site, path = small(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(RenderError, match="file"):
        render(site, path, tmp_path / "file", Options())


def command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "collector", "render", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=ROOT,
    )


def test_as_a_user_runs_it(tmp_path: Path) -> None:
    _, path = small(tmp_path)
    done = command("--site", path, "--out", tmp_path / "out", "--site-daemon", "a.example:9411")
    assert done.returncode == 0, done.stderr
    assert "(3 nodes)" in done.stdout
    [group] = json.loads((tmp_path / "out" / "targets" / "site.json").read_text())
    assert group["targets"] == ["a.example:9411"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--site", "nowhere.toml"), "nowhere.toml"),
        (("--site", "SITE", "--maintenance", "gone.yml"), "gone.yml"),
        (("--site", "SITE", "--alertmanager", "no port"), "HOST:PORT"),
    ],
)
def test_a_users_mistake(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    _, path = small(tmp_path)
    words = [str(path) if word == "SITE" else word for word in arguments]
    done = command(*words, "--out", tmp_path / "out")
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
