"""The compose file: what it mounts is there and understood by the programs that are to read it."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from alerts.render import Options, render
from collector.config import Settings, SiteSettings, load_as
from collector.sitefile import load as load_site
from tests.packaging.compose import FILE, FOLDER, binds, ours, outside, services
from tests.packaging.manifests import ROOT

COMPOSE = shutil.which(os.environ.get("DOCKER_COMPOSE", "docker-compose"))
PROVISIONING = ROOT / "dashboards/provisioning"


def test_all_that_it_mounts_is_there() -> None:
    mounted = [found for one in services().values() for found in binds(one)]
    assert len(mounted) >= 8
    for source, _ in mounted:
        assert source.exists(), source
    (secret,) = yaml.safe_load(FILE.read_text())["secrets"].values()
    assert (FOLDER / secret["file"]).is_file()


def test_every_file_beside_it_is_mounted() -> None:
    used = {source for one in services().values() for source, _ in binds(one)}
    used |= {FILE, FOLDER / "influxdb.token"}
    assert {path for path in FOLDER.iterdir() if path.is_file()} <= used


def test_nothing_is_open_to_the_network() -> None:
    ports = [port for one in services().values() for port in one.get("ports", [])]
    assert len(ports) == len(set(ports))
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_our_containers_are_locked_in() -> None:
    assert set(ours()) == {"node-1", "node-2", "site", "facility", "render"}
    for one in ours().values():
        assert one["read_only"] is True
        assert one["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in one["security_opt"]


def test_images_are_pinned_and_name_no_registry() -> None:
    for name, one in services().items():
        repository, _, tag = one["image"].partition(":")
        assert "." not in repository, "a host name"
        assert tag
        assert name in ours() or any(character.isdigit() for character in tag)


@pytest.mark.parametrize("name", ["node-1", "node-2"])
def test_a_node_understands_its_configuration(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = services()[name]
    for key, value in service["environment"].items():
        monkeypatch.setenv(key, value)
    config = tmp_path / "wattkeeper.toml"
    ((source, place),) = binds(service)
    assert place == "/etc/wattkeeper/wattkeeper.toml", "where it looks unasked"
    config.write_text(outside(service, source.read_text(encoding="utf-8")), encoding="utf-8")
    settings = load_as(Settings, config)
    site = load_site(FOLDER / "site.toml")
    node = site.nodes[settings.node.name]
    assert (settings.node.site, settings.node.rack) == (site.name, node.rack)
    assert site.racks[node.rack].hall == settings.node.hall
    assert settings.influxdb is not None
    assert settings.influxdb.token_file is not None
    assert (
        settings.influxdb.token_file.read_text().strip()
        == (services()["influxdb"]["environment"]["DOCKER_INFLUXDB_INIT_ADMIN_TOKEN"])
    )


def test_the_site_understands_its_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = services()["site"]
    for key, value in service["environment"].items():
        monkeypatch.setenv(key, value)
    text = (FOLDER / "site-daemon.toml").read_text(encoding="utf-8")
    config = tmp_path / "site-daemon.toml"
    config.write_text(outside(service, text), encoding="utf-8")
    settings = load_as(SiteSettings, config)
    assert settings.site.file == FOLDER / "site.toml"
    assert settings.meters.mqtt is not None
    assert settings.meters.mqtt.host in services()
    assert settings.prometheus.listen == "0.0.0.0:9411", "where its health check asks"


def test_what_is_rendered_names_the_services(tmp_path: Path) -> None:
    """Every target of Prometheus is a service of the compose file, at a port that it has."""
    options = dict(word.lstrip("-").split("=") for word in services()["render"]["command"][1:])
    render(
        load_site(FOLDER / "site.toml"),
        FOLDER / "site.toml",
        tmp_path,
        Options(
            site_daemons=(options["site-daemon"],),
            alertmanagers=(options["alertmanager"],),
            prometheus=options["prometheus"],
        ),
    )
    groups = [
        group
        for path in (tmp_path / "targets").glob("*.json")
        for group in json.loads(path.read_text())
    ]
    prometheus = yaml.safe_load((tmp_path / "prometheus.yml").read_text())
    groups += [one for job in prometheus["scrape_configs"] for one in job.get("static_configs", [])]
    targets = {target for group in groups for target in group["targets"]}
    assert {target.split(":")[0] for target in targets} == {
        *("node-1", "node-2", "site", "prometheus", "alertmanager")
    }
    for target in targets:
        name, _, port = target.partition(":")
        assert any(text.endswith(f":{port}") for text in services()[name]["ports"])
    out = Path(options["out"])
    volume, place = services()["render"]["volumes"][-1].split(":")
    for name in ("prometheus", "alertmanager"):
        reader = services()[name]
        mounted = next(text for text in reader["volumes"] if text.startswith(f"{volume}:"))
        seen = out.as_posix().replace(place, mounted.split(":")[1])
        assert f"--config.file={seen}/{name}.yml" in reader["command"]
        assert reader["group_add"] == ["9410"], "the folder belongs to Wattkeeper's group"


def test_grafana_finds_its_dashboards_and_its_data_sources() -> None:
    service = services()["grafana"]
    mounts = {place: source for source, place in binds(service)}
    assert mounts["/etc/grafana/provisioning"] == PROVISIONING
    provider = yaml.safe_load((PROVISIONING / "dashboards/wattkeeper.yml").read_text())
    folder = mounts[provider["providers"][0]["options"]["path"]]
    home = service["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert (folder / Path(home).name).is_file()
    sources = (PROVISIONING / "datasources/wattkeeper.yml").read_text(encoding="utf-8")
    for name in ("PROMETHEUS_URL", "INFLUXDB_URL", "INFLUXDB_TOKEN"):
        assert f"${{WATTKEEPER_GRAFANA_{name}}}" in sources
        assert service["environment"][f"WATTKEEPER_GRAFANA_{name}"]
    database = yaml.safe_load(sources)["datasources"][1]["jsonData"]["dbName"]
    assert database == services()["influxdb"]["environment"]["DOCKER_INFLUXDB_INIT_BUCKET"]


@pytest.mark.skipif(COMPOSE is None, reason="no docker-compose here; DOCKER_COMPOSE may name it")
def test_compose_itself_takes_it() -> None:
    done = subprocess.run(
        [str(COMPOSE), "--file", str(FILE), "config", "--quiet"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
