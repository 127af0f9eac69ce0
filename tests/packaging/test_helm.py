"""The Helm chart, as helm itself renders it. Skipped where there is no helm."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import jsonschema
import pytest
import yaml

from collector import __version__
from tests.packaging.manifests import (
    CHART,
    PLAIN,
    ROOT,
    WRITTEN,
    Manifest,
    mistakes,
    objects,
    of_kind,
    pods,
    variables,
)

HELM = shutil.which(os.environ.get("HELM", "helm"))
needs_helm = pytest.mark.skipif(HELM is None, reason="no helm here; HELM may name it")
SITE_FILE = ROOT / "collector/sources/simulated/demo-site.toml"
EVERYTHING = (
    *("--set", "siteName=north,site.enabled=true,monitoring.enabled=true,dashboards.enabled=true"),
    *("--set-file", f"site.siteFile={SITE_FILE}"),
)


def helm(*arguments: str) -> subprocess.CompletedProcess[str]:
    # Not the version that helm was built for: a helm built from source says one of long ago.
    return subprocess.run(
        [str(HELM), "template", "wk", str(CHART), "--kube-version", "1.34.0", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def rendered(*arguments: str) -> list[Manifest]:
    done = helm(*arguments)
    assert done.returncode == 0, done.stderr
    return objects(done.stdout)


def test_its_version_is_the_packages() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    assert chart["appVersion"] == __version__


def test_its_defaults_fit_its_schema_and_every_key_is_in_it() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    jsonschema.Draft7Validator.check_schema(schema)
    jsonschema.validate(values, schema)
    with pytest.raises(jsonschema.ValidationError, match="replica"):
        jsonschema.validate({**values, "replica": 1}, schema)


def test_rules_and_dashboards_are_the_very_files() -> None:
    assert (CHART / "files/rules").resolve() == ROOT / "alerts/rules"
    assert (CHART / "files/dashboards").resolve() == ROOT / "dashboards/generated"
    assert not (CHART / "files/rules").readlink().is_absolute()


@needs_helm
def test_helm_finds_nothing_wrong() -> None:
    done = subprocess.run(
        [str(HELM), "lint", "--strict", str(CHART)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


@needs_helm
@pytest.mark.parametrize(
    "arguments",
    [
        (),
        EVERYTHING,
        (
            *EVERYTHING,
            *("--set", "node.tls.secretName=n,node.tls.clientCertificates=true"),
            *("--set", "site.tls.secretName=s,site.replicas=2,node.secretName=x,site.secretName=y"),
            *("--set", "node.placeLabels.rack=example.org/rack,image.pullSecrets={a,b}"),
            *("--set", "monitoring.endpoint.tlsConfig.insecureSkipVerify=true"),
            *("--set", "node.priorityClassName=system-node-critical,site.storage.className=fast"),
            *(
                "--set",
                "site.imageTag=extra,node.podLabels.a=b,site.podAnnotations.c=d,node.maxUnavailable=3",
            ),
        ),
    ],
    ids=["defaults", "everything", "all-options"],
)
def test_a_strict_server_takes_what_it_renders(arguments: tuple[str, ...]) -> None:
    found = rendered(*arguments)
    assert found
    assert [wrong for one in found for wrong in mistakes(one)] == []
    names = [(one["kind"], one["metadata"]["name"]) for one in found]
    assert len(names) == len(set(names))


@needs_helm
def test_the_rules_arrive_whole_with_their_addresses() -> None:
    urls = ("--set", "monitoring.rules.grafanaUrl=https://g.example/")
    found = {
        one["metadata"]["name"]: one["spec"]
        for one in of_kind(rendered(*EVERYTHING, *urls), "PrometheusRule")
    }
    files = sorted((ROOT / "alerts/rules").glob("*.yml"))
    assert len(found) == len(files)
    for path in files:
        text = path.read_text(encoding="utf-8").replace("GRAFANA/", "https://g.example/")
        wanted = yaml.safe_load(text.replace("RUNBOOKS/", "runbooks/"))
        assert found[f"wk-wattkeeper-{path.stem}"] == wanted


@needs_helm
def test_the_dashboards_arrive_whole_where_grafana_looks() -> None:
    found = [
        one
        for one in of_kind(rendered(*EVERYTHING), "ConfigMap")
        if "dashboard" in str(one["metadata"]["labels"])
    ]
    files = sorted((ROOT / "dashboards/generated").glob("*.json"))
    assert len(found) == len(files)
    for one in found:
        assert one["metadata"]["labels"]["grafana_dashboard"] == "1"
        ((name, text),) = one["data"].items()
        wanted = (ROOT / "dashboards/generated" / name).read_text(encoding="utf-8")
        assert json.loads(text) == json.loads(wanted)
        assert len(json.dumps(one)) < 1_000_000, "what a ConfigMap may hold"


@needs_helm
def test_with_tls_probes_and_scrapes_follow() -> None:
    found = rendered(*EVERYTHING, "--set", "node.tls.secretName=node-tls")
    (pod,) = [pod for pod in pods(found) if pod["containers"][0]["name"] == "node"]
    container = pod["containers"][0]
    assert container["livenessProbe"]["httpGet"]["scheme"] == "HTTPS"
    path = variables(container)["WATTKEEPER_PROMETHEUS__TLS__CERT_FILE"]
    assert str(Path(path).parent) in {mount["mountPath"] for mount in container["volumeMounts"]}
    (monitor,) = of_kind(found, "PodMonitor")
    assert monitor["spec"]["podMetricsEndpoints"][0]["scheme"] == "https"


@needs_helm
def test_where_clients_show_certificates_the_kubelet_only_connects() -> None:
    values = ("--set", "node.tls.secretName=t,node.tls.clientCertificates=true")
    (pod,) = pods(rendered(*values))
    assert pod["containers"][0]["livenessProbe"]["tcpSocket"] == {"port": "http"}
    assert "httpGet" not in pod["containers"][0]["readinessProbe"]


@needs_helm
def test_racks_come_from_the_nodes_labels() -> None:
    values = ("--set", "node.placeLabels.rack=example\\.org/rack-id")
    (monitor,) = of_kind(rendered(*EVERYTHING, *values), "PodMonitor")
    rules = monitor["spec"]["podMetricsEndpoints"][0]["relabelings"]
    assert {
        "sourceLabels": ["__meta_kubernetes_node_label_example_org_rack_id"],
        "targetLabel": "rack",
    } in rules
    assert monitor["spec"]["attachMetadata"] == {"node": True}


@needs_helm
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--set", "site.enabled=true"), "the site daemon needs a site file"),
        (("--set", "site.enbled=true"), "enbled"),
        (("--set", "node.port=80"), "port"),
        (("--set", "image.digest=latest"), "digest"),
        (("--set", "node.placeLabels.country=x"), "country"),
    ],
)
def test_a_mistake_in_the_values_is_told(arguments: tuple[str, ...], said: str) -> None:
    done = helm(*arguments)
    assert done.returncode != 0
    assert said in done.stderr


@needs_helm
def test_the_plain_manifests_are_what_the_chart_says(tmp_path: Path) -> None:
    subprocess.run(
        [str(ROOT / "scripts/render-manifests"), str(tmp_path)],
        check=True,
        env={**os.environ, "HELM": str(HELM)},
    )
    for name in WRITTEN:
        assert (tmp_path / name).read_text() == (PLAIN / name).read_text(), (
            "run scripts/render-manifests"
        )
