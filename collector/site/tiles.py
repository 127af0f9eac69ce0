"""Pieces into windows that tile a meter's time and add up to its total, to the millijoule."""

from dataclasses import dataclass

from collector.model import Energy, Meter, PowerStat, Window
from collector.site.booking import Piece
from collector.site.track import Known, MeterTrack

SCOPE = "active"
"""The scope of a meter's windows: active energy."""
_MOST_SAMPLES = 20_000
"""Instants that wait for a window to close: one whose words cannot be used never closes any."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Where the books stand at the end of a window: what survives a restart.

    Attributes:
        end_ns: everything before is in the total.
        total: lifetime energy.
        register_mj: how far of the register's energy is booked; None without a register.
        power_mw: power at that instant; None when not measured.
    """

    end_ns: int
    total: Energy
    register_mj: int | None
    power_mw: int | None


class Tiles:
    """Adds pieces up and closes a window at each edge and around each gap.

    Args:
        meter: whose windows they are.
        track: its power, for their statistics.
        window_ns: length of a window.
        total: lifetime energy before the first piece.
    """

    def __init__(self, meter: Meter, track: MeterTrack, window_ns: int, total: Energy) -> None:
        self.mark: Mark | None = None
        self._meter = meter
        self._track = track
        self._window_ns = window_ns
        self._total = total
        self._open: list[Piece] = []
        self._register_mj: int | None = None
        self._samples: list[int] = []

    @property
    def start_ns(self) -> int | None:
        """Begin of the open window."""
        return self._open[0].start_ns if self._open else None

    def sample(self, at_ns: int) -> None:
        """Count a reading towards the window that it falls into."""
        self._samples.append(at_ns)
        if len(self._samples) > _MOST_SAMPLES:
            del self._samples[: _MOST_SAMPLES // 2]

    def add(self, pieces: list[Piece], register_mj: int | None) -> list[Window]:
        """Add a stretch's pieces; return the windows that they closed.

        Args:
            pieces: in order, without a hole.
            register_mj: how far the register is booked at the end of the last one.
        """
        closed = []
        for piece in pieces:
            if piece.gap and self._open:
                closed.append(self._close(""))
            self._open.append(piece)
            self._register_mj = None if register_mj is None else register_mj - piece.left_mj
            if piece.gap or piece.end_ns % self._window_ns == 0:
                closed.append(self._close(piece.gap))
        return closed

    def finish(self) -> list[Window]:
        """Close what is open: the end of a run."""
        return [self._close("")] if self._open else []

    def shift(self, by_ns: int) -> None:
        """The meter's clock was set; nothing is open then."""
        self._samples = [at_ns + by_ns for at_ns in self._samples]

    def _close(self, gap: str) -> Window:
        parts, self._open = self._open, []
        start_ns, end_ns = parts[0].start_ns, parts[-1].end_ns
        energy = Energy()
        for part in parts:
            energy += part.energy
        self._total += energy
        self.mark = Mark(end_ns, self._total, self._register_mj, self._track.power_mw(end_ns))
        blind = [part for part in parts if part.missing_ns or part.low_mj is not None]
        bounded = bool(blind) and all(part.high_mj is not None for part in blind)
        samples = sum(at_ns < end_ns for at_ns in self._samples)
        self._samples = [at_ns for at_ns in self._samples if at_ns >= end_ns]
        return Window(
            device=self._meter,
            scope=SCOPE,
            start_ns=start_ns,
            end_ns=end_ns,
            # What is missing is not accounted for: a register that lacks it is seen to be short.
            duration_ns=end_ns - start_ns - sum(part.missing_ns for part in parts),
            covered_ns=sum(part.covered_ns for part in parts),
            samples=samples,
            energy=energy,
            total_mj=self._total.total_mj,
            power=power_stat(self._track, start_ns, end_ns),
            gap=gap,
            low_mj=sum(_known(part, part.low_mj) for part in parts) if bounded else None,
            high_mj=sum(_known(part, part.high_mj) for part in parts) if bounded else None,
        )


def _known(part: Piece, bound_mj: int | None) -> int:
    return part.energy.total_mj if bound_mj is None else bound_mj


def power_stat(track: MeterTrack, start_ns: int, end_ns: int) -> PowerStat | None:
    """Statistics of measured power over a span; None where nothing was measured."""
    seen: list[int] = []
    area = covered_ns = 0
    for stretch in track.within(start_ns, end_ns):
        if stretch.known is Known.MEASURED:
            left, right = max(stretch.start_ns, start_ns), min(stretch.end_ns, end_ns)
            seen += (stretch.power_mw(left), stretch.power_mw(right))
            area += stretch.area(right) - stretch.area(left)
            covered_ns += right - left
    if not covered_ns:
        return None
    mean_mw = area / (2 * covered_ns)
    return PowerStat(minimum=min(seen) / 1000, mean=mean_mw / 1000, maximum=max(seen) / 1000)
