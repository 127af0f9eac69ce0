"""Divides whole numbers so that the parts add up to the whole, always."""

from collections.abc import Sequence


def largest_remainder(total: int, weights: Sequence[int]) -> list[int]:
    """Divide a whole number by weights.

    Each part is cut to a whole number; what is left goes, one by one, to the parts that lost most,
    the first of equals first (Hamilton's method).

    Args:
        total: what is divided; of any sign.
        weights: none below 0, one above 0 at least.

    Returns:
        The parts, in the order of the weights; they add up to the total. A weight of 0 gets 0.

    Raises:
        ValueError: a weight is below 0, or none is above.
    """
    whole = sum(weights)
    if whole <= 0 or min(weights) < 0:
        raise ValueError("weights must not be below 0, and one must be above")
    sign, total = (-1, -total) if total < 0 else (1, total)
    parts = [total * weight // whole for weight in weights]
    lost = sorted(range(len(weights)), key=lambda n: -(total * weights[n] % whole))
    for index in lost[: total - sum(parts)]:
        parts[index] += 1
    return [sign * part for part in parts]
