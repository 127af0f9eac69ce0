"""What is wrong now. One log line when a fault starts, one when it ends."""

import logging
import time
from collections.abc import Iterable

from collector.model import Fault

log = logging.getLogger(__name__)


class FaultBoard:
    """The faults that stand, by part."""

    def __init__(self) -> None:
        self._faults: dict[str, Fault] = {}

    def report(self, part: str, problem: str, action: str = "", *, quietly: bool = False) -> None:
        """Say that a part is not well. Said again with other words, it only changes the words.

        Args:
            part: what is not well.
            problem: in words for people.
            action: what to do about it.
            quietly: the one who reports writes the log's line.
        """
        standing = self._faults.get(part)
        if standing is None and not quietly:
            log.warning("%s: %s%s", part, problem, f"; {action}" if action else "")
        since_ns = time.time_ns() if standing is None else standing.since_wall_ns
        self._faults[part] = Fault(
            part=part, problem=problem, action=action, since_wall_ns=since_ns
        )

    def clear(self, part: str, *, quietly: bool = False) -> None:
        """Say that a part is well."""
        standing = self._faults.pop(part, None)
        if standing is not None and not quietly:
            seconds = (time.time_ns() - standing.since_wall_ns) / 1e9
            log.info("%s: well again after %.0f s (was: %s)", part, seconds, standing.problem)

    def clear_missing(self, prefix: str, parts: Iterable[str]) -> None:
        """Forget parts with a prefix that no longer exist."""
        keep = set(parts)
        for part in [p for p in self._faults if p.startswith(prefix) and p not in keep]:
            self.clear(part)

    @property
    def standing(self) -> tuple[Fault, ...]:
        """All faults, oldest first."""
        return tuple(sorted(self._faults.values(), key=lambda fault: fault.since_wall_ns))
