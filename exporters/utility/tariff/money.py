"""Exact amounts, and the roundings that tariffs prescribe. Nothing here is a float."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import AfterValidator

_MOST_PLACES = 18
_MOST_DIGITS = 60


def bounded(number: Decimal) -> Decimal:
    """The number, if it is one that money, power and energy can have.

    Raises:
        ValueError: it is none. Exact sums of what is too large or too fine would never end.
    """
    if not number.is_finite():
        raise ValueError("it is no finite number")
    if not number:
        return Decimal(0)  # a zero too has an exponent
    if abs(number.adjusted()) > _MOST_PLACES or len(number.as_tuple().digits) > _MOST_DIGITS:
        raise ValueError(f"it has more than {_MOST_PLACES} digits before or after the point")
    return number


def number_of(text: str) -> Decimal:
    """A number out of a file.

    Raises:
        ValueError: it is none that is sensible.
    """
    try:
        return bounded(Decimal(text))
    except InvalidOperation:
        raise ValueError("it is no number that can be reckoned with") from None


Amount = Annotated[Decimal, AfterValidator(bounded)]
"""A number in a file."""


@dataclass(frozen=True, slots=True)
class Rounding:
    """How an amount or a quantity is rounded.

    Attributes:
        mode: `down` cuts towards zero, `half_up` rounds halves away from zero.
        to: the step, in the unit of what is rounded: 1 won, 10 won, 0.01 dollar.
    """

    mode: Literal["down", "half_up"]
    to: Amount

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
