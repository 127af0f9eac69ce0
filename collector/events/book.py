"""Counts events by device and code, each once, and says what of that is to be kept."""

from collections.abc import Mapping

from collector.events.matcher import Matcher, Unmatched
from collector.ledger.model import EventCount, EventKey, EventState, LogCursor, UnmatchedEvent


class EventBook:
    """The counts over the life of the ledger.

    Args:
        before: what an earlier run has kept.
        boot_id: this boot of the machine; times of another boot mean nothing in it.
        log_origin: the origin that can be read again after a restart. What others have told of
            is kept until the log has told of it too.
    """

    def __init__(self, before: EventState, *, boot_id: str, log_origin: str) -> None:
        self._boot_id = boot_id
        self._log_origin = log_origin
        self._counts: dict[str, dict[EventKey, EventCount]] = {}
        for key, count in before.counts.items():
            self._counts.setdefault(key.device, {})[key] = count
        self._matcher: Matcher[EventKey] = Matcher(
            Unmatched(one.key, one.origin, one.monotonic_ns)
            for one in before.unmatched
            if boot_id and one.boot_id == boot_id
        )
        self.changed = False
        """Whether there is something to keep that `state` has not told of."""

    def add(self, key: EventKey, origin: str, *, monotonic_ns: int, wall_ns: int) -> bool:
        """Take one origin's word of an event. False when it was counted already.

        Args:
            key: which event, of which device.
            origin: who tells of it.
            monotonic_ns: when it was.
            wall_ns: the same, UTC.
        """
        self.changed = True
        if not self._matcher.is_new(key, origin, monotonic_ns):
            return False
        counts = self._counts.setdefault(key.device, {})
        before = counts.get(key)
        if before is None:
            counts[key] = EventCount(1, wall_ns)
        else:
            counts[key] = EventCount(before.count + 1, max(before.last_wall_ns, wall_ns))
        return True

    def adopt(self, device: str, uuid: str) -> None:
        """Let what was counted for a device count for another: it is the same, better known."""
        counts = self._counts.pop(device, None)
        if counts is None:
            return
        self.changed = True
        known = self._counts.setdefault(uuid, {})
        for key, count in counts.items():
            now = EventKey(key.kind, uuid, key.code)
            self._matcher.rename(key, now)
            before = known.get(now, EventCount(0, 0))
            known[now] = EventCount(
                before.count + count.count, max(before.last_wall_ns, count.last_wall_ns)
            )

    def expire(self, now_ns: int) -> None:
        """Give up waiting for the second word on old events."""
        self._matcher.expire(now_ns)

    def of(self, device: str) -> Mapping[EventKey, EventCount]:
        """The counts of one device."""
        return self._counts.get(device, {})

    def state(self, cursor: LogCursor | None) -> EventState:
        """Everything that is to be kept; until the next event there is nothing more.

        Args:
            cursor: how far the log was read; None when it is not.
        """
        self.changed = False
        unmatched = [
            UnmatchedEvent(one.subject, one.origin, self._boot_id, one.monotonic_ns)
            for one in self._matcher
            if cursor is not None and one.origin != self._log_origin
        ]
        counts = {key: count for device in self._counts.values() for key, count in device.items()}
        return EventState(counts=counts, unmatched=tuple(unmatched), cursor=cursor)
