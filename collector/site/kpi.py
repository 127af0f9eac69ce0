"""Key figures of a site: PUE, CUE, load factor; each with its meters and its coverage.

PUE is E_DC / E_IT (ISO/IEC 30134-2), over 12 months; over anything shorter it is interim. CUE is
the emissions of the energy bought over E_IT (ISO/IEC 30134-8). The load factor is mean over peak
demand. Both sides of a ratio cover the same time: a quarter-hour counts where all meters of both
are known.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from collector.site.quarters import QUARTER_NS, local_time
from collector.sitefile.model import EmissionFactor

WINDOWS: Mapping[str, int] = {"15m": 1, "1d": 96, "30d": 2_880, "365d": 35_040}
"""Length in quarter-hours."""
_KEEP = 36_000
LEAST_COVERAGE = 0.95
_KNOWN = 0.99
_MILLIJOULES_PER_KWH = 3_600_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class KpiMeters:
    """Which meters make the figures. None of them measures what another one does.

    Attributes:
        utility: what is bought.
        generation: what is made on the site.
        it: what the IT equipment gets, at the point that the category says.
        category: 1 at the UPS's output, 2 at the PDU's, 3 at the IT equipment's input.
    """

    utility: tuple[str, ...]
    generation: tuple[str, ...]
    it: tuple[str, ...]
    category: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A key figure over a window.

    Attributes:
        value: the ratio; None where too little is known.
        coverage_ratio: the share of the window's quarter-hours that it is made of.
        interim: whether the window is shorter than the figure's definition asks for.
        category: see `KpiMeters`; 0 where it does not matter.
        meters: the meters that it is made of.
    """

    value: float | None
    coverage_ratio: float
    interim: bool
    category: int
    meters: tuple[str, ...]


@dataclass(slots=True)
class _Slot:
    """One quarter-hour; the one mutable value here: it is summed in place."""

    utility_mj: int = 0
    generation_mj: int = 0
    it_mj: int = 0
    dc_known_ns: int = 0
    it_known_ns: int = 0

    def add(self, more: "_Slot") -> None:
        self.utility_mj += more.utility_mj
        self.generation_mj += more.generation_mj
        self.it_mj += more.it_mj
        self.dc_known_ns += more.dc_known_ns
        self.it_known_ns += more.it_known_ns

    @property
    def dc_mj(self) -> int:
        return self.utility_mj + self.generation_mj


class Kpis:
    """Keeps a year of quarter-hours.

    Args:
        meters: which meters make the figures.
        zone: the site's.
        factors: emission factors; those of one authority, each from its day on.
    """

    def __init__(
        self, meters: KpiMeters, zone: ZoneInfo, factors: Iterable[EmissionFactor] = ()
    ) -> None:
        self.meters = meters
        self._zone = zone
        self._factors = sorted(factors, key=lambda factor: factor.valid_from)
        self.slots: dict[int, _Slot] = {}
        """By the begin of the quarter-hour."""
        self._utility, self._generation = frozenset(meters.utility), frozenset(meters.generation)
        self._it = frozenset(meters.it)
        self.wanted = self._utility | self._generation | self._it
        """The meters whose energy is to be added."""
        self._cache: dict[tuple[str, str, int], Figure] = {}
        self._figured_ns = 0

    def add(self, meter: str, start_ns: int, energy_mj: int, known_ns: int) -> None:
        """Add energy of a meter.

        Args:
            meter: its id; others than the wanted ones are left out.
            start_ns: when the stretch begins, UTC; it lies in one quarter-hour.
            energy_mj: its energy.
            known_ns: how much of its time is accounted for.
        """
        if meter not in self.wanted:
            return
        slot_ns = start_ns // QUARTER_NS * QUARTER_NS
        slot = self.slots.setdefault(slot_ns, _Slot())
        if meter in self._it:
            slot.it_mj += energy_mj
            slot.it_known_ns += known_ns
        else:
            slot.dc_known_ns += known_ns
            if meter in self._utility:
                slot.utility_mj += energy_mj
            else:
                slot.generation_mj += energy_mj
        if slot_ns < self._figured_ns:
            self._cache.clear()
            self._figured_ns = 0
        self._bound()

    def absorb(self, other: "Kpis") -> None:
        """Add all that was added to another one, of the same meters."""
        for slot_ns, more in other.slots.items():
            self.slots.setdefault(slot_ns, _Slot()).add(more)
        self._cache.clear()
        self._figured_ns = 0
        self._bound()

    def _bound(self) -> None:
        while len(self.slots) > _KEEP:
            del self.slots[min(self.slots)]

    def pue(self, window: str, end_ns: int) -> Figure:
        """PUE over the window that ends with a quarter-hour's edge."""
        return self._figure("pue", window, end_ns)

    def cue(self, window: str, end_ns: int) -> Figure:
        """CUE, in kilograms of CO2 per kilowatt-hour of IT energy.

        None where a day of the window has no emission factor.
        """
        return self._figure("cue", window, end_ns)

    def load_factor(self, window: str, end_ns: int) -> Figure:
        """Mean over highest quarter-hour of what the site drew."""
        return self._figure("load", window, end_ns)

    def _figure(self, which: str, window: str, end_ns: int) -> Figure:
        end_ns = end_ns // QUARTER_NS * QUARTER_NS
        key = (which, window, end_ns)
        if key not in self._cache:
            if end_ns > self._figured_ns:
                self._cache.clear()
                self._figured_ns = end_ns
            self._cache[key] = self._compute(which, window, end_ns)
        return self._cache[key]

    def _compute(self, which: str, window: str, end_ns: int) -> Figure:
        length = WINDOWS[window]
        both = which != "load"
        slots = {
            start_ns: slot
            for start_ns in range(end_ns - length * QUARTER_NS, end_ns, QUARTER_NS)
            if (slot := self.slots.get(start_ns)) is not None and self._is_known(slot, both=both)
        }
        coverage = len(slots) / length
        value = None
        if slots and coverage >= LEAST_COVERAGE:
            value = {"pue": _pue, "cue": self._cue, "load": _load_factor}[which](slots)
        meters = self.meters
        return Figure(
            value=value,
            coverage_ratio=coverage,
            interim=both and window != "365d",
            category=meters.category if both else 0,
            meters=meters.utility + meters.generation + (meters.it if both else ()),
        )

    def _is_known(self, slot: _Slot, *, both: bool) -> bool:
        meters = self.meters
        dc_meters = len(meters.utility) + len(meters.generation)
        least_ns = _KNOWN * QUARTER_NS
        dc_known = 0 < dc_meters * least_ns <= slot.dc_known_ns
        return dc_known and (not both or 0 < len(meters.it) * least_ns <= slot.it_known_ns)

    def _cue(self, slots: Mapping[int, _Slot]) -> float | None:
        kilograms = 0.0
        it_mj = sum(slot.it_mj for slot in slots.values())
        for start_ns, slot in slots.items():
            factor = self._factor(local_time(start_ns, self._zone).date())
            if factor is None:
                return None
            kilograms += factor * slot.utility_mj / _MILLIJOULES_PER_KWH
        return kilograms / (it_mj / _MILLIJOULES_PER_KWH) if it_mj else None

    def _factor(self, day: date) -> float | None:
        for factor in reversed(self._factors):
            if factor.valid_from <= day:
                return factor.kg_per_kwh
        return None


def _pue(slots: Mapping[int, _Slot]) -> float | None:
    it_mj = sum(slot.it_mj for slot in slots.values())
    return sum(slot.dc_mj for slot in slots.values()) / it_mj if it_mj else None


def _load_factor(slots: Mapping[int, _Slot]) -> float | None:
    peak_mj = max(slot.dc_mj for slot in slots.values())
    return sum(slot.dc_mj for slot in slots.values()) / (len(slots) * peak_mj) if peak_mj else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItComparison:
    """IT energy as the nodes say it, beside what the IT meters say.

    Attributes:
        nodes_joules: sum over nodes.
        meters_joules: sum over meters.
        ratio: nodes over meters; below 1 by what no node sees: switches, fans, losses. None when
            the meters say nothing.
        coverage_ratio: the smaller of both sides' coverage.
    """

    nodes_joules: float
    meters_joules: float
    ratio: float | None
    coverage_ratio: float


def compare_it(
    nodes_joules: float, meters_joules: float, *, nodes_coverage: float, meters_coverage: float
) -> ItComparison:
    """Compare the IT energy of one stretch of time, as nodes and as meters have it."""
    return ItComparison(
        nodes_joules=nodes_joules,
        meters_joules=meters_joules,
        ratio=nodes_joules / meters_joules if meters_joules > 0 else None,
        coverage_ratio=min(nodes_coverage, meters_coverage),
    )
