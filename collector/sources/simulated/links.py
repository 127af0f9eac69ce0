"""Links of a simulated GPU: what they are by its architecture, and bytes that follow its load."""

from collections.abc import Callable, Mapping

from collector.sources.simulated.grid import REFRESHES
from collector.sources.simulated.models import BoardModel
from collector.sources.simulated.moment import Moment

_PCIE_GENERATION = {"Ampere": 4.0, "Hopper": 5.0, "Blackwell": 5.0}
_NVLINKS = {"Ampere": 12.0, "Hopper": 18.0, "Blackwell": 18.0}
_C2C_LINKS = 5.0
"""A guess, like the figures below: an order of magnitude that a collective may bring."""
_NVLINK_BYTES_A_JOULE = 2.5e8
_PCIE_BYTES_A_JOULE = {"tx": 2e6, "rx": 6e6}
_RESTING_RATIO = 0.9
"""Share of idle power that moves no data; not all of it, so that counts never fall."""

OFFERED: Mapping[str, Callable[[BoardModel], bool]] = {
    name: lambda model: model.is_module
    for name in ("c2c_links", "c2c_down", "in_fabric", "in_fabric_seconds")
}
"""Quantities that not every model has, and which have them."""


def _busy_joules(moment: Moment) -> float:
    """Energy since the start, without what an idle board would have used."""
    idle_mj = _RESTING_RATIO * moment.model.idle_mw * moment.state.refresh / REFRESHES
    return max(0.0, moment.state.energy_mj - idle_mj) / 1000


LINK_QUANTITIES: Mapping[str, Callable[[Moment], float | None]] = {
    "pcie_generation": lambda m: _PCIE_GENERATION[m.model.architecture],
    "pcie_width": lambda _: 16.0,
    "pcie_bytes_tx": lambda m: float(int(_busy_joules(m) * _PCIE_BYTES_A_JOULE["tx"])),
    "pcie_bytes_rx": lambda m: float(int(_busy_joules(m) * _PCIE_BYTES_A_JOULE["rx"])),
    "nvlink_bytes": lambda m: float(int(_busy_joules(m) * _NVLINK_BYTES_A_JOULE)),
    "nvlink_links": lambda m: _NVLINKS[m.model.architecture],
    "c2c_links": lambda _: _C2C_LINKS,
    "c2c_down": lambda _: 0.0,
    "in_fabric": lambda _: 1.0,
    "in_fabric_seconds": lambda m: float(m.state.refresh // REFRESHES),
}
"""What each name gives."""
