"""How energy that is known for a whole stretch spreads over its parts."""

from collector.energy.track import MILLIJOULE, PowerTrack
from collector.model import Energy


def measure(track: PowerTrack, start_ns: int, end_ns: int) -> Energy:
    """Energy of a stretch by power alone, in whole millijoules that add up over stretches."""
    start, end = track.at(start_ns), track.at(end_ns)
    return Energy(
        integrated_mj=end.measured // MILLIJOULE - start.measured // MILLIJOULE,
        estimated_mj=end.bridged // MILLIJOULE - start.bridged // MILLIJOULE,
    )


class Shape:
    """Splits the energy of a stretch by power where power was seen, else evenly over time.

    Args:
        track: power samples.
        start_ns: begin of the stretch.
        end_ns: its end.
        part: the energy to split.
    """

    def __init__(self, track: PowerTrack, start_ns: int, end_ns: int, part: Energy) -> None:
        self._track, self._start_ns, self._end_ns, self._part = track, start_ns, end_ns, part
        self._start, self._end = track.at(start_ns), track.at(end_ns)
        first_ns, last_ns = track.first_ns, track.last_ns
        self._seen = (
            first_ns is not None
            and last_ns is not None
            and first_ns <= start_ns
            and last_ns + track.gap_ns >= end_ns
        )
        self._weight = self._weight_at(end_ns)

    def upto(self, at_ns: int) -> Energy:
        """Energy from the start to an instant; at the end it is all of it, to the millijoule."""
        part = self._part
        if at_ns >= self._end_ns:
            return part
        here = self._track.at(at_ns)
        by_time = (at_ns - self._start_ns, self._end_ns - self._start_ns)
        by_power = (self._weight_at(at_ns), self._weight) if self._seen else by_time
        measured = (
            here.measured - self._start.measured,
            self._end.measured - self._start.measured,
        )
        bridged = (here.bridged - self._start.bridged, self._end.bridged - self._start.bridged)
        return Energy(
            _share(part.counter_mj, by_power, by_time),
            _share(part.integrated_mj, measured, by_time),
            _share(part.estimated_mj, bridged, by_time),
        )

    def _weight_at(self, at_ns: int) -> int:
        here = self._track.at(at_ns)
        weight = here.measured + here.bridged - self._start.measured - self._start.bridged
        last_ns = self._track.last_ns
        if last_ns is not None and last_ns < at_ns:  # the few ms after the last sample
            weight += 2 * self._track.milliwatts[-1] * (at_ns - max(last_ns, self._start_ns))
        return weight


def _share(millijoules: int, weight: tuple[int, int], fallback: tuple[int, int]) -> int:
    part, whole = weight if weight[1] > 0 else fallback
    return millijoules * part // whole if whole > 0 else 0
