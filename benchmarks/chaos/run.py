"""Runs a plan of faults, drains, stops, and reads the books."""

import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from benchmarks.chaos.acts import begin
from benchmarks.chaos.books import Books
from benchmarks.chaos.lab import Lab, laboratory
from benchmarks.chaos.plan import Fault, Kind
from benchmarks.chaos.receivers import Heard, Received, heard, increase
from benchmarks.chaos.truth import Truth
from collector.ledger import AccountKey, LedgerReader, Resolution
from collector.model import Energy

Say = Callable[[str], None]

_SETTLED_SECONDS: Final = 50.0
"""A broker's subscribers are given 40 s to come back; then rows of that time are sent again."""
_WELL_SECONDS: Final = 8.0
_DRAIN_SECONDS: Final = 120.0
_ARRIVED_SECONDS: Final = 30.0
_SECOND_NS: Final = 1_000_000_000
_LAG_NS: Final = 2 * _SECOND_NS
"""What is shown advances with the energy counter, once a second."""


@dataclass(slots=True)
class Outcome:
    """What a run came to.

    Attributes:
        faults: how often each kind befell.
        trouble: what went wrong with the run itself, or was said that must not be.
        books: of each GPU.
        ends: how often the daemon ended, by exit code.
        lanes: by exporter, rows given up and rows refused over the ledger's life.
        doubles: MQTT messages that had come before.
        seconds: how long it was.
    """

    seconds: float = 0.0
    faults: Counter[Kind] = field(default_factory=Counter)
    trouble: list[str] = field(default_factory=list)
    books: list[Books] = field(default_factory=list)
    ends: Counter[int] = field(default_factory=Counter)
    lanes: dict[str, tuple[int, int]] = field(default_factory=dict)
    doubles: int = 0

    def wrong(self) -> list[str]:
        """Everything that does not balance."""
        return [
            *self.trouble,
            *(f"GPU {books.gpu}: {words}" for books in self.books for words in books.wrong()),
            *(
                f"{name}: {dropped} rows given up, {refused} refused"
                for name, (dropped, refused) in self.lanes.items()
                if dropped or refused
            ),
        ]


def run(plan: Sequence[Fault], folder: Path, say: Say) -> Outcome:
    """Let every fault of a plan happen, then balance the books.

    Args:
        plan: the faults.
        folder: an empty one, for everything's files.
        say: told what happens.

    Raises:
        PermissionError: a small disk cannot be mounted; root may.
    """
    outcome = Outcome()
    with laboratory(folder) as lab:
        began = time.monotonic()
        _suffer(lab, plan, outcome, say)
        say(f"{time.monotonic() - began:7.1f} s  all faults are over")
        _drain(lab, outcome)
        code = lab.supervisor.end()
        outcome.ends = lab.supervisor.ends
        outcome.seconds = time.monotonic() - began
        say(f"{outcome.seconds:7.1f} s  stopped with {code}")
        if code:
            outcome.trouble.append(f"the daemon ended with {code}")
        _read(lab, outcome)
        said = lab.daemon.said()
        if "Traceback" in said:
            at = said.index("Traceback")
            outcome.trouble.append(f"the daemon said: {said[max(at - 500, 0) : at + 3000]}")
    return outcome


def _suffer(lab: Lab, plan: Sequence[Fault], outcome: Outcome, say: Say) -> None:
    """Every fault in a thread of its own: none waits for another's end."""
    began = time.monotonic()

    def befall(fault: Fault) -> None:
        try:
            end = begin(lab, fault)
            outcome.faults[fault.kind] += 1
            time.sleep(max(began + fault.end_seconds - time.monotonic(), 0))
            end()
        except Exception as error:  # noqa: BLE001 - told at the end, when the others are over
            outcome.trouble.append(f"{fault}: {error!r}")

    threads = []
    for fault in plan:
        time.sleep(max(began + fault.start_seconds - time.monotonic(), 0))
        say(str(fault))
        threads.append(threading.Thread(target=befall, args=(fault,), daemon=True))
        threads[-1].start()
    for thread in threads:
        thread.join()


def _drain(lab: Lab, outcome: Outcome) -> None:
    """Wait until everything is well and delivered."""
    time.sleep(max(lab.server_since + _SETTLED_SECONDS - time.monotonic(), _WELL_SECONDS))
    deadline = time.monotonic() + _DRAIN_SECONDS
    while time.monotonic() < deadline:
        if _well(lab):
            return
        time.sleep(0.5)
    health = lab.daemon.get("/healthz")[1]
    outcome.trouble.append(f"not well {_DRAIN_SECONDS:.0f} s after the last fault: {health}")


def _well(lab: Lab) -> bool:
    try:
        metrics = lab.daemon.metrics()
        healthy = lab.daemon.get("/healthz")[0] == 200
    except (OSError, AssertionError):
        return False
    waiting = metrics.get("wattkeeper_outbox_rows", {}).values()
    up = metrics.get("gpu_up", {}).values()
    return healthy and bool(up) and all(up) and max(waiting, default=0) <= 2 * len(up)


def _read(lab: Lab, outcome: Outcome) -> None:
    """Wait for the last rows to arrive, then take everything down."""
    uuids = [gpu.uuid for gpu in lab.fake.gpus]
    with LedgerReader(lab.daemon.ledger) as reader:
        accounts = {key.device: state for key, state in reader.accounts().items()}
    wanted = {uuid: accounts[uuid].total for uuid in uuids}
    deadline = time.monotonic() + _ARRIVED_SECONDS
    stored, told = lab.store.received(uuids), heard(lab.subscriber, uuids)
    while time.monotonic() < deadline and not _arrived(wanted, stored, told):
        time.sleep(2)
        stored, told = lab.store.received(uuids), heard(lab.subscriber, uuids)
    outcome.doubles = told.doubles
    outcome.lanes = _lanes(lab.daemon.ledger)
    shown = {
        labels["uuid"]: samples
        for labels, samples in lab.prometheus.samples("gpu_energy_joules_total[30d]")
    }
    for truth in lab.truths:
        uuid = truth.gpu.uuid
        outcome.books.append(
            _books(lab, truth, stored[uuid], told.received[uuid], shown.get(uuid, []))
        )


def _arrived(wanted: dict[str, Energy], stored: dict[str, Received], told: Heard) -> bool:
    return all(
        stored[uuid].energy == energy and told.received[uuid].energy == energy
        for uuid, energy in wanted.items()
    )


def _books(
    lab: Lab,
    truth: Truth,
    stored: Received,
    told: Received,
    shown: list[tuple[float, float]],
) -> Books:
    key = AccountKey("gpu", truth.gpu.uuid, "gpu")
    with LedgerReader(lab.daemon.ledger) as reader:
        state = reader.accounts()[key]
        gaps = [gap for gap in reader.gaps(0, 2**62) if gap.key == key]
        minutes, elapsed_ns = _registered(reader, "minute", key)
        quarter_hours, _ = _registered(reader, "quarter_hour", key)
    end_ns = state.anchor_monotonic_ns
    start_ns = end_ns - elapsed_ns
    gained = increase(shown)
    blind_ns = [(_monotonic_ns(left), _monotonic_ns(right)) for left, right in gained.blind]
    blind_ns.append((_monotonic_ns(gained.last), end_ns))
    unseen_mj = sum(
        max(truth.used_mj(left_ns - _LAG_NS, right_ns), 0) for left_ns, right_ns in blind_ns
    )
    return Books(
        gpu=truth.gpu.index,
        resets=truth.resets,
        used_mj=truth.used_mj(start_ns, end_ns),
        counted_mj=truth.counted_mj(start_ns, end_ns),
        counted_exactly=truth.counted_exactly(state.total.total_mj, start_ns, end_ns),
        ledger=state.total,
        minutes=minutes,
        quarter_hours=quarter_hours,
        low_mj=sum(gap.energy.total_mj - gap.low_mj for gap in gaps if gap.low_mj is not None),
        high_mj=sum(gap.high_mj - gap.energy.total_mj for gap in gaps if gap.high_mj is not None),
        store=stored,
        mqtt=told,
        prometheus_mj=round(1000 * gained.value),
        unseen_mj=unseen_mj,
    )


def _monotonic_ns(utc_seconds: float) -> int:
    return round(utc_seconds * _SECOND_NS) - (time.time_ns() - time.monotonic_ns())


def _registered(
    reader: LedgerReader, resolution: Resolution, key: AccountKey
) -> tuple[Energy, int]:
    """The sum of an account's registers, and of the time that they account for."""
    total, elapsed_ns = Energy(), 0
    for register in reader.registers(resolution, key, 0, 2**62):
        total += register.energy
        elapsed_ns += register.elapsed_ns
    return total, elapsed_ns


def _lanes(ledger: Path) -> dict[str, tuple[int, int]]:
    """Rows given up and refused, by exporter, over the ledger's life."""
    with closing(sqlite3.connect(f"{ledger.as_uri()}?mode=ro", uri=True)) as connection:
        rows = connection.execute("SELECT name, dropped_rows, quarantined_rows FROM outbox_lane")
        return {name: (dropped, quarantined) for name, dropped, quarantined in rows}
