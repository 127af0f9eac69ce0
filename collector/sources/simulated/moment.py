"""All that is known of a simulated GPU at one instant."""

from dataclasses import dataclass

from collector.sources.simulated.board import BoardState
from collector.sources.simulated.grid import Condition
from collector.sources.simulated.models import BoardModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One simulated GPU at one instant.

    Attributes:
        model: what it is.
        limit_mw: power that is never exceeded, milliwatts.
        state: its slow state.
        condition: what it does.
        has_reading: whether its power sensor reports now.
    """

    model: BoardModel
    limit_mw: int
    state: BoardState
    condition: Condition
    has_reading: bool

    @property
    def load_ratio(self) -> float:
        """Mean power of the last second between idle and the limit, 0 to 1."""
        span = self.limit_mw - self.model.idle_mw
        return min(1.0, max(0.0, (self.state.average_mw - self.model.idle_mw) / span))
