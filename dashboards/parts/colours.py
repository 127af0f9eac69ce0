"""Colours: a value is coloured only where it tells of trouble."""

from collections.abc import Mapping
from dataclasses import dataclass

QUIET, WARNING, TROUBLE, GOOD = "text", "orange", "red", "green"
LIMIT, GOAL, SCALE = "red", "orange", "#8e8e8e"
"""Of dashed lines: what must not be passed, what should not, what values are held against."""
OUTSIDE, NODES, GPUS = "blue", "purple", "green"
"""Of power as it comes in, of the nodes' part of it, and of the GPUs' part of that."""
REASONS: Mapping[str, str] = {
    "power_cap$": "blue",
    "thermal$": "orange",
    "power_brake$": "red",
    "hardware_slowdown$": "purple",
}
"""Of what holds clocks down: a power cap is everyday."""


@dataclass(frozen=True, slots=True)
class Steps:
    """From which value on which colour.

    Attributes:
        base: the colour below the first step.
        steps: values, ascending, each with the colour from there on.
    """

    base: str = QUIET
    steps: tuple[tuple[float, str], ...] = ()


NEUTRAL = Steps()
SHARE_OF_LIMIT = Steps(QUIET, ((0.95, WARNING), (1.0, TROUBLE)))
"""Of a share of a real limit. 0.95 is `setting:near_limit:ratio` as it is shipped."""
FILL = Steps(GOOD, ((0.9, WARNING), (1.0, TROUBLE)))
"""Of a share of a limit, where the colour is a bar's or a cell's whole content."""
ANY_IS_TROUBLE = Steps(QUIET, ((1e-9, TROUBLE),))
ANY_IS_WARNING = Steps(QUIET, ((1e-9, WARNING),))
COVERAGE = Steps(TROUBLE, ((0.95, WARNING), (0.98, QUIET)))
"""Of a share that should be 1. 0.98 is `setting:coverage:min_ratio` as it is shipped."""
COVERAGE_FILL = Steps(TROUBLE, ((0.95, WARNING), (0.98, GOOD)))
MARGIN = Steps(TROUBLE, ((0.001, WARNING), (5.0, QUIET)))
"""Of degrees left. 5 is `setting:temperature_margin:min_celsius` as it is shipped."""
MARGIN_FILL = Steps(TROUBLE, ((0.001, WARNING), (5.0, "dark-green")))
BUSY_FILL = Steps(
    "#24303f", ((0.25, "#1a3b7a"), (0.5, "dark-blue"), (0.75, "semi-dark-blue"), (1.02, TROUBLE))
)
"""Of a GPU's power as a share of its limit: at it is at work, above it something is wrong."""
DEADLINE = Steps(TROUBLE, ((0.0, WARNING),))
"""Of the time that is left."""
HEADROOM = Steps(TROUBLE, ((0.0, QUIET),))
UP = Steps(TROUBLE, ((1.0, QUIET),))
AGE = Steps(QUIET, ((10.0, WARNING),))
"""Of seconds since a reading. 10 is `setting:sample_age:max_seconds` as it is shipped."""
LATE = Steps(QUIET, ((0.01, WARNING),))
"""Of a share of reads. 0.01 is `setting:late_ticks:max_ratio` as it is shipped."""
ACTIVE = Steps(GOOD, ((0.5, WARNING),))
