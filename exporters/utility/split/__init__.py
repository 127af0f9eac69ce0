"""Whose energy, cost and carbon it is: by rack, row, hall, node and tenant, to the last won."""

from exporters.utility.split.account import Rule, Whole, split
from exporters.utility.split.errors import SplitError
from exporters.utility.split.measure import measure
from exporters.utility.split.server import Server
from exporters.utility.split.values import (
    Basis,
    Cut,
    Kind,
    Measured,
    NodeEnergy,
    Place,
    Share,
    Split,
)

__all__ = [
    "Basis",
    "Cut",
    "Kind",
    "Measured",
    "NodeEnergy",
    "Place",
    "Rule",
    "Server",
    "Share",
    "Split",
    "SplitError",
    "Whole",
    "measure",
    "split",
]
