"""Answers what the outbox is asked, in the writer's thread."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from collector.ledger.connection import connect_to_read
from collector.ledger.lanes import LaneLimits, Lanes, now_second, with_oldest
from collector.ledger.marks import Mark, gaps, merged, runs
from collector.ledger.model import LedgerError, OutboxRow
from collector.ledger.outbox_rows import measure, read_rows
from collector.ledger.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which rows to fetch, and how many; see `Outbox.fetch`."""

    rows: int
    payload_bytes: int
    newest_first: bool
    after_id: int
    upto_id: int | None


class Desk:
    """Where requests are dealt with.

    What only reads goes on while the ledger cannot be written: a full disk delays no delivery.

    Args:
        path: the ledger's file.
        lanes: what is known of the lanes.
        store: the open file; None while it cannot be written.
        fault: why not.
    """

    def __init__(
        self, path: Path, lanes: Lanes, store: Store | None, fault: LedgerError | None
    ) -> None:
        self._path = path
        self._lanes = lanes
        self._store = store
        self._fault = fault

    def configure(self, lane: str, limits: LaneLimits) -> None:
        """Set a lane's limits; they are applied with the next write, or a little later."""
        self._lanes.limits[lane] = limits

    def fetch(self, lane: str, wanted: Wanted) -> list[OutboxRow]:
        """Rows that wait.

        Raises:
            sqlite3.Error: it cannot be read.
        """
        state = self._lanes.states.get(lane)
        if state is None or wanted.rows <= 0:
            return []
        last_id = state.last_id if wanted.upto_id is None else min(state.last_id, wanted.upto_id)
        spans = list(gaps(state.marks, max(state.first_id, wanted.after_id + 1), last_id))
        if wanted.newest_first:
            spans.reverse()
        with self._reading() as connection:
            return read_rows(
                connection,
                lane,
                spans,
                rows=wanted.rows,
                payload_bytes=wanted.payload_bytes,
                newest_first=wanted.newest_first,
            )

    def acknowledge(self, lane: str, ids: Sequence[int]) -> None:
        """Mark rows, so that they are deleted in a while.

        Raises:
            sqlite3.Error: it cannot be read; nothing was marked.
        """
        state = self._lanes.states.get(lane)
        if state is None:
            return
        second = now_second()
        marks = []
        with self._reading() as connection:
            for first, last in runs(ids):
                bounds = max(first, state.first_id), min(last, state.last_id)
                for span in gaps(state.marks, *bounds):
                    rows, payload_bytes = measure(connection, span)
                    if rows:
                        marks.append(
                            Mark(
                                first=span[0],
                                last=span[1],
                                rows=rows,
                                payload_bytes=payload_bytes,
                                second=second,
                            )
                        )
            state = replace(state, marks=merged(state.marks, marks))
            self._lanes.states[lane] = with_oldest(connection, state)

    def resend_recent(self, lane: str) -> int:
        """Take back the marks that are not old enough yet; how many rows wait again by that.

        Raises:
            sqlite3.Error: it cannot be read; nothing was taken back.
        """
        state = self._lanes.states.get(lane)
        if state is None or not state.marks:
            return 0
        kept = tuple(mark for mark in state.marks if self._lanes.expired(mark.second))
        rows = sum(mark.rows for mark in state.marks) - sum(mark.rows for mark in kept)
        with self._reading() as connection:
            self._lanes.states[lane] = with_oldest(connection, replace(state, marks=kept))
        return rows

    def quarantine(self, lane: str, words: Mapping[int, str]) -> None:
        """Put rows aside that the receiver refuses.

        Raises:
            LedgerError: the ledger cannot be written now.
            sqlite3.Error: likewise.
        """
        if self._store is None:
            raise self._fault or LedgerError(
                f"the ledger {self._path} cannot be written", "it is tried again by itself"
            )
        self._store.quarantine(lane, words)

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        if self._store is not None:
            yield self._store.connection
        else:
            with closing(connect_to_read(self._path, alone=True)) as connection:
                yield connection
