"""SIGHUP at a running daemon: what changed is said and taken over, and no energy is lost."""

import re
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import MakeFake
from tests.e2e.daemon import Daemon
from tests.e2e.test_energy import EDGE_MJ
from tests.e2e.truth import compare, square
from tests.fake_nvml import FakeNvml

FILE = '[node]\nname = "first"\n[window]\nseconds = 2\n'


class Reloaded(Daemon):
    """A daemon with a configuration file, in `self.config`."""

    def __init__(self, folder: Path, fake: FakeNvml, **settings: object) -> None:
        super().__init__(folder, fake.environment(), **settings)
        self.config = folder / "w.toml"
        self.config.write_text(FILE)
        self.arguments += ["--config", str(self.config)]
        del self.environment["WATTKEEPER_NODE__NAME"]

    def hang_up(self, text: str | None = None) -> str:
        """SIGHUP, with another configuration. What it says to that."""
        before = len(self.said())
        if text is not None:
            self.config.write_text(text)
        self.send(signal.SIGHUP)
        self.wait_for(lambda: self._answered(before), "it answers")
        return self.said()[before:]

    def send(self, number: int) -> None:
        """Send a signal."""
        assert self.process is not None
        self.process.send_signal(number)

    @property
    def starts(self) -> int:
        """How often it started, the first time included."""
        return self.said().count("wattkeeper 0.1.0 on node")

    def _answered(self, before: int) -> bool:
        """It is said what is done, and where that is to start anew, that was done."""
        said = self.said()[before:]
        if "starting anew" in said:
            return "on node" in said.partition("starting anew")[2]
        return bool(re.search(r"SIGHUP: (nothing|the configuration stays|log\.)", said))


@pytest.fixture
def fake(make_fake: MakeFake) -> FakeNvml:
    made = make_fake(gpus=2)
    for gpu in made.gpus:
        gpu.set_waveform(square(gpu.index, gpus=2))
    return made


@pytest.fixture
def daemon(fake: FakeNvml, tmp_path: Path) -> Iterator[Reloaded]:
    with Reloaded(tmp_path, fake) as running:
        running.wait_for(lambda: running.value("gpu_energy_joules_total", gpu="1"), "energy")
        yield running


def test_what_changed_is_said_key_by_key_and_energy_goes_on(
    fake: FakeNvml, daemon: Reloaded
) -> None:
    time.sleep(3)
    shown = [daemon.value("gpu_energy_joules_total", uuid=gpu.uuid) or 0 for gpu in fake.gpus]
    text = (
        FILE.replace("first", "second") + '[sampling]\npower_hz = 50\n[mqtt]\nhost = "127.0.0.1"\n'
    )
    (line,) = [one for one in daemon.hang_up(text).splitlines() if "SIGHUP" in one]
    assert 'node.name "first" -> "second"' in line
    assert "sampling.power_hz 10 -> 50" in line
    assert '[mqtt] off -> on (host = "127.0.0.1")' in line
    daemon.wait_for(
        lambda: all(
            (daemon.value("gpu_energy_joules_total", uuid=gpu.uuid) or 0) > then
            for gpu, then in zip(fake.gpus, shown, strict=True)
        ),
        "the shown totals go on",
    )
    daemon.hang_up(FILE)
    time.sleep(3)
    assert daemon.starts == 3
    assert daemon.stop()[0] == 0
    for index in range(2):
        found = compare(daemon, fake, index)
        assert abs(found.found_mj - found.true_mj) <= EDGE_MJ
        total = daemon.account(fake.gpu(index).uuid).total
        assert total.integrated_mj == total.estimated_mj == 0


def test_nothing_changed_starts_nothing_anew(daemon: Reloaded) -> None:
    assert "SIGHUP: nothing changed" in daemon.hang_up()
    assert "SIGHUP: nothing changed" in daemon.hang_up(FILE + "# a comment\n")
    assert daemon.starts == 1


def test_a_file_that_holds_something_else_is_read_again(daemon: Reloaded, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("s3cret-1")
    text = FILE + f'[influxdb]\nurl = "http://127.0.0.1:9"\nbucket = "b"\ntoken_file = "{token}"\n'
    daemon.hang_up(text)
    assert "nothing changed" in daemon.hang_up()
    token.write_text("s3cret-2")
    assert "SIGHUP: the file of influxdb.token_file; starting anew" in daemon.hang_up()
    assert daemon.starts == 3
    assert "s3cret" not in daemon.said()


def test_the_log_alone_needs_no_new_start(daemon: Reloaded) -> None:
    said = daemon.hang_up(FILE + '[log]\nformat = "json"\n')
    assert 'log.format \\"auto\\" -> \\"json\\"' in said
    assert said.startswith("{")
    assert daemon.starts == 1


def test_a_wrong_file_is_refused_in_one_line(daemon: Reloaded) -> None:
    said = daemon.hang_up("[node]\nnam = 1\n[window]\nseconds = 7\n")
    (line,) = said.splitlines()
    assert "the configuration stays as it was" in line
    assert "node.nam: unknown key" in line
    assert "window.seconds = 7" in line
    assert daemon.starts == 1


def test_a_broken_file_of_the_server_is_refused_whatever_else_changed(
    daemon: Reloaded, tmp_path: Path
) -> None:
    """The server could not start with it, and the daemon would end."""
    broken = tmp_path / "broken.hash"
    broken.write_text("s3cret, but no hash\n")
    table = f'[prometheus.basic_auth]\nusername = "u"\npassword_hash_file = "{broken}"\n'
    said = daemon.hang_up(FILE.replace("first", "second") + table)
    assert "the configuration stays as it was" in said
    assert "password_hash_file" in said
    assert "s3cret" not in said
    assert daemon.starts == 1
    assert daemon.get("/livez")[0] == 200


def test_what_needs_a_restart_is_named_and_the_rest_taken(
    daemon: Reloaded, tmp_path: Path, fake: FakeNvml
) -> None:
    del fake
    daemon.environment.pop("WATTKEEPER_LEDGER__PATH")
    daemon.stop()
    daemon.config.write_text(FILE + f'[ledger]\npath = "{daemon.ledger}"\n')
    daemon.start()
    other = tmp_path / "other.sqlite3"
    said = daemon.hang_up(FILE.replace("first", "second") + f'[ledger]\npath = "{other}"\n')
    assert f'SIGHUP: needs a restart: ledger.path "{daemon.ledger}" -> "{other}" (stop the' in said
    assert 'SIGHUP: node.name "first" -> "second"; starting anew' in said
    assert not other.exists()
    said = daemon.hang_up()
    assert "needs a restart: ledger.path" in said
    assert "nothing else changed" in said


def test_a_key_that_the_environment_overrides_is_named(daemon: Reloaded) -> None:
    port = daemon.environment["WATTKEEPER_PROMETHEUS__LISTEN"]
    said = daemon.hang_up(FILE + '[prometheus]\nlisten = "127.0.0.1:1"\n')
    assert "needs a restart: prometheus.listen (the environment variable WATTKEEPER_PROM" in said
    assert "nothing else changed" in said or "nothing changed" in said
    assert daemon.environment["WATTKEEPER_PROMETHEUS__LISTEN"] == port
    assert daemon.get("/livez")[0] == 200


def test_what_cannot_be_started_is_taken_back(fake: FakeNvml, tmp_path: Path) -> None:
    """The configuration is right as such, but the port is taken by somebody else."""
    daemon = Reloaded(tmp_path, fake)
    address = daemon.environment.pop("WATTKEEPER_PROMETHEUS__LISTEN")
    first = FILE + f'[prometheus]\nlisten = "{address}"\n'
    daemon.config.write_text(first)
    with socket.socket() as taken, daemon:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        daemon.wait_for(lambda: daemon.value("gpu_energy_joules_total", gpu="1"), "energy")
        said = daemon.hang_up(first.replace(address, f"127.0.0.1:{port}"))
        assert f"the new configuration cannot be used: port {port} is taken" in said
        assert "the earlier one goes on" in said
        daemon.wait_for(lambda: daemon.value("gpu_power_watts", gpu="1"), "it goes on")
        time.sleep(2)
        assert "Traceback" not in daemon.said()
        assert daemon.stop()[0] == 0
    for index in range(2):
        found = compare(daemon, fake, index)
        assert abs(found.found_mj - found.true_mj) <= EDGE_MJ


def test_a_second_sighup_on_the_heels_of_the_first_does_no_harm(daemon: Reloaded) -> None:
    """Between two runs there is no event loop; a signal then once ended the process."""
    for n in range(6):
        daemon.config.write_text(FILE + f"[sampling]\npower_hz = {20 + n}\n")
        for _ in range(20):
            daemon.send(signal.SIGHUP)
            time.sleep(0.02)
    daemon.wait_for(lambda: "power_hz" in daemon.said(), "it heard")
    daemon.wait_for(lambda: daemon.get("/livez")[0] == 200, "it lives")
    daemon.wait_for(lambda: "-> 25" in daemon.said(), "it took the last one")
    assert daemon.stop()[0] == 0


def test_a_sigterm_while_it_starts_anew_is_not_forgotten(daemon: Reloaded) -> None:
    daemon.config.write_text(FILE + "[sampling]\npower_hz = 20\n")
    daemon.send(signal.SIGHUP)
    daemon.wait_for(lambda: "starting anew" in daemon.said(), "it takes it")
    daemon.send(signal.SIGTERM)
    assert daemon.process is not None
    assert daemon.process.wait(10) == 0


def test_systemd_hears_of_a_reload_and_not_of_an_end(fake: FakeNvml, tmp_path: Path) -> None:
    """It kills a service that says STOPPING=1 and goes on for TimeoutStopSec."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(0.2)
        daemon = Reloaded(tmp_path, fake)
        daemon.environment["NOTIFY_SOCKET"] = str(tmp_path / "notify")
        with daemon:
            daemon.hang_up(FILE.replace("first", "second"))
            daemon.wait_for(lambda: daemon.value("gpu_power_watts", gpu="1"), "it goes on")
            heard = _heard(systemd)
            told = [one for one in heard if not one.startswith("WATCHDOG")]
            assert [re.sub(r"\d{4,}", "N", one) for one in told] == [
                "READY=1",
                "RELOADING=1\nMONOTONIC_USEC=N",
                "READY=1",
            ]
            assert daemon.stop()[0] == 0
            assert "STOPPING=1" in _heard(systemd)


def _heard(systemd: socket.socket) -> list[str]:
    found = []
    while True:
        try:
            found.append(systemd.recv(4096).decode())
        except TimeoutError:
            return found


def test_many_reloads_leave_nothing_behind(daemon: Reloaded) -> None:
    def take(power_hz: int) -> tuple[int, int]:
        daemon.hang_up(FILE + f"[sampling]\npower_hz = {power_hz}\n")
        daemon.wait_for(lambda: daemon.value("gpu_power_watts", gpu="1"), "it goes on")
        assert daemon.process is not None
        place = Path(f"/proc/{daemon.process.pid}")
        return len(list((place / "fd").iterdir())), len(list((place / "task").iterdir()))

    counts = [take(20 + n) for n in range(8)]
    assert counts[7][0] <= counts[2][0] + 1, "file descriptors"
    assert counts[7][1] <= counts[2][1] + 2, "threads"
