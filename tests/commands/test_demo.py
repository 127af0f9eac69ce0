"""`wattkeeper demo` as a user starts it: two pages, and nothing left behind."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from collector.commands.demo_site import broker
from tests.mqtt.broker import Broker, Subscriber, needs_mosquitto, wait_until
from tests.servers.process import fetched

END = "Ctrl-C ends it"
START_SECONDS = 40
LEAST_GOOD = 10
"""Of eleven meters: one is silent for a while each hour."""


@contextmanager
def demo(folder: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A demonstration and what it printed; its temporary files lie in the folder."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("WATTKEEPER_")}
    with (folder / "log").open("w") as log, (folder / "said").open("w") as said:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "collector", "demo", "--simulated", "--gpus", "1"),
                *("--listen", "127.0.0.1:0", *arguments),
            ],
            env={**environment, "TMPDIR": str(folder)},
            stdout=said,
            stderr=log,
        )
    try:
        wait_until(lambda: END in (folder / "said").read_text(), "the demo runs", START_SECONDS)
        yield process, (folder / "said").read_text()
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(10)


def pages(said: str) -> list[str]:
    return re.findall(r"page +(http://\S+)", said)


def live(page: str) -> Any:
    return json.loads(fetched(f"{page}live.json"))


def answers(page: str) -> bool:
    try:
        fetched(f"{page}livez", seconds=2)
    except OSError:
        return False
    return True


def eventually(page: str, is_there: Callable[[Any], object], what: str) -> Any:
    """The page's data once it knows enough of its meters and of the quarter-hour."""

    def knows() -> bool:
        data = live(page)
        interval = data and data["feeds"][0]["interval"]
        good = data and data["meters"]["good"] >= LEAST_GOOD
        return bool(good and interval and interval["forecast_watts"] and is_there(data))

    wait_until(knows, what, 40)
    return live(page)


def left_behind(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("wattkeeper"))


def test_two_pages_and_nothing_left_behind(tmp_path: Path) -> None:
    with demo(tmp_path) as (process, said):
        node, site = pages(said)
        assert live(node)["simulated"] is True
        data = eventually(site, lambda data: data["figures"][1]["pue"], "a day is known")
        assert data["simulated"] is True
        assert data["site"] == "demo"
        assert data["power"]["coverage_ratio"] == 1.0
        assert 1.1 < data["figures"][1]["pue"] < 1.3
        assert left_behind(tmp_path)
        process.send_signal(signal.SIGINT)
        assert process.wait(15) == 0
        assert not answers(site)
    assert left_behind(tmp_path) == []
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_the_site_ends_with_a_node_that_is_killed(tmp_path: Path) -> None:
    with demo(tmp_path) as (process, said):
        _, site = pages(said)
        process.kill()
        process.wait(10)
        wait_until(lambda: not answers(site), "the site ends")


def test_without_a_site(tmp_path: Path) -> None:
    with demo(tmp_path, "--no-site") as (process, said):
        assert len(pages(said)) == 1
        assert "site" not in said
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0


@needs_mosquitto
def test_over_a_broker_by_the_contract(tmp_path: Path) -> None:
    folder = tmp_path / "broker"
    folder.mkdir()
    server = Broker(folder).start()
    try:
        with demo(tmp_path, "--mqtt", f"127.0.0.1:{server.port}") as (process, said):
            _, site = pages(said)
            data = eventually(site, lambda data: data["coolant"], "the meters are known")
            assert data["simulated"] is True
            assert {loop["id"] for loop in data["coolant"]} <= {
                f"rack-{rack}-power" for rack in range(1, 5)
            }
            metrics = fetched(f"{site}metrics").decode()
            assert "wattkeeper_meters_connected 1" in metrics
            assert "wattkeeper_meter_rejected_total{" not in metrics
            process.send_signal(signal.SIGINT)
            assert process.wait(15) == 0
        reader = Subscriber(server, "#")
        time.sleep(0.5)
        assert reader.messages() == []  # nothing is retained
        reader.stop()
        session = re.findall(
            r"connected from \S+ as (wattkeeper-meters-demo-\S+) \(p5, c(\d)", server.log
        )
        assert [clean for _, clean in session][-1] == "1"  # the session is given up
    finally:
        server.kill()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("127.0.0.1:1884", ("127.0.0.1", 1884)),
        ("broker.example", ("broker.example", 1883)),
        ("[::1]:1883", ("::1", 1883)),
    ],
)
def test_a_brokers_address(text: str, found: tuple[str, int]) -> None:
    assert broker(text) == found


def test_a_wrong_broker_is_said_at_once(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "collector", "demo", "--simulated", "--mqtt", "here:there"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 2
    assert "'here:there' is no HOST:PORT" in done.stderr
    assert "Traceback" not in done.stderr
