"""The desk between what tells of events and what counts, shows, says and keeps them."""

import logging
from collections import deque

import pytest

from collector.catalogue.xids import COMMON_XIDS, FATAL_XIDS, XIDS, xid_of
from collector.daemon.events import ERRORS, LAST_SEEN, EventDesk
from collector.daemon.faults import FaultBoard
from collector.ledger import EventCount, EventKey, EventState, LogCursor
from collector.model import GpuIdentity
from collector.sources.events import GpuEvent
from collector.sources.protocol import SourceError

SECOND_NS = 1_000_000_000
BOOT = "boot-1"
C1, D1 = "0000:c1:00", "0000:d1:00"
ONE = GpuIdentity(uuid="GPU-1", index=0, model="H200", pci_bus_id="00000000:C1:00.0")
TWO = GpuIdentity(uuid="GPU-2", index=1, model="H200", pci_bus_id="00000000:D1:00.0")


class Live:
    """What a driver tells, by hand."""

    origin = "nvml"

    def __init__(self) -> None:
        self.found: deque[GpuEvent] = deque()
        self.unsupported: frozenset[str] = frozenset()
        self.fatal: BaseException | None = None
        self.asked: list[str] = []
        self.heard = {"GPU-1", "GPU-2"}

    def hears(self, uuid: str) -> bool:
        return uuid in self.heard

    def watch(self, gpu: GpuIdentity) -> None:
        self.asked.append(f"watch {gpu.uuid}")

    def forget(self, uuid: str) -> None:
        self.asked.append(f"forget {uuid}")

    def stop(self) -> None:
        self.asked.append("stop")

    def join(self, timeout_seconds: float) -> bool:
        return timeout_seconds >= 0

    def tell(self, code: int, uuid: str = "GPU-1", *, at: float = 100) -> None:
        at_ns = round(at * SECOND_NS)
        self.found.append(
            GpuEvent(
                kind="xid",
                code=code,
                origin="nvml",
                wall_ns=at_ns + 7,
                monotonic_ns=at_ns,
                uuid=uuid,
            )
        )


class Log:
    """What a kernel log tells, by hand."""

    origin = "kernel_log"

    def __init__(self) -> None:
        self.found: deque[GpuEvent] = deque()
        self.position: int | None = None
        self.lost = 0
        self.problem: SourceError | None = None
        self.fatal: BaseException | None = None
        self.started: list[int | None] = []

    def start(self, after: int | None) -> None:
        self.started.append(after)

    def stop(self) -> None:
        """Nothing to end."""

    def join(self, timeout_seconds: float) -> bool:
        return timeout_seconds >= 0

    def tell(self, number: int, code: int, address: str = C1, *, at: float = 100) -> None:
        at_ns = round(at * SECOND_NS)
        self.found.append(
            GpuEvent(
                kind="xid",
                code=code,
                origin="kernel_log",
                wall_ns=at_ns + 8,
                monotonic_ns=at_ns + 1,
                pci_address=address,
                sequence=number,
            )
        )


class Rig:
    """A desk with both."""

    def __init__(self, before: EventState | None = None, *, log: bool = True) -> None:
        self.live, self.log, self.faults = Live(), Log(), FaultBoard()
        self.desk = EventDesk(
            before or EventState(),
            self.faults,
            live=self.live,
            event_log=self.log if log else None,
            boot_id=BOOT,
        )

    def advance(
        self, *gpus: GpuIdentity, now: float = 101, lost: str = "", looked: bool = True
    ) -> None:
        self.desk.advance(
            round(now * SECOND_NS), [(gpu, gpu.uuid == lost) for gpu in gpus], looked=looked
        )

    def counts(self, uuid: str = "GPU-1") -> dict[str, float]:
        series = self.desk.values(uuid).get(ERRORS, {})
        return {labels[0]: value for labels, value in series.items() if value}


def test_common_codes_start_at_zero_once_they_would_be_heard() -> None:
    rig = Rig(log=False)
    rig.live.heard = set()
    rig.advance(ONE)
    assert rig.desk.values("GPU-1") == {}
    rig.live.heard = {"GPU-1"}
    values = rig.desk.values("GPU-1")
    assert values == {ERRORS: {(str(code),): 0.0 for code in COMMON_XIDS}}
    rig.live.tell(79)
    rig.advance(ONE)
    rig.live.heard = set()
    values = rig.desk.values("GPU-1")
    assert values == {ERRORS: {("79",): 1.0}, LAST_SEEN: {("79",): pytest.approx(100)}}


def test_the_log_is_heard_where_nvml_is_not() -> None:
    rig = Rig()
    rig.live.heard = set()
    rig.advance(ONE)
    assert rig.desk.values("GPU-1") == {}
    rig.log.position = 5
    assert set(rig.desk.values("GPU-1")) == {ERRORS}


def test_both_origins_count_once_and_each_alone_counts() -> None:
    rig = Rig()
    rig.log.position = 9
    rig.advance(ONE, TWO)
    rig.live.tell(31)
    rig.log.tell(9, 31)
    rig.advance(ONE, TWO)
    rig.log.tell(10, 31)
    rig.log.tell(11, 62, D1)
    rig.advance(ONE, TWO)
    rig.live.tell(31)
    rig.advance(ONE, TWO)
    assert rig.counts("GPU-1") == {"31": 2.0}
    assert rig.counts("GPU-2") == {"62": 1.0}
    _, points = rig.desk.take()
    assert [(point.tags["uuid"], point.fields["code"]) for point in points] == [
        ("GPU-1", 31),
        ("GPU-1", 31),
        ("GPU-2", 62),
    ]
    assert rig.desk.take()[1] == ()


def test_the_cursor_is_never_behind_what_was_counted() -> None:
    rig = Rig()
    rig.log.position = 9
    rig.advance(ONE)
    rig.log.tell(12, 31)  # the thread has not moved its position yet
    rig.advance(ONE)
    state, _ = rig.desk.take()
    assert state.cursor == LogCursor(BOOT, 12)
    assert state.counts[EventKey("xid", "GPU-1", "31")].count == 1


@pytest.mark.parametrize(
    ("cursor", "after"),
    [
        (None, None),
        (LogCursor(BOOT, 1207), 1207),
        (LogCursor("boot-0", 1207), -1),
    ],
)
def test_where_the_log_is_read_from(cursor: LogCursor | None, after: int | None) -> None:
    rig = Rig(EventState(cursor=cursor))
    rig.advance(now=1, looked=False)
    assert rig.log.started == [], "first the GPUs must be known by where they are"
    rig.advance(ONE, now=2)
    rig.advance(ONE, now=3)
    assert rig.log.started == [after]


def test_a_driver_that_never_answers_does_not_keep_the_log_from_being_read() -> None:
    rig = Rig()
    rig.advance(now=1, looked=False)
    rig.advance(now=12, looked=False)
    assert rig.log.started == [None]


def test_from_the_first_look_on_nothing_is_missed() -> None:
    rig = Rig()
    rig.advance(ONE)
    before = rig.desk.due
    rig.log.position = 40
    rig.advance(ONE)
    assert (before, rig.desk.due) == (False, True)
    assert rig.desk.take()[0].cursor == LogCursor(BOOT, 40)
    rig.log.position = 41
    rig.advance(ONE)
    assert not rig.desk.due, "a record of something else is no reason to write"


def test_counted_without_the_log_the_log_may_not_tell_of_it_again() -> None:
    rig = Rig(EventState(cursor=LogCursor(BOOT, 5)))
    rig.log.problem = SourceError("no permission to read /dev/kmsg", "no_permission", "do this")
    rig.live.tell(79)
    rig.advance(ONE)
    assert rig.desk.take()[0].cursor is None
    (fault,) = rig.faults.standing
    assert (fault.part, fault.action) == ("kernel log", "do this")
    rig.log.problem = None
    rig.advance(ONE)
    assert rig.faults.standing == ()
    off = Rig(EventState(cursor=LogCursor(BOOT, 5)), log=False)
    off.live.tell(79)
    off.advance(ONE)
    assert off.desk.take()[0].cursor is None


def test_a_gpu_that_the_driver_does_not_show_is_counted_for_its_place(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rig = Rig()
    rig.log.position = 1
    rig.log.tell(1, 79, D1)
    rig.advance(ONE)
    assert "the GPU at 0000:d1:00, which the driver does not show: XID 79" in caplog.text
    state, (point,) = rig.desk.take()
    assert point.tags == {}
    assert point.fields["pci_address"] == D1
    later = Rig(state)
    later.advance(ONE)
    assert later.counts("GPU-2") == {}
    later.advance(ONE, TWO)
    assert later.counts("GPU-2") == {"79": 1.0}
    assert later.desk.due
    kept = later.desk.take()[0].counts
    assert list(kept) == [EventKey("xid", "GPU-2", "79")]


def test_gpus_are_watched_when_found_when_back_and_forgotten_when_replaced() -> None:
    rig = Rig()
    rig.advance(ONE)
    rig.advance(ONE)
    assert rig.live.asked == ["watch GPU-1"]
    rig.advance(ONE, lost="GPU-1")
    rig.advance(ONE, lost="GPU-1")
    rig.advance(ONE)
    assert rig.live.asked == ["watch GPU-1", "watch GPU-1"]
    new = GpuIdentity(uuid="GPU-9", index=0, model="H200", pci_bus_id=ONE.pci_bus_id)
    rig.advance(new)
    assert rig.live.asked[2:] == ["forget GPU-1", "watch GPU-9"]
    rig.log.tell(1, 31)
    rig.advance(new)
    assert rig.counts("GPU-9") == {"31": 1.0}
    assert rig.counts("GPU-1") == {}


def test_each_event_is_said_with_what_to_do_and_a_storm_in_one_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    rig = Rig(log=False)
    rig.live.tell(79)
    for _ in range(50):
        rig.live.tell(31)
    rig.live.tell(4711)
    rig.advance(ONE)
    fatal, storm, unknown = caplog.records
    assert fatal.levelno == logging.ERROR
    assert fatal.message.startswith("GPU 0 (GPU-1): XID 79, the GPU has fallen off the bus; drain")
    assert storm.levelno == logging.WARNING
    assert storm.message.startswith("GPU 0 (GPU-1): XID 31 50 times, ")
    assert "without an entry" in unknown.message
    points = rig.desk.take()[1]
    assert len(points) == 52
    assert len({point.wall_ns for point in points}) == 52, "none overwrites another"
    assert max(point.wall_ns for point in points) - 100 * SECOND_NS < 100


def test_lost_records_and_silent_gpus_are_said_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    rig = Rig()
    rig.log.lost = 7
    for _ in range(3):
        rig.advance(ONE)
    assert caplog.text.count("7 records of the kernel log were overwritten") == 1
    caplog.clear()
    silent = Rig(log=False)
    silent.live.unsupported = frozenset({"GPU-1", "GPU-2"})
    for _ in range(3):
        silent.advance(ONE, TWO)
    assert caplog.text.count("of GPU 0, 1 as events; [host] kmsg = true") == 1


def test_a_bug_ends_no_daemon(caplog: pytest.LogCaptureFixture) -> None:
    rig = Rig()
    rig.live.fatal = ZeroDivisionError("oops")
    for _ in range(3):
        rig.advance(ONE)
    assert caplog.text.count("ZeroDivisionError: oops") == 1
    assert [fault.part for fault in rig.faults.standing] == ["gpu events"]


def test_without_any_source_what_was_counted_is_shown() -> None:
    before = EventState(counts={EventKey("xid", "GPU-1", "79"): EventCount(3, 5 * SECOND_NS)})
    desk = EventDesk(before, FaultBoard(), live=None, event_log=None, boot_id=BOOT)
    desk.advance(1, [(ONE, False)], looked=True)
    assert desk.values("GPU-1") == {ERRORS: {("79",): 3.0}, LAST_SEEN: {("79",): 5.0}}
    assert desk.values("GPU-2") == {}
    desk.stop(0)
    assert desk.join(0)


def test_the_table_of_codes() -> None:
    assert {79, 48, 95, 119}.issubset(FATAL_XIDS)
    assert not {13, 31, 43, 63, 94}.intersection(FATAL_XIDS)
    assert set(COMMON_XIDS) < set(XIDS)
    assert xid_of(79).advice.startswith("drain the node and restart it")
    assert (xid_of(9999).code, xid_of(9999).fatal) == (9999, False)
    assert all(code == xid.code and xid.meaning for code, xid in XIDS.items())
