"""What is not taken for a reading, and why; counted, and told without filling the log."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum

from collector.shown import shown
from collector.sources.meters.reading import MeterReading

_log = logging.getLogger(__name__)

_QUIET_SECONDS = 600.0
"""A reason that was not seen for so long is news again."""


class Reason(StrEnum):
    """Why a message, or a value in it, is not taken. The words are label values: keep them."""

    TOO_LARGE = "too_large"
    BAD_TOPIC = "bad_topic"
    UNMAPPED = "unmapped"
    """No entry of the map, no meter of the site file."""
    NOT_JSON = "not_json"
    NOT_PROTOBUF = "not_protobuf"
    WRONG_TYPE = "wrong_type"
    NOT_FINITE = "not_finite"
    NO_VALUE = "no_value"
    """The field that the map names is not there."""
    BAD_TIMESTAMP = "bad_timestamp"
    PAST = "past"
    FUTURE = "future"
    RETAINED = "retained"
    """The broker kept it: how long it was true is not known."""
    REPLAYED = "replayed"
    """As old as the last reading, or older."""
    NO_METADATA = "no_metadata"
    """A value that a newer one replaced before the metadata came."""
    UNKNOWN_UNIT = "unknown_unit"
    AMBIGUOUS = "ambiguous"
    """Another point gives the same quantity of the same meter."""
    TOO_MANY_POINTS = "too_many_points"
    NOT_BORN = "not_born"
    UNKNOWN_ALIAS = "unknown_alias"
    SEQUENCE_GAP = "sequence_gap"
    """Messages are missing before this one; its own values are taken."""
    BUG = "bug"


class Rejected(Exception):  # noqa: N818 - a message was rejected; nothing is in error
    """A message, or a part of one, is not taken.

    Args:
        reason: the word it is counted under.
        detail: what is wrong, for people.
        readings: what was good in the same message.
        others: what else was wrong in the same message.
    """

    def __init__(
        self,
        reason: Reason,
        detail: str,
        *,
        readings: Sequence[MeterReading] = (),
        others: Sequence["Rejected"] = (),
    ) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.readings = readings
        self.others = others


def in_part(readings: Sequence[MeterReading], rejected: Sequence[Rejected]) -> None:
    """Say that a message was taken in part.

    Raises:
        Rejected: something was rejected; it carries the rest.
    """
    if rejected:
        first = rejected[0]
        raise Rejected(first.reason, first.detail, readings=readings, others=rejected[1:])


class Rejections:
    """Counts by reason; one line with an example when a reason starts to occur.

    Args:
        clock: seconds, monotonic.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._counts: dict[str, int] = {}
        self._seen: dict[Reason, float] = {}

    @property
    def counts(self) -> Mapping[str, int]:
        """How often, by reason; what never occurred is absent."""
        return self._counts

    def add(self, reason: Reason, topic: str, detail: str) -> None:
        """Count one, and say so if this reason is news."""
        self._counts[reason.value] = self._counts.get(reason.value, 0) + 1
        now = self._clock()
        seen = self._seen.get(reason)
        self._seen[reason] = now
        if seen is None or now - seen >= _QUIET_SECONDS:
            _log.warning(
                "meters: a message to %s is not taken (%s): %s; more of this kind are only counted",
                shown(topic),
                reason.value,
                shown(detail),
                extra={"part": "meters", "reason": reason.value},
            )
