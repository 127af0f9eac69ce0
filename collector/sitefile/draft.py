"""A site that is not checked yet: values by id, and where in the file each was written."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from collector.sitefile.model import (
    Branch,
    EmissionFactor,
    Level,
    MeterSpec,
    Node,
    Rack,
    Receiver,
    Team,
    Tenant,
)
from collector.sitefile.positions import Path

_RACK_KEYS: Mapping[str, str] = {"rating_watts": "limit_watts", "parents": "branches"}
_BRANCH_KEYS: Mapping[str, str] = {"parents": "parent"}


@dataclass(slots=True, kw_only=True)
class Draft:
    """What was read. Ids are unique, but may name what does not exist.

    Attributes:
        branches: by id, those of racks among them; not in order.
        unsure: kinds of which some table could not be read: an id may only seem unknown.
    """

    branches: dict[str, Branch] = field(default_factory=dict)
    meters: dict[str, MeterSpec] = field(default_factory=dict)
    racks: dict[str, Rack] = field(default_factory=dict)
    nodes: dict[str, Node] = field(default_factory=dict)
    receivers: dict[str, Receiver] = field(default_factory=dict)
    teams: dict[str, Team] = field(default_factory=dict)
    tenants: dict[str, Tenant] = field(default_factory=dict)
    factors: dict[str, EmissionFactor] = field(default_factory=dict)
    demand_target_watts: float | None = None
    unsure: set[str] = field(default_factory=set)
    paths: dict[tuple[str, str], Path] = field(default_factory=dict)
    """By kind and id."""

    def where(self, kind: str, name: str, key: str) -> Path:
        """The place of a key of the table with an id."""
        return (*self.paths[kind, name], key)

    def where_branch(self, branch: Branch, key: str) -> Path:
        """The place of a branch's attribute; a rack's branch is written as a rack."""
        if branch.level is Level.RACK:
            return self.where("rack", branch.id, _RACK_KEYS.get(key, key))
        return self.where("branch", branch.id, _BRANCH_KEYS.get(key, key))
