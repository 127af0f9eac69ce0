"""What a meter says by now of a span of time, booked or not yet."""

from collections.abc import Iterable
from dataclasses import dataclass

from collector.site.booking import Piece
from collector.site.quarters import QUARTER_NS, SECOND_NS
from collector.site.track import MILLIJOULE, MeterTrack, Point

_KEEP = 400
"""Quarter-hours: four days, should a register be silent for so long."""


@dataclass(frozen=True, slots=True)
class Known:
    """Energy of a span, and how well it is known.

    Attributes:
        energy_mj: all of it.
        estimated_mj: the part that was neither counted nor measured.
        covered_ns: for how long it was measured.
        known_ns: for how long its energy is known, measured or not; the rest is missing.
    """

    energy_mj: int = 0
    estimated_mj: int = 0
    covered_ns: int = 0
    known_ns: int = 0

    def __add__(self, other: "Known") -> "Known":
        return Known(
            self.energy_mj + other.energy_mj,
            self.estimated_mj + other.estimated_mj,
            self.covered_ns + other.covered_ns,
            self.known_ns + other.known_ns,
        )


class Quarters:
    """What was booked, by quarter-hour of UTC."""

    def __init__(self) -> None:
        self._booked: dict[int, Known] = {}

    def add(self, pieces: Iterable[Piece]) -> None:
        """Add pieces; none of them lies in two quarter-hours."""
        booked = self._booked
        for piece in pieces:
            start_ns = piece.start_ns // QUARTER_NS * QUARTER_NS
            booked[start_ns] = booked.get(start_ns, Known()) + Known(
                piece.energy.total_mj,
                piece.energy.estimated_mj,
                piece.covered_ns,
                piece.end_ns - piece.start_ns - piece.missing_ns,
            )
        while len(booked) > _KEEP:
            del booked[min(booked)]

    def get(self, start_ns: int) -> Known:
        """What was booked in the quarter-hour that begins at an instant."""
        return self._booked.get(start_ns, Known())

    def restore(self, start_ns: int, known: Known) -> None:
        """Take over what an earlier run booked in a quarter-hour."""
        self._booked[start_ns] = known

    def clear_after(self, at_ns: int) -> None:
        """The meter's clock was set back: forget what it will go through again.

        Those quarter-hours hold more than 15 minutes in the books, and are no demand interval.
        """
        for start_ns in [start for start in self._booked if start + QUARTER_NS > at_ns]:
            del self._booked[start_ns]


def provisional(track: MeterTrack, newer: Iterable[Point], start_ns: int, end_ns: int) -> Known:
    """Energy by power alone of a span that is not booked yet.

    Args:
        track: power up to now.
        newer: good readings that are not in it yet, in order.
        start_ns: begin of the span.
        end_ns: its end; after the newest reading its value holds while it is good, then on as an
            estimate.
    """
    scratch = track.copy()
    for point in newer:
        if scratch.known_ns is None or point.at_ns > scratch.known_ns:
            scratch.add(point.at_ns, point.milliwatts, held=point.held)
    here, there = scratch.at(start_ns), scratch.at(end_ns)
    measured_mj = there.measured // MILLIJOULE - here.measured // MILLIJOULE
    covered_ns = there.covered_ns - here.covered_ns
    bridged, bridged_ns = there.bridged - here.bridged, there.bridged_ns - here.bridged_ns
    if scratch.silent_since is not None:
        since_ns, power_mw = scratch.silent_since
        held_ns = max(end_ns - max(since_ns, start_ns), 0)
        bridged += 2 * power_mw * held_ns
        bridged_ns += held_ns
    estimated_mj = bridged // MILLIJOULE
    return Known(measured_mj + estimated_mj, estimated_mj, covered_ns, covered_ns + bridged_ns)


def at_rate(milliwatts: int, seen_ns: int, start_ns: int, end_ns: int) -> Known:
    """Energy of a span that is not booked yet, by a register's last pace.

    Args:
        milliwatts: that pace.
        seen_ns: until when the pace is believed; later it is an estimate.
        start_ns: begin of the span.
        end_ns: its end.
    """
    covered_ns = max(min(seen_ns, end_ns) - start_ns, 0)
    span_ns = end_ns - start_ns
    energy_mj = milliwatts * span_ns // SECOND_NS
    counted_mj = milliwatts * covered_ns // SECOND_NS
    return Known(energy_mj, energy_mj - counted_mj, covered_ns, span_ns)
