"""Power smoothing, which keeps a Blackwell GPU's power from rising or falling at once.

The driver shows it to those alone whom the board's manager allows to see it (privilege level 1 or
2, by Redfish): elsewhere it is not offered.
"""

from collections.abc import Callable
from contextlib import suppress

from collector.sources.nvml.library import Door, Handle
from collector.sources.nvml.readers.base import Found, Reader, Series, UnsupportedError
from collector.sources.nvml.readers.driver import Fields
from collector.sources.nvml.readers.layout import smoothing_base

_ENABLED, _RAMP_DOWN_AT_ONCE, _CEILING, _FLOOR, _LIFETIME = 0, 2, 3, 4, 7
_PROFILE_UP, _PROFILE_DOWN, _PROFILE, _OVERRIDE_UP, _OVERRIDE_DOWN = 10, 11, 13, 15, 16
"""NVML_FI_PWR_SMOOTHING_*, counted from the first."""
_MILLI, _PERCENT = 1e-3, 1e-2
_PLACES: dict[int, tuple[str, tuple[str, ...], float]] = {
    _ENABLED: ("state", ("enabled",), 1.0),
    _RAMP_DOWN_AT_ONCE: ("state", ("immediate_ramp_down",), 1.0),
    _CEILING: ("applied", ("ceiling",), 1.0),
    _FLOOR: ("applied", ("floor",), 1.0),
    _LIFETIME: ("lifetime", (), _PERCENT),
    _PROFILE: ("profile", (), 1.0),
    _OVERRIDE_UP: ("ramp", ("override", "up"), _MILLI),
    _OVERRIDE_DOWN: ("ramp", ("override", "down"), _MILLI),
}
"""Output, labels and unit of each; ramps are in mW/s, and so in watts over 1 s."""
_RAMPS = {_PROFILE_UP: "up", _PROFILE_DOWN: "down"}
_NO_OVERRIDE = 0xFFFFFFFF
_SWITCH = (0, 1)


class PowerSmoothing(Reader):
    """What is in force, and what was asked for in its place."""

    def __init__(self, door: Door, handle: Handle) -> None:
        base = smoothing_base(door, handle)
        self._fields = Fields(door, handle, {place: (base + place, 0) for place in _PLACES})
        if self._fields.ask().get(_ENABLED) not in _SWITCH or self._fields.wide(_ENABLED):
            raise UnsupportedError("the driver keeps something else where its switch would be")
        self._profile: int | None = None
        self._ramps: Fields[int] | None = None

        def ramps(profile: int) -> Fields[int]:
            return Fields(door, handle, {place: (base + place, profile) for place in _RAMPS})

        self._ramps_of: Callable[[int], Fields[int]] = ramps
        self._outputs = frozenset(_PLACES[place][0] for place in self._fields.keys)
        self._look_at(self._fields.ask().get(_PROFILE))

    @property
    def outputs(self) -> frozenset[str]:
        """`state`, `applied`, `lifetime`, `profile` and `ramp`, as far as they are offered."""
        return self._outputs | ({"ramp"} if self._ramps is not None else set())

    def read(self) -> Found:
        """Everything; ramps are those of the profile in force, and an operator's in its place."""
        values: dict[str, Series] = {}
        counts = self._fields.ask()
        for place, count in counts.items():
            output, labels, unit = _PLACES[place]
            if output != "ramp" or count != _NO_OVERRIDE:
                values.setdefault(output, {})[labels] = count * unit
        self._look_at(counts.get(_PROFILE))
        if self._ramps is not None:
            for place, count in self._ramps.ask().items():
                values.setdefault("ramp", {})["profile", _RAMPS[place]] = count * _MILLI
        return Found(values)

    def _look_at(self, profile: float | None) -> None:
        """The fields of a profile take its number as their scope."""
        if profile is None or int(profile) == self._profile:
            return
        self._profile, self._ramps = int(profile), None
        with suppress(UnsupportedError):
            self._ramps = self._ramps_of(self._profile)
