"""Wrong configuration, a taken port, an unwritable ledger: a sentence, never a traceback."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.e2e.conftest import MakeDaemon, MakeFake
from tests.e2e.daemon import Daemon, free_port


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("WATTKEEPER_")}
    return subprocess.run(
        [sys.executable, "-m", "collector", *arguments],
        env=inherited | environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def refused(found: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    assert found.returncode == code, found.stderr
    assert "Traceback" not in found.stderr
    assert "s3cret" not in found.stderr
    for word in words:
        assert word in found.stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "[sampling]\npower_hz = 1000\n",
            ("sampling.power_hz = 1000", "line 2", "a number from 1 to 100"),
        ),
        ("[sampling]\npowr_hz = 10\n", ("sampling.powr_hz", "unknown key", 'mean "power_hz"')),
        ("[samplin]\npower_hz = 10\n", ("samplin", "unknown key", 'mean "sampling"')),
        ('[sampling]\nsource = "amd"\n', ('"amd"', '"auto", "nvml", "simulated"')),
        ("[window]\nseconds = 7\n", ("window.seconds = 7", "divisor of 60")),
        ('[prometheus]\nlisten = "9410"\n', ('prometheus.listen = "9410"', "HOST:PORT")),
        ('[node]\nname = "a b"\n', ('node.name = "a b"', "letters, digits")),
        ("[sampling\n", ("not valid TOML", "line 1")),
        (
            '[influxdb]\nurl = "http://me:s3cret@db:8086"\nbucket = "b"\n',
            ("influxdb.url", "://***@db", "token_file"),
        ),
        ("[influxdb]\nurl = 'http://db:8086'\n", ("influxdb.bucket is missing",)),
        ('[mqtt]\nhost = "b"\ntopic_prefix = "a/#"\n', ("mqtt.topic_prefix", "without '#'")),
        (
            '[mqtt]\nhost = "b"\n[mqtt.tls]\ncert_file = "c"\n',
            ("mqtt.tls", "set both or none"),
        ),
        ('[sampling]\ndisable = ["gpu_nope"]\n', ("gpu_nope", "docs/metrics.md")),
        ('[prometheus.tls]\ncert_file = "a.pem"\n', ("prometheus.tls.key_file is missing",)),
    ],
)
def test_wrong_configuration_is_a_sentence(
    tmp_path: Path, text: str, words: tuple[str, ...]
) -> None:
    path = tmp_path / "wattkeeper.toml"
    path.write_text(text)
    refused(run("node", "--config", str(path)), 2, str(path), *words[:1])
    refused(run("node", "--config", str(path)), 2, *words)


def test_a_missing_file_and_a_wrong_variable(tmp_path: Path) -> None:
    refused(run("node", "--config", str(tmp_path / "none.toml")), 2, "does not exist")
    refused(
        run("node", WATTKEEPER_SAMPLING__POWR_HZ="10"),
        2,
        "WATTKEEPER_SAMPLING__POWR_HZ",
        "did you mean WATTKEEPER_SAMPLING__POWER_HZ",
    )
    refused(
        run("node", WATTKEEPER_SAMPLING__POWER_HZ="fast"),
        2,
        'sampling.power_hz = "fast"',
        "environment variable WATTKEEPER_SAMPLING__POWER_HZ",
    )


def test_wrong_arguments() -> None:
    assert run("fly").returncode == 2
    assert run().returncode == 2
    assert run("--version").stdout.startswith("wattkeeper ")
    assert run("node", "--help").returncode == 0


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        port = sock.getsockname()[1]
        found = run(
            "node",
            WATTKEEPER_SAMPLING__SOURCE="simulated",
            WATTKEEPER_LEDGER__PATH=str(tmp_path / "l.sqlite3"),
            WATTKEEPER_PROMETHEUS__LISTEN=f"127.0.0.1:{port}",
        )
    refused(found, 1, f"port {port} is taken", "prometheus.listen")


def test_an_unwritable_ledger_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    found = run(
        "node",
        WATTKEEPER_SAMPLING__SOURCE="simulated",
        WATTKEEPER_LEDGER__PATH=str(tmp_path / "file" / "deep" / "l.sqlite3"),
        WATTKEEPER_PROMETHEUS__LISTEN=f"127.0.0.1:{free_port()}",
    )
    refused(found, 1, str(tmp_path / "file"))


def test_a_trace_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    bad = tmp_path / "trace.csv"
    refused(run("demo", "--trace", str(bad)), 2, "simulation.trace", str(bad))
    bad.write_text("time_ms,watts\n0,100\n2000,many\n")
    refused(run("demo", "--trace", str(bad)), 2, "simulation.trace", "line 3")


def test_one_ledger_one_daemon(make_fake: MakeFake, make_daemon: MakeDaemon) -> None:
    daemon = make_daemon(make_fake(gpus=1))
    found = run(
        "node",
        WATTKEEPER_SAMPLING__SOURCE="simulated",
        WATTKEEPER_LEDGER__PATH=str(daemon.ledger),
        WATTKEEPER_PROMETHEUS__LISTEN=f"127.0.0.1:{free_port()}",
    )
    assert daemon.process is not None
    refused(found, 1, str(daemon.process.pid))


def test_a_wrong_password_file_is_named(tmp_path: Path) -> None:
    found = run(
        "node",
        WATTKEEPER_SAMPLING__SOURCE="simulated",
        WATTKEEPER_LEDGER__PATH=str(tmp_path / "l.sqlite3"),
        WATTKEEPER_PROMETHEUS__LISTEN=f"127.0.0.1:{free_port()}",
        WATTKEEPER_PROMETHEUS__BASIC_AUTH__USERNAME="u",
        WATTKEEPER_PROMETHEUS__BASIC_AUTH__PASSWORD_HASH_FILE=str(tmp_path / "none"),
    )
    refused(found, 1, "password_hash_file", str(tmp_path / "none"))


def test_sighup_takes_a_new_configuration_and_refuses_a_wrong_one(
    make_fake: MakeFake, tmp_path: Path
) -> None:
    config = tmp_path / "w.toml"
    config.write_text('[node]\nname = "first"\n')
    folder = tmp_path / "node"
    folder.mkdir()
    fake = make_fake(gpus=1)
    daemon = Daemon(folder, fake.environment())
    daemon.arguments += ["--config", str(config)]
    del daemon.environment["WATTKEEPER_NODE__NAME"]
    with daemon:
        assert '"node":"first"' in daemon.get("/live.json")[1]
        assert daemon.process is not None
        config.write_text("[node]\nnam = 1\n")
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_for(lambda: "SIGHUP: the configuration stays" in daemon.said(), "it refuses")
        config.write_text('[node]\nname = "second"\n')
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_for(lambda: daemon.said().count("on node second") == 1, "it starts anew")
        daemon.wait_for(lambda: daemon.value("gpu_up") == 1.0, "the GPU is up again")
        time.sleep(0.5)
        assert '"node":"second"' in daemon.get("/live.json")[1]
        assert daemon.stop()[0] == 0
