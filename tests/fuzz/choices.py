"""Decisions from a sequence of numbers, so that whoever makes the numbers makes the input."""

import random
from collections.abc import Iterable, Sequence
from typing import Self, TypeVar

T = TypeVar("T")


class Choices:
    """Decides by numbers. Once they are used up, every decision is the first: the plainest.

    So fewer and smaller numbers make a simpler input, which is how hypothesis shrinks one.

    Args:
        numbers: from 0 up.
    """

    def __init__(self, numbers: Iterable[int]) -> None:
        self._numbers = iter(numbers)

    @classmethod
    def seeded(cls, seed: int) -> Self:
        """Decisions without end, always the same for a seed."""
        bits = random.Random(seed).getrandbits  # noqa: S311 - no secret hangs on it
        return cls(iter(lambda: bits(32), -1))

    def below(self, limit: int) -> int:
        """A number from 0 to below a limit of at least 1."""
        return next(self._numbers, 0) % limit

    def pick(self, options: Sequence[T]) -> T:
        """One of several."""
        return options[self.below(len(options))]

    def seldom(self, one_in: int) -> bool:
        """Once in so many times; never when the numbers are used up."""
        return self.below(one_in) == 1

    def count(self) -> int:
        """How many changes to make: few, mostly."""
        return self.pick((1, 0, 1, 1, 2, 2, 3, 4, 6, 12))
