"""When to try again, and how fast the backlog goes out."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from exporters.delivery.model import DeliveryOptions

_LONGEST_RETRY_AFTER_SECONDS = 3600.0


@dataclass(slots=True)
class Backoff:
    """Waits that double, with jitter: between half and all of each, so that nodes spread.

    Attributes:
        first_seconds: the first wait, at most.
        most_seconds: every wait, at most.
        share: a random share, 0 to 1.
    """

    first_seconds: float = 1.0
    most_seconds: float = 60.0
    share: Callable[[], float] = random.random
    _tries: int = field(default=0, init=False)

    def next_seconds(self, retry_after_seconds: float | None = None) -> float:
        """How long to wait after one more failure; not less than the server asked for."""
        doubled = self.first_seconds * 2.0 ** min(self._tries, 30)
        self._tries += 1
        wait = min(doubled, self.most_seconds) * (0.5 + 0.5 * self.share())
        if retry_after_seconds is None:
            return wait
        # A server that says when means all of its clients: spread them behind that moment.
        asked = min(retry_after_seconds, _LONGEST_RETRY_AFTER_SECONDS)
        return max(wait, asked + self.share() * min(0.1 * asked, 10.0))

    def reset(self) -> None:
        """It worked: the next failure waits the first time again."""
        self._tries = 0


class Backfill:
    """Holds the backlog to its rate: after n rows, no more for n / rate seconds.

    Args:
        options: of the lane.
    """

    def __init__(self, options: DeliveryOptions) -> None:
        self._rate = options.backfill_rows_per_second
        wished = self._rate * max(options.batch_seconds, 1.0)
        self.rows = options.batch_rows
        if not math.isinf(wished):
            self.rows = max(1, min(options.batch_rows, math.ceil(wished)))
        self._phase_seconds = options.phase_share * self.rows / self._rate
        self._under_way = False
        self.next_at = -math.inf

    def begin(self, now: float) -> None:
        """There is a backlog. When it is a new one, it starts at this node's phase."""
        if not self._under_way:
            self._under_way = True
            self.next_at = max(self.next_at, now + self._phase_seconds)

    def sent(self, now: float, rows: int) -> None:
        """So many rows went out."""
        self.next_at = max(self.next_at, now) + rows / self._rate

    def end(self) -> None:
        """There is no backlog any more."""
        self._under_way = False
