"""Every window arrives at real servers, through kills of either side."""

import socket
import time
from pathlib import Path

import pytest

from collector.ledger import LedgerReader
from tests.e2e.conftest import MakeDaemon, MakeFake
from tests.e2e.daemon import Daemon
from tests.e2e.truth import square
from tests.fake_nvml import FakeNvml
from tests.mqtt.broker import Broker, Subscriber, needs_mosquitto
from tests.servers.victoria import VictoriaMetrics


def ledger_mj(daemon: Daemon, fake: FakeNvml) -> list[int]:
    """Lifetime energy of each GPU in the ledger."""
    with LedgerReader(daemon.ledger) as reader:
        totals = {key.device: state.total.total_mj for key, state in reader.accounts().items()}
    return [totals[gpu.uuid] for gpu in fake.gpus]


def received_mj(server: VictoriaMetrics, fake: FakeNvml) -> list[int]:
    """What the points that arrived add up to, de-duplicated by their key."""
    found = {gpu.uuid: 0.0 for gpu in fake.gpus}
    for labels, values in server.exported("gpu_window_energy_joules"):
        found[labels["uuid"]] += sum(values.values())
    return [round(1000 * found[gpu.uuid]) for gpu in fake.gpus]


def waiting(daemon: Daemon, exporter: str) -> float:
    return daemon.value("wattkeeper_outbox_rows", exporter=exporter) or 0.0


@pytest.mark.timeout(120)
def test_every_window_arrives_in_victoriametrics(
    make_fake: MakeFake, make_daemon: MakeDaemon, tmp_path: Path
) -> None:
    fake = make_fake(gpus=2)
    for gpu in fake.gpus:
        gpu.set_waveform(square(gpu.index))
    server = VictoriaMetrics(tmp_path / "victoria")
    server.start()
    try:
        daemon = make_daemon(
            fake,
            WINDOW__SECONDS=1,
            INFLUXDB__URL=server.url,
            INFLUXDB__BUCKET="power",
            INFLUXDB__BATCH_SECONDS=1,
            INFLUXDB__BACKFILL_POINTS_PER_SECOND=1000,
        )
        daemon.wait_for(
            lambda: daemon.value("wattkeeper_exporter_up", exporter="influxdb") == 1.0, "delivery"
        )
        server.kill()
        daemon.wait_for(lambda: waiting(daemon, "influxdb") > 5, "rows wait", 20)
        daemon.wait_for(lambda: daemon.healthz()[0] == 503, "the fault is shown")
        daemon.kill()
        daemon.start()
        time.sleep(2)
        server.start()
        daemon.wait_for(
            lambda: daemon.value("wattkeeper_exporter_up", exporter="influxdb") == 1.0,
            "delivery again",
            40,
        )
        daemon.wait_for(lambda: waiting(daemon, "influxdb") < 8, "the backlog is gone", 40)
        time.sleep(2)
        assert daemon.stop()[0] == 0
        deadline = time.monotonic() + 10
        while received_mj(server, fake) != ledger_mj(daemon, fake):
            assert time.monotonic() < deadline, (received_mj(server, fake), ledger_mj(daemon, fake))
            time.sleep(0.5)
        said = daemon.said()
        assert said.count("ERROR   influxdb") + said.count("WARNING influxdb") >= 1
        assert "Traceback" not in said
    finally:
        server.kill()


def test_a_broker_that_does_not_answer_does_not_hold_up_the_end(
    make_fake: MakeFake, make_daemon: MakeDaemon
) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        daemon = make_daemon(
            make_fake(gpus=1),
            WINDOW__SECONDS=1,
            MQTT__HOST="127.0.0.1",
            MQTT__PORT=silent.getsockname()[1],
        )
        daemon.wait_for(lambda: waiting(daemon, "mqtt") > 1, "rows wait")
        code, seconds = daemon.stop()
    assert code == 0
    assert seconds < 3
    assert "Traceback" not in daemon.said()


@needs_mosquitto
@pytest.mark.timeout(120)
def test_every_window_is_published_once_by_its_seq(
    make_fake: MakeFake, make_daemon: MakeDaemon, tmp_path: Path
) -> None:
    fake = make_fake(gpus=2)
    for gpu in fake.gpus:
        gpu.set_waveform(square(gpu.index))
    folder = tmp_path / "broker"
    folder.mkdir()
    broker = Broker(folder).start()
    subscriber = Subscriber(broker, "wattkeeper/v1/#")
    try:
        daemon = make_daemon(
            fake, WINDOW__SECONDS=1, MQTT__HOST="127.0.0.1", MQTT__PORT=broker.port
        )
        daemon.wait_for(
            lambda: (daemon.value("wattkeeper_delivered_total", exporter="mqtt") or 0) > 6,
            "delivery",
        )
        assert daemon.stop()[0] == 0
        expected = ledger_mj(daemon, fake)

        def heard_mj() -> list[int]:
            heard: dict[tuple[str, int], float] = {}
            for topic, _, message in subscriber.messages():
                if "/gpu/" in topic:
                    heard[message["uuid"], message["seq"]] = message["energy_joules"]
            return [
                round(1000 * sum(joules for (uuid, _), joules in heard.items() if uuid == gpu.uuid))
                for gpu in fake.gpus
            ]

        deadline = time.monotonic() + 10
        while heard_mj() != expected:
            assert time.monotonic() < deadline, (heard_mj(), expected)
            time.sleep(0.3)
        states = [m["status"] for topic, _, m in subscriber.messages() if topic.endswith("/status")]
        assert states[0] == "online"
        assert states[-1] == "offline"
    finally:
        subscriber.stop()
        broker.kill()
