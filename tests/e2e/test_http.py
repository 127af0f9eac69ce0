"""What is served: formats, health, the page, and what promtool says of it."""

import gzip
import json
import shutil
import subprocess
import time
import urllib.request

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from collector.catalogue import BY_NAME
from tests.e2e.conftest import MakeDaemon, MakeFake
from tests.e2e.daemon import Daemon
from tests.fake_nvml import Constant

OPENMETRICS = "application/openmetrics-text; version=1.0.0"


@pytest.fixture
def daemon(make_fake: MakeFake, make_daemon: MakeDaemon) -> Daemon:
    fake = make_fake(gpus=2)
    for gpu in fake.gpus:
        gpu.set_waveform(Constant(300_000))
    running = make_daemon(fake)
    running.wait_for(
        lambda: (running.value("gpu_energy_joules_total", gpu="1") or 0) > 0, "energy is counted"
    )
    time.sleep(2)
    return running


def test_metrics_in_every_format(daemon: Daemon) -> None:
    status, text = daemon.get("/metrics")
    assert status == 200
    names = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
    own = {name for name in names if not name.startswith("process_")}
    assert own <= set(BY_NAME)
    assert {"gpu_power_watts", "gpu_energy_joules_total", "gpu_info", "gpu_up"} <= own

    status, openmetrics = daemon.get("/metrics", Accept=OPENMETRICS)
    assert status == 200
    parsed = text_string_to_metric_families(openmetrics)  # type: ignore[no-untyped-call]
    families = {family.name: family for family in parsed}
    assert families["gpu_energy_joules"].unit == "joules"
    assert families["gpu_energy_joules"].type == "counter"

    request = urllib.request.Request(
        f"http://127.0.0.1:{daemon.port}/metrics", headers={"Accept-Encoding": "gzip"}
    )
    with urllib.request.urlopen(request, timeout=5) as response:  # noqa: S310 - http only
        assert response.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(response.read()).startswith(b"# HELP")


def test_promtool_finds_nothing(daemon: Daemon) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed")
    text = daemon.get("/metrics")[1]
    found = subprocess.run(
        [promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stdout + found.stderr


def test_health_and_readiness(daemon: Daemon) -> None:
    assert daemon.healthz() == (200, {"status": "ok", "sick": []})
    assert daemon.get("/readyz") == (200, "ready\n")
    assert daemon.get("/livez") == (200, "ok\n")
    assert daemon.get("/nothing")[0] == 404


def test_the_page_and_its_data(daemon: Daemon) -> None:
    status, page = daemon.get("/")
    assert status == 200
    assert "<script" in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    data = json.loads(daemon.get("/live.json?history=1")[1])
    assert data["node"] == "test-node"
    assert [gpu["power_watts"] for gpu in data["gpus"]] == [300.0, 300.0]
    assert data["power_watts"] == {"value": 600.0, "gpus": 2}
    assert data["power_limit_watts"]["value"] == 1400.0


def test_a_known_power_gives_known_series(daemon: Daemon) -> None:
    assert daemon.value("gpu_power_watts", gpu="0", scope="gpu") == 300.0
    assert daemon.value("gpu_power_window_watts", gpu="0", stat="mean") == pytest.approx(300.0)
    assert daemon.value("gpu_power_ramp_watts", gpu="0", span="1s") == 0.0
    assert daemon.value("gpu_power_coverage_ratio", gpu="0") == pytest.approx(1.0, abs=0.01)
    assert daemon.value("gpu_power_limit_watts", gpu="0", limit="enforced") == 700.0
    assert daemon.value("gpu_temperature_celsius", gpu="0", sensor="gpu") == 45.0
    assert daemon.value("gpu_temperature_celsius", gpu="0", sensor="memory") == 52.0
    assert daemon.value("gpu_utilization_ratio", gpu="0", engine="sm") == 1.0
    assert daemon.value("gpu_clock_event_active", gpu="0", reason="power_cap") in {0.0, 1.0}
    assert daemon.value("gpu_memory_total_bytes", gpu="0") == pytest.approx(150_754_820_096)
    assert daemon.value("gpu_persistence_mode", gpu="0") == 1.0
    first = daemon.value("gpu_energy_joules_total", gpu="0", scope="gpu")
    time.sleep(3)
    second = daemon.value("gpu_energy_joules_total", gpu="0", scope="gpu")
    assert first is not None
    assert second is not None
    assert 300 <= second - first <= 1500
