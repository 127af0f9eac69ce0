"""The site daemon on a real broker: meters in, demand, budget and energy out."""

import signal
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pytest

from collector.ledger import AccountKey, AccountState, LedgerReader
from tests.e2e.site import METERS, Publisher, SiteDaemon, write_site
from tests.meters.publisher import watts
from tests.mqtt.broker import Broker, Subscriber, needs_mosquitto, wait_until

pytestmark = needs_mosquitto
WINDOW_SECONDS = 1


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    folder = tmp_path / "broker"
    folder.mkdir()
    broker = Broker(folder).start()
    yield broker
    broker.kill()


def site_daemon(tmp_path: Path, broker: Broker, **settings: object) -> SiteDaemon:
    return SiteDaemon(
        tmp_path, write_site(tmp_path), broker.port, WINDOW__SECONDS=WINDOW_SECONDS, **settings
    )


def kept_accounts(daemon: SiteDaemon) -> Mapping[AccountKey, AccountState]:
    with LedgerReader(daemon.ledger) as reader:
        return reader.accounts()


CHANGING = (1, 2)
"""Meters that say something at each step; what m0 holds is booked when it changes."""


def energies(daemon: SiteDaemon, meters: Iterable[int] = CHANGING) -> list[float]:
    return [daemon.value("site_meter_energy_joules_total", meter=f"m{n}") or 0 for n in meters]


def test_meters_become_power_energy_and_budget(tmp_path: Path, broker: Broker) -> None:
    daemon = site_daemon(tmp_path, broker)
    with daemon, Publisher(broker.port, "--period", "0.2"):
        daemon.wait_for(
            lambda: min(energies(daemon, range(3))) > 1e5, "all meters count energy", 60
        )
        powers = [daemon.value("site_meter_power_watts", meter=f"m{n}") for n in range(3)]
        assert all(power is not None and 7e4 < power < 1.3e5 for power in powers)
        assert daemon.value("site_meter_good", meter="m1") == 1
        assert daemon.value("site_power_limit_watts", branch="ups-a") == 400_000
        assert daemon.value("site_power_coverage_ratio", branch="grid") == 1
        assert daemon.value("site_contract_power_watts", branch="grid") == 1e6
        together = daemon.value("site_redundant_power_watts", group="ups") or 0
        assert 1.5e5 < together < 2.6e5
        assert daemon.value("site_redundant_limit_watts", group="ups") == 400_000
        # Of the quarter-hour before its first reading it knows nothing, and so says nothing.
        assert daemon.value("site_demand_watts", branch="grid", kind="forecast") is None
        assert daemon.value("site_demand_target_watts", branch="grid") == 1e6
        assert daemon.value("site_it_coverage_ratio", source="meters") == 1
        assert daemon.value("wattkeeper_meters_connected") == 1
        assert daemon.healthz()[0] == 200
        code, seconds = daemon.stop()
    assert code == 0
    assert seconds < 5
    kept = {key.device: state for key, state in kept_accounts(daemon).items()}
    assert set(kept) == {"m0", "m1", "m2"}
    assert all(state.clean for state in kept.values())


def test_what_is_booked_is_the_integral_of_what_was_published(
    tmp_path: Path, broker: Broker
) -> None:
    """Held values: between two messages the power is that of the first."""
    daemon = site_daemon(tmp_path, broker)
    with daemon:
        with Publisher(broker.port, "--period", "1") as publisher:
            daemon.wait_for(lambda: min(energies(daemon)) > 0, "energy is counted", 40)
            before, began = energies(daemon), time.monotonic()
            time.sleep(10)
            after, ended = energies(daemon), time.monotonic()
            publisher.stop()
        for number, then, now in zip(CHANGING, before, after, strict=True):
            mean = (now - then) / (ended - began)
            lowest = min(watts(number, step) for step in range(120))
            highest = max(watts(number, step) for step in range(120))
            # Windows of a second on either side.
            assert 0.8 * lowest < mean < 1.2 * highest, number


def test_kill_minus_nine_loses_no_energy_and_counts_none_twice(
    tmp_path: Path, broker: Broker
) -> None:
    daemon = site_daemon(tmp_path, broker)
    with daemon, Publisher(broker.port, "--period", "0.2", "--qos", "1"):
        daemon.wait_for(lambda: min(energies(daemon)) > 5e5, "energy is counted", 40)
        first, at = energies(daemon), time.monotonic()
        daemon.kill()
        time.sleep(2)
        daemon.start()
        daemon.wait_for(
            lambda: all(
                now > then + 4e5 for now, then in zip(energies(daemon), first, strict=True)
            ),
            "counting goes on",
            40,
        )
        elapsed = time.monotonic() - at
        for number, now, then in zip(CHANGING, energies(daemon), first, strict=True):
            least = min(watts(number, step) for step in range(2000))
            most = max(watts(number, step) for step in range(2000))
            # Shown is what is on disk: a few seconds behind, before as after.
            assert least * (elapsed - 4) < now - then < most * (elapsed + 2), number


def test_a_meter_that_falls_silent_is_shown_as_missing(tmp_path: Path, broker: Broker) -> None:
    site = write_site(tmp_path)
    site.write_text(site.read_text().replace("stale_seconds = 200", "stale_seconds = 3"))
    daemon = SiteDaemon(tmp_path, site, broker.port, WINDOW__SECONDS=WINDOW_SECONDS)
    with daemon:
        with Publisher(broker.port, "--period", "0.5"):
            daemon.wait_for(lambda: min(energies(daemon)) > 0, "energy is counted", 30)
        daemon.wait_for(
            lambda: daemon.value("site_meter_power_watts", meter="m1") is None, "it is missing", 20
        )
        assert daemon.value("site_meter_good", meter="m1") == 0
        assert (daemon.value("site_power_coverage_ratio", branch="ups-a") or 0) < 1
        assert daemon.value("site_power_watts", branch="ups-a") is None
        time.sleep(4)  # what it said last held for 3 s; that is booked once they are over
        before = energies(daemon)
        time.sleep(3)
        assert energies(daemon) == before


def test_the_broker_restarts(tmp_path: Path, broker: Broker) -> None:
    daemon = site_daemon(tmp_path, broker)
    with daemon:
        with Publisher(broker.port, "--period", "0.5"):
            daemon.wait_for(lambda: min(energies(daemon)) > 0, "energy is counted", 30)
        broker.kill()
        daemon.wait_for(lambda: daemon.value("wattkeeper_meters_connected") == 0, "it notices", 20)
        status, body = daemon.healthz()
        assert status == 503
        assert any(fault["part"] == "meters" for fault in body["sick"])
        time.sleep(7)  # what came last is booked once nothing earlier can come any more
        broker.start()
        before = energies(daemon)
        with Publisher(broker.port, "--period", "0.5"):
            daemon.wait_for(lambda: energies(daemon)[0] > before[0] + 1e5, "counting goes on", 40)
        assert daemon.healthz()[0] == 200


def test_windows_and_demand_are_published(tmp_path: Path, broker: Broker) -> None:
    daemon = site_daemon(
        tmp_path, broker, MQTT__HOST="127.0.0.1", MQTT__PORT=broker.port, MQTT__BATCH_SECONDS=0.2
    )
    base = "wattkeeper/v1/site/test-site"
    with daemon, Publisher(broker.port, "--period", "0.2"):
        windows = Subscriber(broker, f"{base}/meter/#", session="windows")
        wait_until(lambda: len(windows.messages()) >= 6, "windows come", 40)
        windows.stop()
        said = [text for _, _, text in windows.messages()]
        assert {one["meter"] for one in said} <= {"m0", "m1", "m2"}
        assert all(one["energy_joules"] > 0 and one["coverage_ratio"] > 0 for one in said)
        # A controller that comes late is told at once: the topic is retained.
        demand = Subscriber(broker, f"{base}/demand", session="controller")
        wait_until(lambda: bool(demand.messages()), "the demand is told", 15)
        demand.stop()
        _, retained, now = demand.messages()[0]
        assert retained
        assert now["branch"] == "grid"
        assert now["target_watts"] == 1e6
        assert now["interval_start_timestamp_seconds"] % 900 == 0
        assert now["energy_joules"] > 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[site]\nname = 3\n", "site.toml:2"),
        ('[site]\nname = "s"\nzone = "Asia/Seul"\n', "site.toml:3"),
    ],
)
def test_a_wrong_site_file_is_named(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "site.toml"
    path.write_text(text)
    daemon = SiteDaemon(tmp_path, path, 1)
    ended = subprocess.run(
        daemon.arguments,
        check=False,
        env=daemon.environment,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert ended.returncode == 2
    assert words in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_reload_with_a_wrong_tariff_changes_nothing(tmp_path: Path, broker: Broker) -> None:
    daemon = site_daemon(tmp_path, broker)
    site = tmp_path / "site.toml"
    with daemon:
        daemon.wait_for(
            lambda: daemon.value("wattkeeper_meters_connected") == 1, "it is connected", 30
        )
        right = site.read_text()
        site.write_text(right.replace("[site]", '[site]\ntariff = "no-such-tariff"', 1))
        assert daemon.process is not None
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_for(
            lambda: "the configuration stays as it was" in daemon.said(), "it is refused", 20
        )
        assert "no tariff 'no-such-tariff'" in daemon.said()
        assert daemon.value("wattkeeper_meters_connected") == 1
        assert daemon.process.poll() is None


def test_a_reload_takes_a_changed_site_file_and_nothing_twice(
    tmp_path: Path, broker: Broker
) -> None:
    daemon = site_daemon(tmp_path, broker)
    site = tmp_path / "site.toml"
    with daemon:
        daemon.wait_for(
            lambda: daemon.value("wattkeeper_meters_connected") == 1, "it is connected", 30
        )
        assert daemon.process is not None
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_for(lambda: "SIGHUP: nothing changed" in daemon.said(), "it says so", 20)
        site.write_text(site.read_text().replace("500 kW", "600 kW", 1))
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_for(
            lambda: "SIGHUP: the file of site.file; starting anew" in daemon.said(), "it says so"
        )
        daemon.wait_for(lambda: daemon.said().count(" on site test-site") == 2, "it starts anew")
        daemon.wait_for(
            lambda: daemon.value("site_power_limit_watts", branch="ups-a") == 480_000,
            "it takes it",
            30,
        )
        assert daemon.stop()[0] == 0


def test_there_are_as_many_meters_as_the_publisher_speaks_for() -> None:
    assert len(METERS) == 3
