"""The electrical tree, as the facility's metadata draws it."""

from collections.abc import Mapping

_EDGES_EACH = 5


class Tree:
    """Who feeds whom, by the contract's ids. Every point of an object repeats it.

    Args:
        most: objects that are kept; and 5 times as many edges.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._edges = 0
        self._serves: dict[str, tuple[str, ...]] = {}

    @property
    def serves(self) -> Mapping[str, tuple[str, ...]]:
        """By id, the ids that it feeds."""
        return self._serves

    def put(self, object_id: str, serves: tuple[str, ...]) -> None:
        """An object says what it feeds. What is beyond the bounds is left out."""
        old = self._serves.get(object_id)
        edges = self._edges - len(old or ()) + len(serves)
        if (old is None and len(self._serves) >= self._most) or edges > _EDGES_EACH * self._most:
            return
        self._edges = edges
        self._serves[object_id] = serves
