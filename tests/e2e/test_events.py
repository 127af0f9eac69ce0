"""XID errors on a whole daemon: counted once, kept, shown of sick GPUs too, delivered, said."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from collector.ledger import EventKey, LedgerReader
from tests.e2e.conftest import MakeDaemon, MakeFake
from tests.e2e.daemon import Daemon
from tests.fake_nvml import FakeNvml, Group
from tests.influxdb.parser import Point, parse

ERRORS = "gpu_xid_errors_total"
LAST_SEEN = "gpu_xid_last_seen_timestamp_seconds"
HIDE_KMSG = 'mount --bind "$1" /dev/kmsg && shift && exec "$@"'


def xids(daemon: Daemon, uuid: str) -> dict[str, float]:
    """Errors of a GPU by code, those that are not zero."""
    return {
        dict(labels)["xid"]: value
        for labels, value in daemon.metrics().get(ERRORS, {}).items()
        if dict(labels)["uuid"] == uuid and value
    }


def heard(daemon: Daemon, count: int) -> bool:
    """Whether the zeros of so many GPUs are shown."""
    series = daemon.metrics().get(ERRORS, {})
    return sum(dict(labels)["xid"] == "79" for labels in series) == count


def kept(daemon: Daemon) -> dict[EventKey, int]:
    """What is on disk."""
    with LedgerReader(daemon.ledger) as reader:
        return {key: count.count for key, count in reader.events().counts.items()}


def test_xids_are_counted_said_and_kept_over_a_crash(
    make_fake: MakeFake, make_daemon: MakeDaemon
) -> None:
    fake = make_fake(gpus=2)
    daemon = make_daemon(fake)
    daemon.wait_for(lambda: heard(daemon, 2), "the common codes start at zero")
    assert LAST_SEEN not in daemon.metrics()
    began = time.time()
    first, second = fake.gpus
    for code in (31, 31):
        first.inject_xid(code)
    for code in (79, 1234):
        second.inject_xid(code)
    daemon.wait_for(lambda: xids(daemon, first.uuid) == {"31": 2.0}, "both are counted")
    daemon.wait_for(lambda: xids(daemon, second.uuid) == {"79": 1.0, "1234": 1.0}, "these too")
    seen = daemon.value(LAST_SEEN, gpu="1", xid="79")
    assert seen is not None
    assert began <= seen <= time.time()
    said = daemon.said()
    assert f"GPU 0 ({first.uuid}): XID 31" in said
    assert "XID 79, the GPU has fallen off the bus; drain the node and restart it" in said
    key = EventKey("xid", second.uuid, "79")
    daemon.wait_for(lambda: key in kept(daemon), "they are on disk without a window's delay", 2)
    daemon.kill()
    daemon.start()
    daemon.wait_for(lambda: heard(daemon, 2), "it hears again")
    assert xids(daemon, first.uuid) == {"31": 2.0}
    assert xids(daemon, second.uuid) == {"79": 1.0, "1234": 1.0}
    assert daemon.value(LAST_SEEN, gpu="1", xid="79") == pytest.approx(seen, abs=1e-3)
    first.inject_xid(31)
    daemon.wait_for(lambda: xids(daemon, first.uuid) == {"31": 3.0}, "it counts on")
    assert daemon.stop()[0] == 0
    assert "still outstanding" not in daemon.said()
    assert fake.shutdowns_with_outstanding_calls == 0


def test_a_lost_gpu_still_shows_why(make_fake: MakeFake, make_daemon: MakeDaemon) -> None:
    fake = make_fake(gpus=2)
    daemon = make_daemon(fake)
    daemon.wait_for(lambda: heard(daemon, 2), "both are heard")
    lost = fake.gpu(1)
    lost.inject_xid(79)
    lost.lose()
    daemon.wait_for(lambda: daemon.value("gpu_up", gpu="1") == 0.0, "it is lost")
    assert daemon.value("gpu_power_watts", gpu="1") is None
    assert xids(daemon, lost.uuid) == {"79": 1.0}
    assert daemon.value(ERRORS, gpu="1", xid="48") == 0.0
    fake.gpu(0).inject_xid(31)
    daemon.wait_for(lambda: xids(daemon, fake.gpu(0).uuid) == {"31": 1.0}, "the other is heard")
    lost.recover()
    daemon.wait_for(lambda: daemon.value("gpu_up", gpu="1") == 1.0, "it is back")
    time.sleep(1.5)  # it is registered anew
    lost.inject_xid(48)
    daemon.wait_for(lambda: xids(daemon, lost.uuid) == {"79": 1.0, "48": 1.0}, "it is heard again")


def test_gpus_without_events_show_none_and_harm_no_other(
    make_fake: MakeFake, make_daemon: MakeDaemon
) -> None:
    fake = make_fake(gpus=2)
    fake.gpu(0).state.supported_event_types = 0
    daemon = make_daemon(fake)
    daemon.wait_for(lambda: heard(daemon, 1), "the other is heard")
    daemon.wait_for(lambda: "does not tell of errors of GPU 0" in daemon.said(), "it is said")
    fake.gpu(1).inject_xid(31)
    daemon.wait_for(lambda: xids(daemon, fake.gpu(1).uuid) == {"31": 1.0}, "it counts")
    assert daemon.value(ERRORS, gpu="0") is None
    assert daemon.healthz()[0] == 200


def test_a_registration_that_hangs_delays_no_other(
    make_fake: MakeFake, make_daemon: MakeDaemon
) -> None:
    fake = make_fake(gpus=2)
    fake.gpu(0).hang((Group.EVENTS,))
    daemon = make_daemon(fake)
    daemon.wait_for(lambda: heard(daemon, 1), "the other is heard")
    fake.gpu(1).inject_xid(31)
    daemon.wait_for(lambda: xids(daemon, fake.gpu(1).uuid) == {"31": 1.0}, "it counts")
    fake.gpu(0).release()
    daemon.wait_for(lambda: heard(daemon, 2), "the first is heard once it answers")


def test_each_event_is_a_point(make_fake: MakeFake, make_daemon: MakeDaemon) -> None:
    fake = make_fake(gpus=1)
    daemon = make_daemon(
        fake, INFLUXDB__URL="http://127.0.0.1:9", INFLUXDB__BUCKET="b", NODE__RACK="c07"
    )
    daemon.wait_for(lambda: heard(daemon, 1), "it is heard")
    for code in (31, 31, 79):
        fake.gpu(0).inject_xid(code)
    daemon.wait_for(lambda: len(points(daemon)) == 3, "the points wait for delivery", 5)
    found = points(daemon)
    uuid = fake.gpu(0).uuid
    for point in found:
        assert point.tags == {"rack": "c07", "node": "test-node", "gpu": "0", "uuid": uuid}
        assert point.fields["kind"] == "xid"
        assert point.fields["origin"] == "nvml"
    assert sorted(str(point.fields["code"]) for point in found) == ["31", "31", "79"]
    assert "the GPU has fallen off the bus" in [point.fields["meaning"] for point in found]
    assert len({point.wall_ns for point in found}) == 3, "each has a time of its own"


def points(daemon: Daemon) -> list[Point]:
    with LedgerReader(daemon.ledger) as reader:
        rows = [row.payload.decode() for row in reader.outbox_rows("influxdb")]
    return [parse(row) for row in rows if row.startswith("event,")]


class Log:
    """A file that stands in for /dev/kmsg."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._number = 100
        path.touch()
        self.say("Linux version")

    def say(self, text: str) -> None:
        """The kernel says something, now."""
        micros = time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW) // 1000
        with self.path.open("a") as file:
            file.write(f"4,{self._number},{micros},-;{text}\n")
        self._number += 1

    def xid(self, fake: FakeNvml, gpu: int, code: int) -> None:
        """The driver reports an error of a GPU."""
        state = fake.gpu(gpu).state
        place = f"{state.pci_domain:04x}:{state.pci_bus:02x}:{state.pci_device:02x}"
        self.say(f"NVRM: Xid (PCI:{place}): {code}, pid=1, name=python, Ch 00000001")


@pytest.fixture
def make_logged(
    make_daemon: MakeDaemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[FakeNvml], tuple[Daemon, Log]]:
    """Makes a daemon in whose view of the machine a file stands in for /dev/kmsg."""
    log = Log(tmp_path / "kmsg")
    inside = ["unshare", "--mount", "sh", "-c", HIDE_KMSG, "sh", str(log.path)]
    tried = subprocess.run([*inside, "true"], capture_output=True, check=False)
    if tried.returncode:
        pytest.skip("needs /dev/kmsg, and may not mount over it here")

    def make(fake: FakeNvml) -> tuple[Daemon, Log]:
        start = Daemon.start

        def start_inside(daemon: Daemon) -> Daemon:
            if daemon.arguments[0] != "unshare":
                daemon.arguments = [*inside, *daemon.arguments]
            return start(daemon)

        monkeypatch.setattr(Daemon, "start", start_inside)
        return make_daemon(fake, HOST__KMSG="true"), log

    return make


def test_both_tell_of_one_and_the_log_of_what_came_while_we_were_down(
    make_fake: MakeFake, make_logged: Callable[[FakeNvml], tuple[Daemon, Log]]
) -> None:
    fake = make_fake(gpus=2)
    first, second = fake.gpus
    daemon, log = make_logged(fake)
    daemon.wait_for(lambda: heard(daemon, 2), "both are heard")
    first.inject_xid(31)
    log.xid(fake, 0, 31)
    log.xid(fake, 1, 62)  # NVML does not tell of this one
    second.inject_xid(79)
    log.xid(fake, 1, 79)
    daemon.wait_for(lambda: xids(daemon, second.uuid) == {"62": 1.0, "79": 1.0}, "all are counted")
    time.sleep(1.2)
    assert xids(daemon, first.uuid) == {"31": 1.0}, "once, though both told of it"
    assert xids(daemon, second.uuid) == {"62": 1.0, "79": 1.0}
    assert daemon.said().count("XID 31") == 1
    first.inject_xid(45)
    daemon.wait_for(lambda: xids(daemon, first.uuid) == {"31": 1.0, "45": 1.0}, "NVML was first")
    daemon.wait_for(lambda: kept(daemon)[EventKey("xid", first.uuid, "45")] == 1, "on disk", 2)
    daemon.kill()
    log.xid(fake, 0, 45)  # of the one that is counted, when nobody listened
    log.xid(fake, 1, 62)
    log.say("something else")
    daemon.start()
    daemon.wait_for(lambda: xids(daemon, second.uuid) == {"62": 2.0, "79": 1.0}, "it caught up")
    assert xids(daemon, first.uuid) == {"31": 1.0, "45": 1.0}
    assert daemon.stop()[0] == 0
    daemon.start()
    daemon.wait_for(lambda: heard(daemon, 2), "both are heard")
    time.sleep(1.2)
    assert xids(daemon, first.uuid) == {"31": 1.0, "45": 1.0}
    assert xids(daemon, second.uuid) == {"62": 2.0, "79": 1.0}
    assert daemon.healthz()[0] == 200
