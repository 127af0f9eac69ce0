"""Colours: a value is coloured only where it tells of trouble."""

from dataclasses import dataclass

QUIET, WARNING, TROUBLE, GOOD = "text", "orange", "red", "green"


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
MARGIN = Steps(TROUBLE, ((0.001, WARNING), (5.0, QUIET)))
"""Of degrees left. 5 is `setting:temperature_margin:min_celsius` as it is shipped."""
MARGIN_FILL = Steps(TROUBLE, ((0.001, WARNING), (5.0, GOOD)))
DEADLINE = Steps(TROUBLE, ((0.0, WARNING),))
"""Of the time that is left."""
HEADROOM = Steps(TROUBLE, ((0.0, QUIET),))
UP = Steps(TROUBLE, ((1.0, GOOD),))
ACTIVE = Steps(GOOD, ((0.5, WARNING),))
