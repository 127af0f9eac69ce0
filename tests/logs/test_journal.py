"""Entries for systemd's journal: read back from a real journald, and where there is none."""

import io
import json
import logging
import os
import shutil
import socket
import struct
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from collector.logs.journal import JournalHandler, entry, stream_is_journal
from tests.logs.records import a_bug, record

JOURNALD = Path("/lib/systemd/systemd-journald")
JOURNAL = """
set -e
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/journal /run/log/journal
{journald} 2>/dev/null &
journald=$!
trap 'kill $journald' EXIT
for _ in $(seq 100); do [ -S /run/systemd/journal/socket ] && break; sleep 0.05; done
{python} -m tests.logs.test_journal
for _ in $(seq 100); do
  found=$(journalctl --directory=/run/log/journal --no-pager --output=json --all \
    SYSLOG_IDENTIFIER=wattkeeper) || true
  [ "$(wc -l <<<"$found")" -ge 3 ] && break
  sleep 0.05
done
cat <<<"$found"
"""


def fields(data: bytes) -> dict[str, str]:
    """An entry as journald reads it: an independent reading of the protocol."""
    found = {}
    while data:
        line, _, rest = data.partition(b"\n")
        name, equals, value = line.partition(b"=")
        if not equals:
            (size,) = struct.unpack("<Q", rest[:8])
            value, rest = rest[8 : 8 + size], rest[8 + size :]
            assert rest[:1] == b"\n"
            rest = rest[1:]
        found[name.decode()] = value.decode()
        data = rest
    return found


@pytest.mark.skipif(
    os.geteuid() != 0 or not JOURNALD.exists() or shutil.which("unshare") is None,
    reason="needs root, systemd-journald and unshare",
)
def test_a_real_journald_takes_fields_and_exceptions() -> None:
    script = JOURNAL.format(journald=JOURNALD, python=sys.executable)
    done = subprocess.run(
        ["unshare", "--mount", "bash", "-c", script], capture_output=True, text=True, check=False
    )
    if "permission denied" in done.stderr.lower():
        pytest.skip("no permission to mount")
    assert done.returncode == 0, done.stderr
    hot, bug, last = (json.loads(line) for line in done.stdout.splitlines())
    assert hot["MESSAGE"] == "gpu 3: it is hot; look"
    assert (hot["PRIORITY"], hot["PART"], hot["GPU"], hot["UUID"]) == ("4", "gpu 3", "3", "GPU-é")
    assert hot["_TRANSPORT"] == "journal"
    assert hot["LOGGER"] == "collector.daemon.faults"
    assert bug["PRIORITY"] == "3"
    assert bug["MESSAGE"].startswith("a bug\nof two lines\nTraceback")
    assert bug["EXCEPTION"].endswith("ZeroDivisionError: oops")
    assert len(last["MESSAGE"]) == 60_000


def write_three() -> None:
    """What the journald above is given, by a process in its name space."""
    handler = JournalHandler(sys.stderr)
    handler.emit(record(part="gpu 3", gpu=3, uuid="GPU-é", password="s3cret"))  # noqa: S106 - it must not come out
    handler.emit(record("a bug\nof two lines", logging.ERROR, error=a_bug()))
    handler.emit(record("x" * 1_000_000))


def test_an_entry_is_what_the_protocol_says() -> None:
    found = fields(entry(record("one\n=two\n", part="ledger", seconds=1.5, secret="s3cret")))  # noqa: S106 - likewise
    assert found["MESSAGE"] == "one\n=two\n"
    assert (found["PRIORITY"], found["SYSLOG_IDENTIFIER"]) == ("4", "wattkeeper")
    assert (found["PART"], found["SECONDS"], found["CODE_LINE"]) == ("ledger", "1.5", "7")
    assert "s3cret" not in str(found)


def test_without_a_journal_it_goes_to_standard_error(tmp_path: Path) -> None:
    stream = io.StringIO()
    with closing(JournalHandler(stream, str(tmp_path / "no journal"))) as handler:
        handler.emit(record("one\ntwo"))
    assert stream.getvalue() == "<4>one\n<4>two\n"


def test_a_journal_that_comes_later_is_found(tmp_path: Path) -> None:
    stream, path = io.StringIO(), str(tmp_path / "socket")
    handler = JournalHandler(stream, path)
    handler.emit(record("early"))
    with closing(handler), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
        journal.bind(path)
        handler.emit(record("late"))
        assert fields(journal.recv(100_000))["MESSAGE"] == "late"
    assert stream.getvalue() == "<4>early\n"


def test_a_journal_that_does_not_read_holds_nothing_up_and_is_told_how_much_it_missed(
    tmp_path: Path,
) -> None:
    stream, path = io.StringIO(), str(tmp_path / "socket")
    handler = JournalHandler(stream, path)
    with closing(handler), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
        journal.bind(path)
        sent = 1000
        for n in range(sent):
            handler.emit(record(f"line {n}"))
        assert stream.getvalue() == "", "standard error leads to the same journal"
        read = []
        journal.settimeout(0)
        while True:
            try:
                read.append(fields(journal.recv(100_000))["MESSAGE"])
            except BlockingIOError:
                break
        assert read == [f"line {n}" for n in range(len(read))]
        handler.emit(record("after"))
        lost = fields(journal.recv(100_000))["MESSAGE"]
        assert (
            lost == f"{sent - len(read)} lines of the log were lost: the journal did not take them"
        )
        assert fields(journal.recv(100_000))["MESSAGE"] == "after"


def test_whether_standard_error_is_the_journal_is_told_by_device_and_inode(tmp_path: Path) -> None:
    with (tmp_path / "stream").open("w") as stream:
        status = os.fstat(stream.fileno())
        assert stream_is_journal(stream, f"{status.st_dev}:{status.st_ino}")
        assert not stream_is_journal(stream, f"{status.st_dev}:{status.st_ino + 1}")
        assert not stream_is_journal(stream, "")
    assert not stream_is_journal(io.StringIO(), "1:2")


if __name__ == "__main__":
    write_three()
