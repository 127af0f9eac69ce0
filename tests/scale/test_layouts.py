"""What `wattkeeper render --layout ...` writes: taken by those that read it, and consistent."""

import json
import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from alerts.render import Layout, Options, OptionsError, render
from collector.sitefile import load
from tests.alerts.tools import ALERTS, succeeds
from tests.scale.places import three_halls

SITES = ALERTS.parent / "deploy" / "sites"
STORE = "http://victoria.example:8428/api/v1/write"
PAIR = Options(
    layout=Layout.PAIR,
    prometheus="prom-a:9090",
    twin="prom-b:9090",
    alertmanagers=("am-a:9093", "am-b:9093"),
    remote_write=(STORE,),
)
SHARDS = replace(PAIR, layout=Layout.SHARDS, shard_address="prom-{shard}-{replica}:9090")
VMAGENT = replace(PAIR, layout=Layout.VMAGENT, twin="", vmagents=("v1:8429", "v2:8429"))


def made(folder: Path, options: Options) -> Path:
    site, path = three_halls(folder)
    render(site, path, folder / "out", options)
    return folder / "out"


def document(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def nodes_in(folder: Path) -> list[str]:
    return [
        group["labels"]["node"]
        for path in folder.glob("targets/nodes*.json")
        for group in json.loads(path.read_text())
    ]


def jobs(configuration: Path) -> dict[str, Any]:
    return {job["job_name"]: job for job in document(configuration)["scrape_configs"]}


@pytest.mark.parametrize(
    "options",
    [
        Options(),
        PAIR,
        replace(PAIR, http_sd="http://inventory.example/wk"),
        SHARDS,
        replace(SHARDS, shard_nodes=12, http_sd="http://inventory.example/wk"),
        replace(SHARDS, shard_address="prom-{shard}:9090", twin="", remote_write=()),
    ],
    ids=["single", "pair", "pair-http", "shards", "shards-cut-http", "shards-no-pairs"],
)
def test_prometheus_and_alertmanager_take_it(tmp_path: Path, options: Options) -> None:
    out = made(tmp_path, options)
    for path in sorted(out.rglob("prometheus*.yml")):
        succeeds("promtool", "check", "config", path)
    succeeds("amtool", "check-config", out / "alertmanager.yml")


def test_vmagent_and_vmalert_take_it(tmp_path: Path) -> None:
    out = made(tmp_path, replace(VMAGENT, old_vmalert=True))
    succeeds("vmagent", f"-promscrape.config={out / 'vmagent.yml'}", "-dryRun")
    succeeds("vmalert", "-dryRun", f"-rule={out}/rules/*.yml", "-datasource.url=http://127.0.0.1:9")
    assert "keep_firing_for" not in "".join(p.read_text() for p in (out / "rules").iterdir())


def test_a_newer_vmalert_keeps_alerts_firing(tmp_path: Path) -> None:
    out = made(tmp_path, VMAGENT)
    assert "keep_firing_for" in "".join(p.read_text() for p in (out / "rules").iterdir())


def test_the_largest_example_site_in_shards(tmp_path: Path) -> None:
    path = SITES / "computing-centre-phase-4.toml"
    site = load(path)
    render(site, path, tmp_path, replace(SHARDS, shard_nodes=5000))
    shards = sorted((tmp_path / "shards").iterdir())
    found = Counter(node for shard in shards for node in nodes_in(shard))
    assert found == dict.fromkeys(site.nodes, 1)
    assert len(shards) < 12
    succeeds("promtool", "check", "config", tmp_path / "global" / "prometheus-a.yml")


def test_a_pair_differs_in_its_replica_alone(tmp_path: Path) -> None:
    out = made(tmp_path, PAIR)
    left, right = ((out / f"prometheus-{name}.yml").read_text() for name in "ab")
    assert left != right
    assert left.replace('replica: "a"', 'replica: "b"') == right
    assert not (out / "prometheus.yml").exists()
    found = document(out / "prometheus-a.yml")
    assert found["global"]["external_labels"] == {"site": "s3", "replica": "a"}
    (write,) = found["remote_write"]
    assert write["url"] == STORE
    assert write["write_relabel_configs"] == [{"regex": "replica|shard", "action": "labeldrop"}]
    (relabel,) = found["alerting"]["alert_relabel_configs"]
    assert relabel == {"regex": "replica", "action": "labeldrop"}
    watched = jobs(out / "prometheus-a.yml")
    for job, addresses in {
        "prometheus": ["prom-a:9090", "prom-b:9090"],
        "alertmanager": ["am-a:9093", "am-b:9093"],
    }.items():
        assert watched[job]["static_configs"][0]["targets"] == addresses


def test_each_shard_has_its_nodes_and_the_one_above_has_none(tmp_path: Path) -> None:
    out = made(tmp_path, SHARDS)
    found = {path.name: len(nodes_in(path)) for path in (out / "shards").iterdir()}
    assert found == {"h1": 30, "h2": 24, "h3": 6}
    assert nodes_in(out / "global") == []
    groups = json.loads((out / "global" / "targets" / "shards.json").read_text())
    assert [(group["targets"], group["labels"]) for group in groups[:2]] == [
        (["prom-h1-a:9090"], {"site": "s3", "shard": "h1", "replica": "a"}),
        (["prom-h1-b:9090"], {"site": "s3", "shard": "h1", "replica": "b"}),
    ]
    assert "wattkeeper-node" not in jobs(out / "global" / "prometheus-a.yml")
    assert "wattkeeper-site" not in jobs(out / "shards" / "h1" / "prometheus-a.yml")
    counted = document(out / "global" / "rules" / "nodes.yml")["groups"][0]["rules"]
    assert {rule["labels"]["rack"]: rule["expr"] for rule in counted} == {
        **{f"h1k{number}": "vector(6)" for number in range(1, 6)},
        **{f"h2k{number}": "vector(6)" for number in range(1, 5)},
        "h3k1": "vector(6)",
    }


def test_what_goes_to_long_term_storage_goes_there_once(tmp_path: Path) -> None:
    """Shards write energy counters and racks, the one above what it adds up itself."""
    out = made(tmp_path, SHARDS)

    def kept(path: Path) -> re.Pattern[str]:
        (write,) = document(path)["remote_write"]
        return re.compile(write["write_relabel_configs"][0]["regex"])

    shard = kept(out / "shards" / "h1" / "prometheus-a.yml")
    above = kept(out / "global" / "prometheus-a.yml")
    for name in ("gpu_energy_joules_total", "host_input_energy_joules_total", "rack:nodes:count"):
        assert shard.fullmatch(name)
        assert not above.fullmatch(name)
    for name in ("site:gpu_power_watts:sum", "branch:site_power_watts:best", "site_power_watts"):
        assert above.fullmatch(name)
        assert not shard.fullmatch(name)
    for name in ("gpu_power_watts", "part:outbox_bytes:sum", "replica_rack:nodes_up:sum"):
        assert not shard.fullmatch(name)
        assert not above.fullmatch(name)


def test_targets_over_http_are_those_of_the_files(tmp_path: Path) -> None:
    out = made(tmp_path, replace(SHARDS, http_sd="http://inventory.example/wk/"))
    for shard in ("h1", "h2", "h3"):
        place = out / "shards" / shard
        listed = [
            group["labels"]["node"]
            for group in json.loads((place / "http_sd/nodes.json").read_text())
        ]
        assert sorted(listed) == sorted(nodes_in(place))
        (found,) = jobs(place / "prometheus-a.yml")["wattkeeper-node"]["http_sd_configs"]
        assert found["url"] == f"http://inventory.example/wk/shards/{shard}/http_sd/nodes.json"
    (found,) = jobs(out / "global" / "prometheus-a.yml")["wattkeeper-site"]["http_sd_configs"]
    assert found["url"] == "http://inventory.example/wk/global/http_sd/site.json"


def test_a_shard_that_is_gone_has_no_targets_left(tmp_path: Path) -> None:
    out = made(tmp_path, SHARDS)
    old = out / "shards" / "h7" / "targets" / "nodes-h7.json"
    old.parent.mkdir(parents=True)
    old.write_text("[]")
    made(tmp_path, SHARDS)
    assert not old.exists()


@pytest.mark.parametrize("options", [PAIR, SHARDS, VMAGENT], ids=lambda one: str(one.layout))
def test_the_readme_has_every_server(tmp_path: Path, options: Options) -> None:
    text = (made(tmp_path, options) / "README.md").read_text()
    assert not re.search("@[A-Z_]+@", text)
    for address in options.alertmanagers:
        assert f"# {address}\n" in text
    assert "--cluster.peer=am-b:9094" in text
    assert "-dedup.minScrapeInterval=15s" in text
    if options.layout is Layout.VMAGENT:
        assert "-promscrape.cluster.membersCount=2 -promscrape.cluster.memberNum=1" in text
    else:
        assert "prom-a:9090" in text
        assert "prom-b:9090" in text


def test_alerts_about_servers_come_with_their_runbooks(tmp_path: Path) -> None:
    out = made(tmp_path, SHARDS)
    assert (out / "runbooks" / "ShardSilent.md").exists()
    assert (
        "https://runbooks.example/wk/ShardSilent.md"
        in (out / "global" / "rules" / "servers.yml").read_text()
    )


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (Options(layout=Layout.PAIR), "give --prometheus twice"),
        (Options(twin="b:9090"), "--layout single has no second Prometheus"),
        (Options(layout=Layout.VMAGENT), "needs --remote-write"),
        (Options(layout=Layout.SHARDS, shard_address="prom:9090"), "same for every shard"),
    ],
    ids=["pair", "single", "vmagent", "shards"],
)
def test_options_that_do_not_fit(tmp_path: Path, options: Options, says: str) -> None:
    with pytest.raises(OptionsError, match=says):
        made(tmp_path, options)


def test_notes(tmp_path: Path) -> None:
    path = SITES / "computing-centre-phase-4.toml"
    one = replace(SHARDS, shard_nodes=50_000, alertmanagers=("am:9093",))
    notes = "\n".join(render(load(path), path, tmp_path, one).notes)
    assert "one Alertmanager is no cluster" in notes
    assert "--shard-nodes 5000 divides it" in notes


def run(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    three_halls(folder)
    command = [sys.executable, "-m", "collector", "render", "--site", str(folder / "site.toml")]
    return subprocess.run(
        [*command, "--out", str(folder / "out"), *more],
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command(tmp_path: Path) -> None:
    done = run(
        tmp_path,
        *("--layout", "shards", "--shard-nodes", "30", "--shard-address", "p-{shard}:9090"),
        *("--remote-write", STORE, "--alertmanager", "a:9093", "--alertmanager", "b:9093"),
    )
    assert done.returncode == 0, done.stderr
    assert "promtool check config" in done.stdout
    assert "README.md has the commands" in done.stdout
    assert {path.name for path in (tmp_path / "out" / "shards").iterdir()} == {"s01", "s02"}


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("--layout", "pair"), "give --prometheus twice"),
        (("--prometheus", "a:1", "--prometheus", "b:1", "--prometheus", "c:1"), "once, or twice"),
        (("--layout", "shards", "--shard-nodes", "0"), "is no number of nodes"),
        (("--layout", "ring"), "ring"),
    ],
    ids=["pair", "three", "none", "unknown"],
)
def test_the_command_refuses(tmp_path: Path, more: tuple[str, ...], says: str) -> None:
    done = run(tmp_path, *more)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
