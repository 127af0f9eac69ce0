"""A simulated node has the series of a real daemon's scrape, no more and no fewer."""

import re
import time
from collections.abc import Iterator

import pytest

from benchmarks.fleet import Fleet
from benchmarks.fleet.exposition import Exposition
from benchmarks.fleet.node_values import NodeTruth
from collector.catalogue import BY_NAME
from collector.sitefile.model import Site
from tests.e2e.daemon import Daemon, Labels, parse_metrics
from tests.fleet.conftest import NOW_S, ORIGIN_S
from tests.host.bmc import Bmc, in_background
from tests.host.services import service
from tests.host.sysfs import grace_pair, lay

_OWN_WORDS = frozenset({"uuid", "serial", "version", "python", "cluster_uuid"})
"""Labels whose values are not the same on two nodes."""
_SOMETIMES = frozenset({"wattkeeper_outbox_oldest_age_seconds", "gpu_condition"})
"""Only while rows wait to be delivered, or while something is wrong: where the machine is so busy
that samples come late, the integral is off by a percent."""
_PATIENCE_SECONDS = 30.0
_AT_MOST = 120
"""Series of a GPU."""

Series = frozenset[tuple[str, Labels]]


def series(metrics: dict[str, dict[Labels, float]]) -> Series:
    """Every series: its name and labels."""
    return frozenset(
        (name, frozenset((key, "" if key in _OWN_WORDS else text) for key, text in labels))
        for name, found in metrics.items()
        for labels in found
        if name not in _SOMETIMES
    )


@pytest.fixture(scope="module")
def real(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """What a real daemon of a tray says once everything was read."""
    folder = tmp_path_factory.mktemp("daemon")
    lay(folder / "sys", grace_pair())
    tray = Bmc(service("hgx-tray"), statuses={"/api/v2/write": 204})
    settings: dict[str, object] = {
        "SAMPLING__SOURCE": "simulated",
        "SIMULATION__MODEL": "GB200",
        "SIMULATION__GPUS": 4,
        "WINDOW__SECONDS": 1,
        "HOST__SYSFS_ROOT": folder / "sys",
        "HOST__REDFISH__SECONDS": 5,
        "INFLUXDB__BUCKET": "power",
    }
    with in_background(tray):
        settings |= {"HOST__REDFISH__URL": tray.url, "INFLUXDB__URL": tray.url}
        with Daemon(folder, {}, **settings) as daemon:
            # Some series come only after a while; which are missing for good, the tests say.
            wanted = series(parse_metrics(simulated(site)))
            until = time.monotonic() + _PATIENCE_SECONDS
            while time.monotonic() < until:
                if wanted <= series(daemon.metrics()):
                    break
                time.sleep(0.5)
            yield daemon.get("/metrics")[1]


def simulated(site: Site, *, xids: bool = False) -> str:
    fleet = Fleet(site, origin_s=ORIGIN_S)
    truth = NodeTruth(fleet, xids=xids)
    return Exposition().write(truth.show("h01r01k1n01", NOW_S), NOW_S - 60).decode()


def test_the_series_are_the_daemons(real: str, site: Site) -> None:
    ours, theirs = series(parse_metrics(simulated(site))), series(parse_metrics(real))
    assert theirs - ours == frozenset()
    assert ours - theirs == frozenset()


def test_help_and_types_are_the_daemons(real: str, site: Site) -> None:
    headers = [re.findall(r"^# .*$", text, re.MULTILINE) for text in (simulated(site), real)]
    sometimes = tuple(f"# {word} {name} " for name in _SOMETIMES for word in ("HELP", "TYPE"))
    assert headers[0] == [line for line in headers[1] if not line.startswith(sometimes)]


def test_values_have_the_daemons_size(real: str, site: Site) -> None:
    """A simulated value is within a factor of 100 of a real one where both are not 0."""
    ours, theirs = parse_metrics(simulated(site)), parse_metrics(real)
    gauges = [name for name in theirs if name in BY_NAME and BY_NAME[name].kind == "gauge"]
    assert len(gauges) > 30
    for name in gauges:
        if name.startswith("wattkeeper_") or name in {*_SOMETIMES, "gpu_fabric_state_seconds"}:
            continue
        mine, other = max(ours[name].values()), max(theirs[name].values())
        assert 0 in {mine, other} or 0.01 < mine / other < 100 or "seconds" in name, name


def test_no_more_series_than_a_gpu_may_have(site: Site) -> None:
    found = parse_metrics(simulated(site, xids=True))
    of_gpu = [
        labels for all_labels in found.values() for labels in all_labels if ("gpu", "0") in labels
    ]
    assert 60 < len(of_gpu) <= _AT_MOST
