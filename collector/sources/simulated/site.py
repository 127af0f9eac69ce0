"""A small site that trains: two feeds, a UPS on each, four racks, cooling. Pure and seeded.

Power is constant within a second and in whole milliwatts, so that energy is whole millijoules and
what enters a branch is what leaves it and what is lost there, exactly.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import cos, pi
from random import Random
from typing import Final

from collector.sources.simulated.grid import REFRESHES
from collector.sources.simulated.workload import SHIFT_SECONDS, Job, Phase, Stretch, plan_shift

RACKS: Final = 4
SIDES: Final = ("a", "b")
UTILITY_METER: Final = "grid-border"
_IDLE_MW: Final = 34_000_000
_FULL_MW: Final = 129_000_000
"""An NVL72 rack draws about 120 kW under load and may draw 132 kW."""
_OTHER_LEVELS: Final = {Phase.IDLE: 0.0, Phase.LOAD: 0.12, Phase.CHECKPOINT: 0.16}
_UPS_FIXED_MW: Final = 3_000_000
_UPS_PERMILLE: Final = 22
_TRANSFORMER_FIXED_MW: Final = 1_200_000
_TRANSFORMER_PERMILLE: Final = 6
_COOLING_FIXED_MW: Final = 6_000_000
_COOLING_PERMILLE: Final = 70
_WARM_PERMILLE: Final = 45
"""What cooling takes more on the warmest hour than on the coldest."""
_COOLING_LAG_SECONDS: Final = (0, 20, 40, 60, 80)
_A_PERMILLE: Final = 506
"""Power supplies never share quite evenly."""
_DAY_SECONDS: Final = 86_400
_COLDEST_SECOND: Final = 20 * 3600
"""05:00 in Seoul, by UTC."""
_SUPPLY_CELSIUS: Final = 31.0
_WARM_CELSIUS: Final = 3.0
_RISE_CELSIUS: Final = 11.0


@dataclass(frozen=True, slots=True)
class SitePower:
    """A second of the site, in milliwatts.

    Attributes:
        racks_mw: by rack, from 1 on.
        ups_out_mw: by side, what the racks take from it.
        ups_in_mw: by side, with the UPS's losses.
        cooling_mw: by side.
        feeds_mw: by side: UPS and cooling.
        grid_mw: both feeds, with the transformers' losses.
    """

    racks_mw: tuple[int, ...]
    ups_out_mw: tuple[int, ...]
    ups_in_mw: tuple[int, ...]
    cooling_mw: tuple[int, ...]
    feeds_mw: tuple[int, ...]
    grid_mw: int

    def by_meter(self) -> Mapping[str, int]:
        """Power by the meters of `demo-site.toml`, in milliwatts."""
        found = {UTILITY_METER: self.grid_mw}
        for side, feed, ups, cooling in zip(
            SIDES, self.feeds_mw, self.ups_out_mw, self.cooling_mw, strict=True
        ):
            found[f"feed-{side}-input"] = feed
            found[f"ups-{side}-output"] = ups
            found[f"cooling-{side}-input"] = cooling
        for rack, power in enumerate(self.racks_mw, 1):
            found[f"rack-{rack}-power"] = power
        return found


class SimulatedSite:
    """A site as a function of the time: the same seed gives the same power at the same second.

    Args:
        seed: of the simulation.
    """

    def __init__(self, seed: int = 1) -> None:
        self._seed = seed
        draw = Random(f"{seed}/site").random  # noqa: S311 - play, not secrets
        self._gains = tuple(965 + round(35 * draw()) for _ in range(RACKS))
        self._it_mw = lru_cache(maxsize=1024)(self._racks)

    def power(self, second: int) -> SitePower:
        """Power in a second, counted from 1970 in UTC."""
        racks = self._it_mw(second)
        ups_out = _halved(sum(racks))
        ups_in = tuple(out + _UPS_FIXED_MW + out * _UPS_PERMILLE // 1000 for out in ups_out)
        cooling = _halved(self._cooling(second))
        feeds = tuple(one + other for one, other in zip(ups_in, cooling, strict=True))
        through = sum(feeds)
        grid = through + _TRANSFORMER_FIXED_MW + through * _TRANSFORMER_PERMILLE // 1000
        return SitePower(racks, ups_out, ups_in, cooling, feeds, grid)

    def coolant(self, second: int) -> Mapping[str, tuple[float, float]]:
        """Supply and return temperature of each rack's loop, by its meter, degrees Celsius."""
        supply = _SUPPLY_CELSIUS + _WARM_CELSIUS * _warmth(second)
        recent = [self._it_mw(second - ago) for ago in _COOLING_LAG_SECONDS]
        found = {}
        for rack in range(RACKS):
            mean = sum(racks[rack] for racks in recent) / len(recent)
            back = supply + _RISE_CELSIUS * mean / _FULL_MW
            found[f"rack-{rack + 1}-power"] = (round(supply, 2), round(back, 2))
        return found

    def _racks(self, second: int) -> tuple[int, ...]:
        """All but the last rack work on one job; the last has its own."""
        shared = self._level(self._seed, second)
        own = self._level(self._seed + 1, second)
        noise = Random(f"{self._seed}/rack/{second}").random  # noqa: S311 - play, not secrets
        found = []
        for rack, gain in enumerate(self._gains):
            level = own if rack == RACKS - 1 else shared
            wanted = _IDLE_MW + round((_FULL_MW - _IDLE_MW) * level)
            found.append(min(_FULL_MW, wanted * gain // 1000 + round(600_000 * (noise() - 0.5))))
        return tuple(found)

    def _cooling(self, second: int) -> int:
        """It follows the heat slowly, and the day."""
        heat = [sum(self._it_mw(second - ago)) for ago in _COOLING_LAG_SECONDS]
        permille = _COOLING_PERMILLE + round(_WARM_PERMILLE * _warmth(second))
        return _COOLING_FIXED_MW + sum(heat) // len(heat) * permille // 1000

    @staticmethod
    def _level(seed: int, second: int) -> float:
        """Mean level of a job over a second, 0 idle to 1 full."""
        shift = plan_shift(seed, second // SHIFT_SECONDS)
        at, end = second * REFRESHES, (second + 1) * REFRESHES
        total = 0.0
        for stretch in shift.stretches:
            if stretch.end > at:
                until = min(end, stretch.end)
                total += sum(_asked(stretch, shift.job, refresh) for refresh in range(at, until))
                at = until
            if at == end:
                break
        return total / REFRESHES


def _asked(stretch: Stretch, job: Job, refresh: int) -> float:
    if stretch.phase is Phase.TRAIN:
        number, place = divmod(refresh - stretch.start, len(job.step))
        return min(1.0, job.level(number, place))
    if stretch.phase is Phase.RAMP:
        return job.mean * (refresh - stretch.start) / (stretch.end - stretch.start)
    return _OTHER_LEVELS[stretch.phase]


def _halved(power_mw: int) -> tuple[int, ...]:
    """A load with two supplies, put down to both without a rest."""
    first = power_mw * _A_PERMILLE // 1000
    return (first, power_mw - first)


def _warmth(second: int) -> float:
    """How warm it is outside, 0 at the coldest of the day to 1."""
    return 0.5 - 0.5 * cos(2 * pi * (second - _COLDEST_SECOND) / _DAY_SECONDS)
