"""The outbox: what push exporters have still to deliver, kept over restarts, crashes, full disks.

Rows enter with `Commit.outbox`, together with the windows that they tell of. A row that was
acknowledged stays for a minute, for servers lose what they acknowledged last: after a lost
connection it is sent again, and so it is after a restart of the daemon. Delivery is at least once;
receivers drop what they have by its key.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future

from collector.ledger.desk import Wanted
from collector.ledger.inbox import Inbox
from collector.ledger.lanes import LaneLimits
from collector.ledger.model import LaneStatus, OutboxRow


class Outbox:
    """Every lane. Got from the ledger.

    Every method returns at once and may be called from any thread; the ledger's writer does the
    work. A future fails with `LedgerError` when the disk fails, or the ledger was closed.

    Args:
        inbox: the way to the writer.
    """

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    def configure(self, lane: str, *, most_bytes: int, most_age_seconds: float) -> None:
        """Limit a lane. Without that, it keeps everything.

        Beyond a limit the oldest rows are dropped and counted. That is done in small steps, so that
        a lane may be over it for a few seconds.

        Args:
            lane: which one.
            most_bytes: how many bytes of payloads may wait.
            most_age_seconds: for how long a row may wait.
        """
        limits = LaneLimits(most_bytes=most_bytes, most_age_seconds=most_age_seconds)
        self._inbox.ask(lambda desk: desk.configure(lane, limits))

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
        """Rows that wait: neither acknowledged nor quarantined.

        What was submitted before this call is among them, unless the ledger cannot be written now;
        then only what is on disk.

        Args:
            lane: whose.
            rows: at most so many.
            payload_bytes: at most so many bytes of payloads, but at least one row.
            newest_first: from the newest one on; else from the oldest one on.
            after_id: only rows with a higher id.
            upto_id: only rows with this id or a lower one.
        """
        wanted = Wanted(
            rows=rows,
            payload_bytes=payload_bytes,
            newest_first=newest_first,
            after_id=after_id,
            upto_id=upto_id,
        )
        return self._inbox.ask(lambda desk: desk.fetch(lane, wanted))

    def acknowledge(self, lane: str, ids: Sequence[int]) -> Future[None]:
        """Rows were delivered; they are deleted a minute later.

        Goes on while the ledger cannot be written. Ids that do not wait are ignored.

        Args:
            lane: whose.
            ids: the rows' ids, in any order.
        """
        return self._inbox.ask(lambda desk: desk.acknowledge(lane, ids))

    def resend_recent(self, lane: str) -> Future[int]:
        """The connection was lost: rows acknowledged within the last minute wait again.

        Args:
            lane: whose.

        Returns:
            How many they are.
        """
        return self._inbox.ask(lambda desk: desk.resend_recent(lane))

    def quarantine(self, lane: str, words: Mapping[int, str]) -> Future[None]:
        """Rows will never be taken by the receiver: keep the newest of them aside, and count all.

        Args:
            lane: whose.
            words: by the row's id, what the receiver said. Ids that do not wait are ignored.
        """
        return self._inbox.ask(lambda desk: desk.quarantine(lane, words))

    def status(self, lane: str) -> LaneStatus:
        """How full a lane is, as of the last write, with what waits in memory to be written."""
        return self._inbox.lane_status(lane)
