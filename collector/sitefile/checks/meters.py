"""Meters: that each measures something, and nothing is counted twice."""

from collector.sitefile.draft import Draft
from collector.sitefile.model import Role
from collector.sitefile.problems import Problems


def check_meters(draft: Draft, problems: Problems) -> None:
    """Branches exist, and no two meters are one."""
    objects: dict[str, str] = {}
    measured: dict[tuple[str, str, Role], str] = {}
    for meter in draft.meters.values():
        branch = draft.branches.get(meter.branch)
        if meter.side and branch is not None and meter.side not in branch.parents:
            problems.error(
                draft.where("meter", meter.id, "side"),
                f'does not feed "{meter.branch}"; allowed is one of the two branches that feed it',
                meter.side,
                branch.parents,
            )
        other = measured.setdefault((meter.branch, meter.side, meter.role), meter.id)
        if other != meter.id:
            problems.warn(
                draft.where("meter", meter.id, "branch"),
                f'measures "{meter.branch}" as "{meter.role.value}", and so does "{other}": only '
                "one of the two can count",
                meter.id,
            )
        if meter.branch not in draft.branches and not draft.unsure & {"branch", "rack"}:
            problems.error(
                draft.where("meter", meter.id, "branch"),
                "there is no such branch or rack",
                meter.branch,
                draft.branches,
            )
        name = meter.dsx_object or meter.id
        first = objects.setdefault(name, meter.id)
        if first != meter.id:
            problems.error(
                draft.where("meter", meter.id, "dsx_object"),
                f'"{name}" belongs to meter "{first}" too: its readings would count twice',
                meter.id,
            )
