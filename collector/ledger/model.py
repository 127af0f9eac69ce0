"""What goes into the ledger and comes out of it. Energy is in millijoules, power in milliwatts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from collector.model import Energy, Window

Resolution = Literal["minute", "quarter_hour"]
"""How long a register is."""


class LedgerError(Exception):
    """The ledger cannot be used. The text is for people: what and where, then what to do.

    Attributes:
        problem: what is wrong and where.
        action: what to do about it.
    """

    def __init__(self, problem: str, action: str) -> None:
        super().__init__(f"{problem}; {action}")
        self.problem = problem
        self.action = action


@dataclass(frozen=True, slots=True)
class AccountKey:
    """Whose energy an account counts.

    Attributes:
        kind: what the device is: `gpu`, `host` or `meter`.
        device: which one it is, for good: the UUID of a GPU, `SOURCE:DEVICE` of a host's sensor,
            the id of a meter.
        scope: which of its powers: `gpu`, `module`, `memory`; `ac_input`, ...
    """

    kind: str
    device: str
    scope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountState:
    """An account as of `anchor_wall_ns`: everything before that is in `total`.

    Attributes:
        total: lifetime energy, by its source.
        shown_base_mj: `/metrics` shows the lifetime total less this.
        shown_base_estimated_mj: likewise for the estimated part.
        anchor_wall_ns: the instant up to which energy is in `total`, UTC.
        anchor_monotonic_ns: the same instant by CLOCK_MONOTONIC; means something in `boot_id` only.
        boot_id: the boot of the machine that `anchor_monotonic_ns` belongs to.
        anchor_counter_mj: the hardware counter at the anchor, interpolated; None without a counter.
        last_power_mw: the mean power of the last seconds sampled; None when none was.
        idle_power_mw: what it draws at rest, as learned; None when not known.
        limit_mw: its power limit; None when not known.
        clean: whether the daemon stopped in good order at the anchor.
    """

    total: Energy
    shown_base_mj: int
    shown_base_estimated_mj: int
    anchor_wall_ns: int
    anchor_monotonic_ns: int
    boot_id: str
    anchor_counter_mj: int | None
    last_power_mw: int | None
    idle_power_mw: int | None
    limit_mw: int | None
    clean: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxItem:
    """Something to deliver, as it enters the outbox.

    Attributes:
        lane: which exporter delivers it: `influxdb`, `mqtt`.
        topic: where to, within the lane: the MQTT topic; empty where a lane has none.
        payload: what to deliver, without its `seq`; means something to the exporter only.
    """

    lane: str
    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxRow:
    """Something to deliver, as it comes out of the outbox.

    Attributes:
        id: grows from row to row of a lane; never used twice.
        lane: which exporter delivers it.
        topic: where to, within the lane; may be empty.
        seq: grows by one from row to row of a topic; never used twice. The first one of a topic in
            a ledger is the time in milliseconds since 1970, so that a new ledger repeats none.
        created_wall_ns: `wall_ns` of the commit that it came in, UTC.
        payload: what to deliver, as it was handed over.
    """

    id: int
    lane: str
    topic: str
    seq: int
    created_wall_ns: int
    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneStatus:
    """How full a lane of the outbox is.

    Attributes:
        waiting_rows: rows not yet acknowledged, on disk or still to be written.
        waiting_bytes: their payloads together.
        oldest_wall_ns: `created_wall_ns` of the first of them, UTC; None without any.
        dropped_rows: rows given up to keep within the limits, over the ledger's life.
        quarantined_rows: rows that the receiver refused for good, over the ledger's life.
    """

    waiting_rows: int
    waiting_bytes: int
    oldest_wall_ns: int | None
    dropped_rows: int
    quarantined_rows: int


@dataclass(frozen=True, slots=True)
class EventKey:
    """Which events are counted together.

    Attributes:
        kind: what `code` is a number of: `xid`.
        device: whose: the UUID of a GPU; for one that is not known yet, where it is.
        code: which event.
    """

    kind: str
    device: str
    code: str


@dataclass(frozen=True, slots=True)
class EventCount:
    """How often an event came over the ledger's life, and when last, UTC."""

    count: int
    last_wall_ns: int


@dataclass(frozen=True, slots=True)
class UnmatchedEvent:
    """An event that is counted, and that the kernel log has not told of yet.

    Attributes:
        key: which event.
        origin: who told of it.
        boot_id: the boot that `monotonic_ns` belongs to.
        monotonic_ns: when it was, by CLOCK_MONOTONIC.
    """

    key: EventKey
    origin: str
    boot_id: str
    monotonic_ns: int


@dataclass(frozen=True, slots=True)
class LogCursor:
    """Up to which record a boot's kernel log is in the counts."""

    boot_id: str
    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EventState:
    """All that the ledger keeps of events; what is not in it is forgotten.

    Attributes:
        counts: how often each came.
        unmatched: those that the kernel log may still tell of.
        cursor: how far the kernel log is counted; None when it is not read.
    """

    counts: Mapping[EventKey, EventCount] = field(default_factory=dict)
    unmatched: tuple[UnmatchedEvent, ...] = ()
    cursor: LogCursor | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """What enters the ledger together or not at all.

    Attributes:
        windows: windows that closed; their energies are added to the registers.
        states: accounts as they stand after these windows.
        wall_ns: when this was put together, UTC.
        outbox: what is to be delivered of these windows.
        events: the events as they stand now, all of them; None when nothing changed.
        numbers: single numbers to remember, by name, in place of what they were.
    """

    windows: tuple[Window, ...]
    states: Mapping[AccountKey, AccountState]
    wall_ns: int
    outbox: tuple[OutboxItem, ...] = ()
    events: EventState | None = None
    numbers: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerStatus:
    """How the ledger is doing.

    Attributes:
        up: whether it takes writes.
        problem: what is wrong, for people; empty while up.
        action: what to do about it; empty while up.
        logged: whether the ledger itself logs the problem, and its end.
        since_wall_ns: since when it is up or not, UTC.
        waiting_windows: windows handed over and not yet on disk.
        dropped_windows: windows whose place within their quarter-hour was given up to bound
            memory, since the start; their energy was not.
        last_commit_wall_ns: `wall_ns` of the newest commit that is on disk, UTC; None without one.
        last_commit_seconds: how long that took; None before the first commit of this run.
    """

    up: bool
    problem: str
    action: str
    logged: bool = False
    since_wall_ns: int
    waiting_windows: int
    dropped_windows: int
    last_commit_wall_ns: int | None
    last_commit_seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """An account's energy in one minute or quarter-hour, aligned to UTC.

    Attributes:
        start_ns: when the register begins, UTC.
        energy: energy in it, by source.
        covered_ns: how much of the time samples cover.
        elapsed_ns: how much time was accounted for; less than the register's length when some is
            missing or still to come, more when the wall clock was set back.
        peak_mw: the highest power sampled; None without samples.
    """

    start_ns: int
    energy: Energy
    covered_ns: int
    elapsed_ns: int
    peak_mw: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A stretch that was not sampled, or whose energy is partly an estimate.

    Attributes:
        key: the account.
        start_ns: when it begins, UTC.
        end_ns: when it ends, UTC.
        energy: the energy booked for it, by source.
        low_mj: the least that it can have been; None when not an estimate.
        high_mj: the most that it can have been; None when not an estimate.
        reason: why, in a word or a few; may be empty for an estimate inside a sampled window.
    """

    key: AccountKey
    start_ns: int
    end_ns: int
    energy: Energy
    low_mj: int | None
    high_mj: int | None
    reason: str


def account_of(window: Window) -> AccountKey:
    """The account that a window's energy belongs to."""
    return AccountKey(window.device.kind, window.device.key, window.scope)
