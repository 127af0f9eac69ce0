"""The daemons need no rights: nobody's user, no capability, nothing to write to but one folder."""

import os
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.e2e.daemon import Daemon, free_port
from tests.e2e.site import SiteDaemon, write_site

SCRIPT = Path(__file__).with_name("confined.sh")
NOBODY = 65534
_CALLS = "open,openat,openat2,creat,truncate,mkdir,mkdirat,rename,renameat,renameat2,link,linkat"
_DONE = re.compile(r"\) += +\d+|<unfinished \.\.\.>$")
"""How an unfinished call ends stands elsewhere; none should have been begun."""
_WRITES = re.compile(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_APPEND|^(?!open)")
_PATH = re.compile(r'"((?:[^"\\]|\\.)*)"')
_HARMLESS = ("/dev/null",)

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="making a read-only file system wants root"),
    *(
        pytest.mark.skipif(shutil.which(tool) is None, reason=f"{tool} is not installed")
        for tool in ("unshare", "setpriv", "strace")
    ),
]


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that everybody may enter, which pytest's own are not."""
    with tempfile.TemporaryDirectory(prefix="wattkeeper-") as name:
        Path(name).chmod(0o755)
        (Path(name) / "state").mkdir()
        yield Path(name)


def hidden() -> tuple[str, str]:
    """A folder above the interpreter that only root may enter, and the interpreter's own."""
    inner = Path(sys.base_prefix)
    for above in reversed(inner.parents):
        if not above.stat().st_mode & 0o001:
            return str(above), str(inner)
    return "", ""


@contextmanager
def confined(daemon: Daemon, folder: Path) -> Iterator[int]:
    """Start a daemon as nobody, traced. Yields its own process id."""
    stage = folder / "stage"
    stage.mkdir()
    os.chown(daemon.folder, NOBODY, NOBODY)
    trace = daemon.folder / "trace"
    daemon.arguments = [
        *("unshare", "--mount", "--propagation", "private", "sh", str(SCRIPT)),
        *(str(daemon.folder), str(stage), *hidden()),
        *("strace", "--follow-forks", "--quiet=all", "--seccomp-bpf"),
        *("--string-limit=1000", f"--trace={_CALLS}", f"--output={trace}"),
        *daemon.arguments,
    ]
    with ExitStack() as stack:
        stack.push(daemon.__exit__)
        daemon.start()
        assert daemon.process is not None
        tracer = daemon.process.pid
        children = Path(f"/proc/{tracer}/task/{tracer}/children").read_text().split()
        own = int(children[0])
        stack.callback(end, own)
        yield own


def end(pid: int) -> None:
    """The tracer's end does not end what it traces."""
    if Path(f"/proc/{pid}/status").exists():
        os.kill(pid, signal.SIGKILL)


def written(trace: Path) -> set[str]:
    """The paths that were opened to be written, made, or given a name."""
    found = set()
    for line in trace.read_text().splitlines():
        call = line.split(maxsplit=1)[1] if line[:1].isdigit() else line
        if _DONE.search(call) and _WRITES.search(call):
            found.update(_PATH.findall(call))
    return found


def is_nobody(pid: int) -> None:
    """What the kernel says of a process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    assert status["Uid"].split() == [str(NOBODY)] * 4
    assert status["Gid"].split() == [str(NOBODY)] * 4
    assert status["Groups"].strip() == ""
    assert status["NoNewPrivs"] == "1"
    for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(status[kind], 16) == 0, kind


def finished(daemon: Daemon, pid: int) -> None:
    """SIGTERM ends it well, and it wrote into its folder only."""
    assert daemon.process is not None
    os.kill(pid, signal.SIGTERM)
    assert daemon.process.wait(20) == 0, daemon.said()
    assert "still writable" not in daemon.said()
    assert "Traceback" not in daemon.said()
    assert " ERROR " not in daemon.said()
    state = f"{daemon.folder}/"
    paths = written(daemon.folder / "trace")
    assert any(path.startswith(f"{state}ledger.sqlite3") for path in paths), "it is traced"
    assert {path for path in paths if not path.startswith((state, *_HARMLESS))} == set()


def test_a_node_runs_as_nobody_on_a_file_system_that_cannot_be_written(place: Path) -> None:
    state = place / "state"
    daemon = Daemon(state, {}, SAMPLING__SOURCE="simulated", SIMULATION__GPUS=2, WINDOW__SECONDS=1)
    with confined(daemon, place) as pid:
        is_nobody(pid)
        daemon.wait_for(
            lambda: (daemon.value("gpu_energy_joules_total", gpu="1") or 0) > 0, "energy is counted"
        )
        daemon.wait_for(
            lambda: (daemon.value("wattkeeper_windows_total") or 0) >= 4, "windows are closed"
        )
        assert daemon.value("wattkeeper_ledger_up") == 1.0
        assert daemon.healthz()[0] == 200
        assert daemon.get("/")[0] == 200
        finished(daemon, pid)


def test_so_does_a_site(place: Path) -> None:
    state = place / "state"
    daemon = SiteDaemon(state, write_site(place), free_port())
    with confined(daemon, place) as pid:
        is_nobody(pid)
        daemon.wait_for(lambda: daemon.value("wattkeeper_ledger_up") == 1.0, "it keeps its ledger")
        finished_but_for_the_broker(daemon, pid)


def finished_but_for_the_broker(daemon: Daemon, pid: int) -> None:
    """There is no broker, which is the one thing that it may say."""
    daemon.wait_for(lambda: "nothing listens" in daemon.said(), "it says so")
    daemon.log.write_text("")
    finished(daemon, pid)


def test_what_is_written_elsewhere_is_found(tmp_path: Path) -> None:
    """The trace is understood: lines as strace writes them."""
    trace = tmp_path / "trace"
    trace.write_text(
        '12 openat(AT_FDCWD, "/a", O_RDONLY|O_CLOEXEC) = 3\n'
        '12 openat(AT_FDCWD, "/b", O_RDWR|O_CREAT, 0644) = 3\n'
        '13 openat(AT_FDCWD, "/c", O_WRONLY|O_CREAT) = -1 EROFS (Read-only file system)\n'
        '13 mkdir("/d", 0777) = 0\n'
        '13 rename("/e", "/f") = 0\n'
        '13 openat(3, "g", O_WRONLY|O_APPEND) = 4\n'
        '13 openat(AT_FDCWD, "/h", O_WRONLY|O_TRUNC <unfinished ...>\n'
        "12 <... openat resumed>) = 5\n"
        "13 +++ exited with 0 +++\n"
    )
    assert written(trace) == {"/b", "/d", "/e", "/f", "g", "/h"}
