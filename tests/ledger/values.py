"""Windows, states and ledgers to test with."""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from hypothesis import strategies as st

from collector.ledger import (
    AccountKey,
    AccountState,
    Commit,
    Ledger,
    LedgerReader,
    OutboxItem,
    account_of,
)
from collector.ledger.inbox import Backoff
from collector.model import Energy, GpuIdentity, PowerStat, Window

SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS
QUARTER_NS = 900 * SECOND_NS
ALWAYS = (0, 2**62)
SOME = Energy(counter_mj=7_000_001)
QUICK = Backoff(first_seconds=0.02, most_seconds=0.1, closing_seconds=0.02)


def now_ns() -> int:
    """The start of the current quarter-hour: recent enough not to be pruned."""
    return time.time_ns() // QUARTER_NS * QUARTER_NS


def window(
    start_ns: int,
    *,
    seconds: float = 10,
    energy: Energy = SOME,
    device: str = "GPU-1",
    gap: str = "",
    peak_watts: float | None = 700.5,
) -> Window:
    """A window; what does not matter to the ledger is made up."""
    span_ns = round(seconds * SECOND_NS)
    return Window(
        device=GpuIdentity(uuid=device, index=0, model="H200"),
        scope="gpu",
        start_ns=start_ns,
        end_ns=start_ns + span_ns,
        duration_ns=span_ns,
        covered_ns=0 if gap else span_ns,
        samples=0 if gap else 100,
        energy=energy,
        total_mj=energy.total_mj,
        power=None if peak_watts is None else PowerStat(minimum=1, mean=2, maximum=peak_watts),
        gap=gap,
        low_mj=0 if gap else None,
        high_mj=2 * energy.total_mj if gap else None,
    )


def state(total: Energy, *, wall_ns: int = 5, boot_id: str = "boot") -> AccountState:
    """A state with this total."""
    return AccountState(
        total=total,
        shown_base_mj=1,
        shown_base_estimated_mj=2,
        anchor_wall_ns=wall_ns,
        anchor_monotonic_ns=4,
        boot_id=boot_id,
        anchor_counter_mj=None,
        last_power_mw=700_000,
        idle_power_mw=None,
        limit_mw=7,
        clean=False,
    )


class Meter:
    """Makes commits whose states are the running sums of their windows, as the sampler does."""

    def __init__(self, totals: dict[AccountKey, Energy] | None = None) -> None:
        self.totals = dict(totals or {})

    def commit(self, *windows: Window) -> Commit:
        """The next commit."""
        for one in windows:
            key = account_of(one)
            self.totals[key] = self.totals.get(key, Energy()) + one.energy
        return Commit(
            windows=windows,
            states={
                account_of(one): state(self.totals[account_of(one)], wall_ns=one.end_ns)
                for one in windows
            },
            wall_ns=max(one.end_ns for one in windows),
        )


def item(payload: str = "x", *, lane: str = "mqtt", topic: str = "t") -> OutboxItem:
    """Something to deliver."""
    return OutboxItem(lane=lane, topic=topic, payload=payload.encode())


def delivering(*items: OutboxItem, wall_ns: int = 5) -> Commit:
    """A commit of nothing but something to deliver."""
    return Commit(windows=(), states={}, wall_ns=wall_ns, outbox=items)


def with_items(commit: Commit) -> Commit:
    """The commit, with one item for each of its windows in each of two lanes."""
    named = [(one.device.key, f"{one.device.key} {one.start_ns}") for one in commit.windows]
    return replace(
        commit,
        outbox=(
            *(item(text, lane="influxdb", topic="") for _, text in named),
            *(item(text, lane="mqtt", topic=f"gpu/{uuid}") for uuid, text in named),
        ),
    )


def open_ledger(path: Path) -> Ledger:
    """A ledger that keeps everything the tests write, and retries quickly."""
    return Ledger.open(path, minute_days=3660, quarter_hour_days=3660, backoff=QUICK)


def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Wait for something another thread does.

    Raises:
        AssertionError: it did not happen.
    """
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        pause.wait(0.005)


def total(energies: Iterable[Energy]) -> Energy:
    """Their sum."""
    return sum(energies, start=Energy())


def assert_books_balance(path: Path) -> dict[AccountKey, Energy]:
    """Every account's registers, of both kinds, add up to its total; the totals.

    Raises:
        AssertionError: they do not.
    """
    with LedgerReader(path) as reader:
        states = reader.accounts()
        for key, account in states.items():
            for resolution in ("minute", "quarter_hour"):
                registers = reader.registers(resolution, key, *ALWAYS)
                assert total(one.energy for one in registers) == account.total, (key, resolution)
    return {key: account.total for key, account in states.items()}


amounts = st.integers(min_value=0, max_value=10**12)
energies = st.builds(Energy, amounts, amounts, amounts)


@st.composite
def windows(draw: st.DrawFn) -> Window:
    """A window inside a minute, or a gap window inside a quarter-hour."""
    gap = draw(st.sampled_from(["", "restart"]))
    room_ns = QUARTER_NS if gap else MINUTE_NS
    base_ns = 1_700_000_100 * SECOND_NS + draw(st.integers(0, 200)) * QUARTER_NS
    offset_ns = draw(st.integers(0, room_ns - 1))
    length_ns = draw(st.integers(1, room_ns - offset_ns))
    return window(
        base_ns + offset_ns,
        seconds=length_ns / SECOND_NS,
        energy=draw(energies),
        device=draw(st.sampled_from(["GPU-1", "GPU-2", "GPU-3"])),
        gap=gap,
        peak_watts=None if gap else draw(st.floats(0, 1500)),
    )
