"""A bounded buffer between one power thread and the event loop."""

from array import array


class SampleRing:
    """Power samples in preallocated columns; one thread writes, one reads, neither locks.

    The writer fills a slot and then moves `written`; under the interpreter's lock that order holds
    for the reader. What is not read in time is overwritten and counted.

    Args:
        scopes: number of values for each sample.
        capacity: samples kept; a power of two.
    """

    def __init__(self, scopes: int, capacity: int = 4096) -> None:
        if capacity & (capacity - 1):
            raise ValueError(f"capacity {capacity} is no power of two")
        self.capacity = capacity
        self.dropped = 0
        self.times = array("q", bytes(8 * capacity))
        self.columns = [array("q", bytes(8 * capacity)) for _ in range(scopes)]
        self.written = 0
        self._read = 0

    def put(self, position: int, monotonic_ns: int, milliwatts: int) -> None:
        """Add a sample of one scope alone: scopes of a driver's buffer have times of their own."""
        slot = self.written & (self.capacity - 1)
        self.times[slot] = monotonic_ns
        for other, column in enumerate(self.columns):
            column[slot] = milliwatts if other == position else -1
        self.written += 1

    def take(self) -> list[list[tuple[int, int]]]:
        """All samples since the last call: for each scope, `(monotonic_ns, milliwatts)`.

        Values of -1, a scope that could not be read that time, are left out.
        """
        end = self.written
        start = max(self._read, end - self.capacity + 1)
        self.dropped += start - self._read
        self._read = end
        times = self._slice(self.times, start, end)
        return [_pairs(times, self._slice(column, start, end)) for column in self.columns]

    def _slice(self, column: "array[int]", start: int, end: int) -> "array[int]":
        mask = self.capacity - 1
        low, high = start & mask, end & mask
        if start == end:
            return column[:0]
        return column[low:high] if low < high else column[low:] + column[:high]


def _pairs(times: "array[int]", milliwatts: "array[int]") -> list[tuple[int, int]]:
    pairs = list(zip(times, milliwatts, strict=True))
    if pairs and min(milliwatts) < 0:
        return [pair for pair in pairs if pair[1] >= 0]
    return pairs
