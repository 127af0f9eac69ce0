"""Exact amounts, and the roundings that tariffs prescribe. Nothing here is a float."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal


@dataclass(frozen=True, slots=True)
class Rounding:
    """How an amount or a quantity is rounded.

    Attributes:
        mode: `down` cuts towards zero, `half_up` rounds halves away from zero.
        to: the step, in the unit of what is rounded: 1 won, 10 won, 0.01 dollar.
    """

    mode: Literal["down", "half_up"]
    to: Decimal

    def __post_init__(self) -> None:
        if not self.to > 0:
            raise ValueError("`to` must be above 0")

    def of(self, amount: Fraction | Decimal) -> Decimal:
        """The amount rounded. Exact: an amount that is a multiple of the step stays as it is."""
        steps = Fraction(amount) / Fraction(self.to)
        whole, rest = divmod(abs(steps), 1)
        if self.mode == "half_up" and rest >= Fraction(1, 2):
            whole += 1
        return (-whole if steps < 0 else whole) * self.to + Decimal(0)  # never a negative zero

    @property
    def words(self) -> str:
        """How, in words."""
        how = "cut" if self.mode == "down" else "rounded half up"
        return f"{how} to {plain(self.to)}"


def exact(fraction: Fraction, digits: int = 6) -> Decimal:
    """A fraction as a decimal of so many digits behind the point, for showing only."""
    return Rounding("half_up", Decimal(1).scaleb(-digits)).of(fraction)


def plain(number: Decimal) -> str:
    """A number for people: thousands apart, no needless zeros, no exponent."""
    text = f"{number:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
