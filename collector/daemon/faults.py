"""What is wrong now. One log line when a fault starts, one when it ends."""

import logging
import time
from collections.abc import Iterable, Mapping

from collector.model import Fault

log = logging.getLogger(__name__)


class FaultBoard:
    """The faults that stand, by part."""

    def __init__(self) -> None:
        self._faults: dict[str, Fault] = {}
        self._told: dict[str, Mapping[str, object]] = {}
        """Fields of the lines, by part, of those whose begin was logged here."""

    def report(
        self,
        part: str,
        problem: str,
        action: str = "",
        *,
        quietly: bool = False,
        about: Mapping[str, object] | None = None,
    ) -> None:
        """Say that a part is not well. Said again with other words, it only changes the words.

        Args:
            part: what is not well.
            problem: in words for people.
            action: what to do about it.
            quietly: the one who reports writes the log's line.
            about: more fields of the log's lines: `gpu`, `uuid`, ...; see `collector.logs.fields`.
        """
        standing = self._faults.get(part)
        if standing is None and not quietly:
            self._told[part] = {"part": part, **(about or {})}
            fields = {"fault": "begin", "problem": problem, "action": action, **self._told[part]}
            words = f"; {action}" if action else ""
            log.warning("%s: %s%s", part, problem, words, extra=fields)
        since_ns = time.time_ns() if standing is None else standing.since_wall_ns
        self._faults[part] = Fault(
            part=part, problem=problem, action=action, since_wall_ns=since_ns
        )

    def clear(self, part: str) -> None:
        """Say that a part is well. Logged where the begin was."""
        standing = self._faults.pop(part, None)
        about = self._told.pop(part, None)
        if standing is not None and about is not None:
            seconds = max(time.time_ns() - standing.since_wall_ns, 0) / 1e9
            log.warning(  # as loud as its begin: whoever hears of one hears of the other
                "%s: well again after %.0f s (was: %s)",
                part,
                seconds,
                standing.problem,
                extra={
                    "fault": "end",
                    "problem": standing.problem,
                    "seconds": round(seconds, 1),
                    **about,
                },
            )

    def clear_missing(self, prefix: str, parts: Iterable[str]) -> None:
        """Forget parts with a prefix that no longer exist."""
        keep = set(parts)
        for part in [p for p in self._faults if p.startswith(prefix) and p not in keep]:
            self.clear(part)

    @property
    def standing(self) -> tuple[Fault, ...]:
        """All faults, oldest first."""
        return tuple(sorted(self._faults.values(), key=lambda fault: fault.since_wall_ns))
