"""How many GPUs the node has, and how many it should have."""

from collections.abc import Mapping

from collector.catalogue import Labels

_MOST_SEEN = "gpus_most_seen"


class GpuCount:
    """Remembers the most GPUs that were ever seen: one that is gone must be missed.

    Args:
        configured: how many there must be; None leaves it to what was seen.
        numbers: what the ledger remembers.
    """

    def __init__(self, configured: int | None, numbers: Mapping[str, int]) -> None:
        self._configured = configured
        self._most = numbers.get(_MOST_SEEN, 0)
        self._visible: int | None = None

    def note(self, counted: int | None, lost: int) -> Mapping[str, int]:
        """Take the driver's count; return what is to be remembered anew.

        Args:
            counted: GPUs by the driver; None while it does not say.
            lost: those of them that it has lost.
        """
        self._visible = None if counted is None else max(counted - lost, 0)
        if self._visible is None or self._visible <= self._most:
            return {}
        self._most = self._visible
        return {_MOST_SEEN: self._most}

    def values(self, found: int) -> dict[str, dict[Labels, float]]:
        """The counts, by metric name and labels; what is not known is absent.

        Args:
            found: GPUs that were found at some time and not given up: while the driver does not say
                how many it shows, none of them counts as lost.
        """
        values: dict[str, dict[Labels, float]] = {}
        expected = self._most or None if self._configured is None else self._configured
        if expected is not None:
            shown = found if self._visible is None else self._visible
            values["host_gpus_expected"] = {(): float(expected)}
            values["host_gpus_lost"] = {(): float(max(expected - shown, 0))}
        if self._visible is not None:
            values["host_gpus_visible"] = {(): float(self._visible)}
        return values
