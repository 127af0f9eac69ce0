"""Which scope a hardware energy counter counts.

On GH200 the GPU's counter covers the whole module (zeus#172), elsewhere the GPU alone; the driver
does not say. So the counter is compared with the integral of each scope.
"""

from collections.abc import Mapping

from collector.energy.edges import SECOND_NS

DECIDE_NS = 5 * SECOND_NS
"""Over 5 s counter and integral agree; over 1 s they were seen to differ by 12 % (driver 610)."""
_AGREE = 1.15
"""Ratio within which a counter is taken to count a scope; GPU and module differ far more."""


def counted_scope(counter_mj: int, integral_mj: Mapping[str, int]) -> str | None:
    """The scope whose integral agrees best with the counter's difference.

    Args:
        counter_mj: difference of the counter over a stretch of `DECIDE_NS` or more.
        integral_mj: integral of power over the same stretch, by scope.

    Returns:
        The scope, or None when no integral comes near.
    """
    best, best_ratio = None, _AGREE
    for scope, integral in integral_mj.items():
        if counter_mj > 0 and integral > 0:
            ratio = max(counter_mj / integral, integral / counter_mj)
            if ratio < best_ratio:
                best, best_ratio = scope, ratio
    return best
