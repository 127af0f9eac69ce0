"""What the delivery loop and a sender say to each other."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Protocol

from collector.ledger.model import LaneStatus, OutboxRow

Report = Callable[[str | None, str], None]
"""Told the problem, or None when it is over, and what to do about it."""


class DeliveryError(Exception):
    """Nothing can be sent just now, for a reason that concerns every row. Text for people.

    Args:
        word: short and stable: `refused`, `unauthorized`, `not_found`, `timeout`, `throttled`, ...
        text: what is wrong and where; the same at every try, and without a secret.
        action: what to do about it; empty where waiting is all.
        retry_after_seconds: how long the server asked to be left alone.
        lost_connection: whether the server may have forgotten what it took last.
    """

    def __init__(
        self,
        word: str,
        text: str,
        *,
        action: str = "",
        retry_after_seconds: float | None = None,
        lost_connection: bool = False,
    ) -> None:
        super().__init__(text)
        self.word = word
        self.text = text
        self.action = action
        self.retry_after_seconds = retry_after_seconds
        self.lost_connection = lost_connection


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of the rows of one `send`. A row in neither is to be sent again.

    Attributes:
        delivered: ids that the server took.
        refused: ids that it will never take, and its words.
        reconnected: the connection of an earlier `send` turned out to be gone, so that the server
            may have forgotten what it took last.
    """

    delivered: Sequence[int]
    refused: Mapping[int, str] = field(default_factory=dict)
    reconnected: bool = False


class Sender(Protocol):
    """Speaks to one server."""

    async def send(self, rows: Sequence[OutboxRow]) -> Sent:
        """Send rows, in their order; connect first where needed. May be cancelled.

        Raises:
            DeliveryError: nothing could be sent.
        """

    async def close(self) -> None:
        """Disconnect. May be called at any time, and more than once."""


class Lane(Protocol):
    """What the loop asks of the outbox. Futures fail with `LedgerError` while the disk does."""

    def fetch(
        self,
        lane: str,
        *,
        rows: int,
        payload_bytes: int,
        newest_first: bool = False,
        after_id: int = 0,
        upto_id: int | None = None,
    ) -> Future[list[OutboxRow]]:
        """Rows that wait, in order of id."""

    def acknowledge(self, lane: str, ids: Sequence[int]) -> Future[None]:
        """These were delivered."""

    def resend_recent(self, lane: str) -> Future[int]:
        """What was acknowledged in the last minute waits again."""

    def quarantine(self, lane: str, words: Mapping[int, str]) -> Future[None]:
        """These are refused for good."""

    def status(self, lane: str) -> LaneStatus:
        """What waits, as of the last write. Does not block."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryOptions:
    """How a lane is delivered.

    Attributes:
        lane: its name in the outbox.
        batch_rows: most rows in one `send`.
        batch_bytes: most payload bytes in one `send`.
        batch_seconds: new rows go out at most this often.
        backfill_rows_per_second: how fast the backlog goes out; `math.inf` for no limit.
        phase_share: how late within a batch this node sends, 0 to 1: the nodes of a site spread.
    """

    lane: str
    batch_rows: int = 5000
    batch_bytes: int = 1_000_000
    batch_seconds: float = 10.0
    backfill_rows_per_second: float = 200.0
    phase_share: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryStatus:
    """How delivery is doing.

    Attributes:
        connected: whether the last try succeeded.
        delivered_total: rows delivered since the start; those sent anew count again.
        retried_total: rows that were tried in vain and kept for another try.
        last_success_wall_ns: when rows were last delivered, UTC; None before the first.
    """

    connected: bool = False
    delivered_total: int = 0
    retried_total: int = 0
    last_success_wall_ns: int | None = None
