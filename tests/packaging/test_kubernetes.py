"""The plain Kubernetes manifests: valid, locked in, and understood by the daemons themselves."""

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from collector.config import Settings, SiteSettings, load_as
from collector.sitefile import load as load_site
from tests.packaging.manifests import ROOT, Manifest, mistakes, of_kind, plain, pods, variables


def container_of(kind: str) -> Manifest:
    (workload,) = of_kind(plain(), kind)
    (container,) = workload["spec"]["template"]["spec"]["containers"]
    found: Manifest = container
    return found


@pytest.mark.parametrize(
    "manifest", plain(), ids=lambda one: f"{one['kind']}-{one['metadata']['name']}"
)
def test_a_strict_server_takes_it(manifest: Manifest) -> None:
    assert mistakes(manifest) == []


def test_the_schemas_find_misspelt_and_wrong_fields() -> None:
    (daemons,) = of_kind(plain(), "DaemonSet")
    wrong: Any = copy.deepcopy(daemons)
    wrong["spec"]["template"]["spec"]["containers"][0]["readinesProbe"] = {}
    wrong["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = "long"
    assert len(mistakes(wrong)) == 2


def test_everything_has_its_place_and_says_what_it_is() -> None:
    for one in plain():
        assert one["metadata"].get("namespace", one["metadata"]["name"]) == "wattkeeper"
        if one["kind"] != "Namespace":
            assert one["metadata"]["labels"]["app.kubernetes.io/name"] == "wattkeeper"


def test_daemons_are_locked_in() -> None:
    for pod in pods(plain()):
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] == 9410
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert "memory" in container["resources"]["limits"]
            assert "cpu" not in container["resources"]["limits"], "a throttled sampler is late"
            writable = [
                mount["mountPath"]
                for mount in container["volumeMounts"]
                if not mount.get("readOnly")
            ]
            assert writable == ["/var/lib/wattkeeper"]


def test_the_only_root_hands_over_the_ledgers_folder() -> None:
    initial = [one for pod in pods(plain()) for one in pod.get("initContainers", [])]
    assert [one["command"] for one in initial] == [["chown", "9410:9410", "/var/lib/wattkeeper"]]
    context = initial[0]["securityContext"]
    assert context["capabilities"] == {"drop": ["ALL"], "add": ["CHOWN"]}
    assert context["readOnlyRootFilesystem"] is True
    assert [mount["name"] for mount in initial[0]["volumeMounts"]] == ["state"]


def test_a_sick_gpu_restarts_nothing() -> None:
    for pod in pods(plain()):
        for container in pod["containers"]:
            assert container["livenessProbe"]["httpGet"]["path"] == "/livez"
            assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
            assert "startupProbe" not in container


def test_it_runs_where_gpus_are_and_takes_none() -> None:
    (daemons,) = of_kind(plain(), "DaemonSet")
    pod = daemons["spec"]["template"]["spec"]
    assert pod["nodeSelector"]["nvidia.com/gpu.present"] == "true"
    assert {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"} in pod[
        "tolerations"
    ]
    for container in [*pod["containers"], *pod["initContainers"]]:
        resources = container["resources"]
        assert not any("gpu" in name for part in resources.values() for name in part)
    rolling = daemons["spec"]["updateStrategy"]["rollingUpdate"]
    assert "maxSurge" not in rolling, "two daemons would want one ledger"


def test_services_put_no_variables_into_the_daemons() -> None:
    """WATTKEEPER_SITE_PORT, which a Service of that name would bring, is no configuration key."""
    assert of_kind(plain(), "Service")[0]["metadata"]["name"].startswith("wattkeeper")
    for pod in pods(plain()):
        assert pod["enableServiceLinks"] is False


def place_files(data: Mapping[str, str], folder: Path) -> None:
    for name, text in data.items():
        (folder / name).write_text(text, encoding="utf-8")


def set_variables(container: Manifest, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The container's environment; its configuration's folder is `folder`."""
    for name, value in variables(container).items():
        here = "gpu-0042" if value == "from spec.nodeName" else value
        monkeypatch.setenv(name, here.replace("/etc/wattkeeper", str(folder)))


def test_a_node_understands_its_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (config, _) = of_kind(plain(), "ConfigMap")
    container = container_of("DaemonSet")
    place_files(config["data"], tmp_path)
    set_variables(container, tmp_path, monkeypatch)
    settings = load_as(Settings, tmp_path / "wattkeeper.toml")
    assert settings.node.name == "gpu-0042"
    assert settings.node.site == "example"
    assert settings.prometheus.listen.endswith(f":{container['ports'][0]['containerPort']}")
    mounts = {mount["mountPath"] for mount in container["volumeMounts"]}
    assert str(settings.ledger.path.parent) in mounts


def test_the_site_understands_its_configuration_and_its_site_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (_, config) = of_kind(plain(), "ConfigMap")
    container = container_of("StatefulSet")
    place_files(config["data"], tmp_path)
    set_variables(container, tmp_path, monkeypatch)
    monkeypatch.setenv("WATTKEEPER_NODE__NAME", "wattkeeper-site-0")
    named = Path(container["args"][-1]).name
    settings = load_as(SiteSettings, tmp_path / named)
    site = load_site(settings.site.file)
    assert site.name == "example"
    assert settings.meters.mqtt is not None
    assert settings.prometheus.listen.endswith(f":{container['ports'][0]['containerPort']}")
    assert str(settings.ledger.path.parent) == "/var/lib/wattkeeper"


def test_what_is_scraped_has_the_jobs_and_labels_that_rules_ask_for() -> None:
    (node,) = of_kind(plain(), "PodMonitor")
    (site,) = of_kind(plain(), "ServiceMonitor")
    for monitor, endpoints, job in (
        (node, "podMetricsEndpoints", "wattkeeper-node"),
        (site, "endpoints", "wattkeeper-site"),
    ):
        (endpoint,) = monitor["spec"][endpoints]
        fixed = {one["targetLabel"]: one.get("replacement") for one in endpoint["relabelings"][:2]}
        assert fixed == {"job": job, "site": "example"}
        assert endpoint["path"] == "/metrics"
    targets = [
        one.get("targetLabel") for one in node["spec"]["podMetricsEndpoints"][0]["relabelings"]
    ]
    assert "node" in targets
    labels = {
        kind: of_kind(plain(), kind)[0]["spec"]["template"]["metadata"]["labels"]
        for kind in ("DaemonSet", "StatefulSet")
    }
    assert node["spec"]["selector"]["matchLabels"].items() <= labels["DaemonSet"].items()
    (service,) = of_kind(plain(), "Service")
    assert service["spec"]["selector"].items() <= labels["StatefulSet"].items()
    assert site["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()


def test_the_user_is_the_images() -> None:
    recipe = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    for pod in pods(plain()):
        context = pod["securityContext"]
        assert f"USER {context['runAsUser']}:{context['runAsGroup']}\n" in recipe
