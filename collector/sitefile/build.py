"""From tables to values, each id once."""

from collections.abc import Mapping

from collector.sitefile.draft import Draft
from collector.sitefile.model import (
    Branch,
    EmissionFactor,
    Level,
    MeterSpec,
    Node,
    Rack,
    Receiver,
    Role,
    Team,
    Tenant,
)
from collector.sitefile.positions import Path
from collector.sitefile.problems import Problems
from collector.sitefile.read import Reader
from collector.sitefile.schema import (
    BranchTable,
    EmissionFactorTable,
    MeterTable,
    NodeTable,
    RackTable,
    ReceiverTable,
    TeamTable,
    TenantTable,
)


def draft_of(reader: Reader, problems: Problems) -> Draft:
    """All that a file has many of.

    Args:
        reader: gives the tables.
        problems: takes what is wrong.
    """
    draft = Draft()
    unique = _Unique(draft.paths, problems)
    for branch in reader.many("branch", BranchTable):
        if unique("branch", branch.table.id, branch.path):
            draft.branches[branch.table.id] = _branch(branch.table)
    for rack in reader.many("rack", RackTable):
        if unique("rack", rack.table.id, rack.path, also="branch"):
            draft.racks[rack.table.id] = _rack(rack.table)
            draft.branches[rack.table.id] = _branch_of(rack.table)
    for meter in reader.many("meter", MeterTable):
        if unique("meter", meter.table.id, meter.path):
            draft.meters[meter.table.id] = _meter(meter.table)
    for node in reader.many("node", NodeTable):
        if unique("node", node.table.name, node.path, key="name"):
            draft.nodes[node.table.name] = _node(node.table)
    _add_people(draft, reader, unique)
    _add_factors(draft, reader, unique)
    draft.unsure = reader.unsure
    return draft


def _add_people(draft: Draft, reader: Reader, unique: "_Unique") -> None:
    for receiver in reader.many("receiver", ReceiverTable):
        if unique("receiver", receiver.table.name, receiver.path, key="name"):
            draft.receivers[receiver.table.name] = Receiver(**receiver.table.model_dump())
    for team in reader.many("team", TeamTable):
        if unique("team", team.table.name, team.path, key="name"):
            draft.teams[team.table.name] = _team(team.table)
    for tenant in reader.many("tenant", TenantTable):
        if unique("tenant", tenant.table.name, tenant.path, key="name"):
            draft.tenants[tenant.table.name] = _tenant(tenant.table)


def _add_factors(draft: Draft, reader: Reader, unique: "_Unique") -> None:
    for factor in reader.many("emission_factor", EmissionFactorTable):
        name = f"{factor.table.name} from {factor.table.valid_from}"
        if unique("emission_factor", name, factor.path, key="valid_from"):
            draft.factors[name] = EmissionFactor(**factor.table.model_dump())


class _Unique:
    """Notes where each id stands, and a second one of the same as an error."""

    def __init__(self, paths: dict[tuple[str, str], Path], problems: Problems) -> None:
        self._paths = paths
        self._problems = problems

    def __call__(
        self, kind: str, name: str, path: Path, *, also: str = "", key: str = "id"
    ) -> bool:
        first = self._paths.get((kind, name)) or self._paths.get((also, name))
        if first is None:
            self._paths[kind, name] = path
            return True
        line = self._problems.line_of(first)
        text = f"is there already, as {first[0]} in line {line}; each must be unique"
        self._problems.error((*path, key), text, name)
        return False


def _branch(table: BranchTable) -> Branch:
    return Branch(
        id=table.id,
        level=Level(table.level),
        parents=(table.parent,) if table.parent else (),
        rating_watts=table.rating_watts,
        derating_ratio=table.derating_ratio,
        redundancy_group=table.redundancy_group,
        budget_watts=table.budget_watts,
        contract_watts=table.contract_watts,
        ramp_limits_watts=_sorted(table.ramp_limits_watts),
    )


def _sorted(limits: Mapping[int, float]) -> Mapping[int, float]:
    return dict(sorted(limits.items()))


def _branch_of(table: RackTable) -> Branch:
    return Branch(
        id=table.id,
        level=Level.RACK,
        parents=tuple(table.branches),
        rating_watts=table.limit_watts,
        budget_watts=table.budget_watts,
        rack=table.id,
    )


def _rack(table: RackTable) -> Rack:
    return Rack(
        id=table.id,
        hall=table.hall,
        row=table.row,
        branches=tuple(table.branches),
        limit_watts=table.limit_watts,
        gpus=table.gpus,
    )


def _meter(table: MeterTable) -> MeterSpec:
    return MeterSpec(
        id=table.id,
        branch=table.branch,
        role=Role(table.role),
        register=table.register_,
        stale_seconds=table.stale_seconds,
        rollover_joules=table.rollover_joules,
        dsx_object=table.dsx_object,
        side=table.side,
    )


def _node(table: NodeTable) -> Node:
    return Node(
        name=table.name,
        rack=table.rack,
        address=table.address or table.name,
        tenant=table.tenant,
    )


def _team(table: TeamTable) -> Team:
    return Team(
        name=table.name,
        halls=tuple(table.halls),
        racks=tuple(table.racks),
        receivers={severity: tuple(names) for severity, names in table.receivers.items()},
    )


def _tenant(table: TenantTable) -> Tenant:
    return Tenant(name=table.name, nodes=tuple(table.nodes), racks=tuple(table.racks))
