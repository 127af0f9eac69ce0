"""The site file against the tree that the facility's own metadata draws (DSX `servesId`)."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from collector.sitefile.model import Level, Site
from collector.sitefile.tree import above


class DifferenceKind(StrEnum):
    """How the two trees differ."""

    UNKNOWN = "unknown"
    """The facility names what the site file does not have."""
    ABSENT = "absent"
    """The site file has what the facility names nowhere."""
    ELSEWHERE = "elsewhere"
    """The facility has it below another branch."""
    BETWEEN = "between"
    """The site file has a branch in between that the facility knows too, but goes past."""
    UNSERVED = "unserved"
    """The site file has it below a branch, the facility does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One difference.

    Attributes:
        kind: how they differ.
        subject: the facility's object or the site file's id that it is about.
        text: in words.
    """

    kind: DifferenceKind
    subject: str
    text: str


def compare(
    site: Site, serves: Mapping[str, Sequence[str]], others: Collection[str] = ()
) -> list[Difference]:
    """Tell where the facility's tree and the site file's differ.

    An object of the facility is a meter's `dsx_object`, or the id of a meter, rack or branch.
    Branches that the facility does not name may stand between two that it does.

    Args:
        site: the site file.
        serves: by objectId of a meter, the objectIds and rackLocationIds that it feeds.
        others: objects that the facility describes, and of which it does not say what feeds them.

    Returns:
        All differences, in the order of `serves`, then of the site file; empty if they agree.
    """
    trees = _Trees(site, serves, others)
    misplaced = list(trees.misplaced())
    told = {difference.subject for difference in misplaced}
    unserved = (difference for difference in trees.unserved() if difference.subject not in told)
    return [*trees.unknown(), *misplaced, *unserved, *trees.absent()]


class _Trees:
    def __init__(
        self, site: Site, serves: Mapping[str, Sequence[str]], others: Collection[str]
    ) -> None:
        self._site = site
        self._others = frozenset(others)
        self._branch_of = _branches_by_object(site)
        self._objects = list(dict.fromkeys([*serves, *(o for ids in serves.values() for o in ids)]))
        self._named = {self._branch_of[o] for o in self._objects if o in self._branch_of}
        self._served: dict[str, set[str]] = {}
        """By branch, the branches that the facility says it feeds."""
        for name, ids in serves.items():
            if name in self._branch_of:
                below = self._served.setdefault(self._branch_of[name], set())
                below.update(self._branch_of[o] for o in ids if o in self._branch_of)
        self._links = [(name, target) for name, ids in serves.items() for target in ids]

    def unknown(self) -> Iterator[Difference]:
        for name in self._objects:
            if name not in self._branch_of:
                yield Difference(
                    kind=DifferenceKind.UNKNOWN,
                    subject=name,
                    text=f'the facility has "{name}"; in the site file no meter, rack or branch '
                    "is called so",
                )

    def misplaced(self) -> Iterator[Difference]:
        for name, target in dict.fromkeys(self._links):
            upper, lower = self._branch_of.get(name), self._branch_of.get(target)
            if upper is None or lower is None or upper == lower:
                continue
            way = above(self._site.branches, lower)
            if upper not in way:
                fed_by = self._site.branches[lower].parents
                yield Difference(
                    kind=DifferenceKind.ELSEWHERE,
                    subject=lower,
                    text=f'the facility says that "{name}" feeds "{target}"; in the site file '
                    + (f'"{lower}" is fed by {_quoted(fed_by)}' if fed_by else "nothing feeds it"),
                )
            elif between := self._between(upper, lower):
                yield Difference(
                    kind=DifferenceKind.BETWEEN,
                    subject=lower,
                    text=f'the facility says that "{name}" feeds "{target}" directly; in the site '
                    f'file it does so by way of "{between}"',
                )

    def unserved(self) -> Iterator[Difference]:
        for lower in self._site.branches:
            if lower not in self._named:
                continue
            nearest = self._nearest_named(lower)
            further = {up for one in nearest for up in above(self._site.branches, one)}
            for upper in sorted(nearest - further):
                if lower not in self._served.get(upper, ()):
                    yield Difference(
                        kind=DifferenceKind.UNSERVED,
                        subject=lower,
                        text=f'the site file has "{lower}" below "{upper}"; the facility does not '
                        "say that it feeds it",
                    )

    def absent(self) -> Iterator[Difference]:
        for meter in self._site.meters.values():
            name = meter.dsx_object or meter.id
            if name not in self._objects and name not in self._others:
                yield self._absent("meter", meter.id, name)
        if any(self._site.branches[one].level is Level.RACK for one in self._named):
            for rack in self._site.racks:
                if rack not in self._named and rack not in self._others:
                    yield self._absent("rack", rack, rack)

    @staticmethod
    def _absent(kind: str, name: str, called: str) -> Difference:
        return Difference(
            kind=DifferenceKind.ABSENT,
            subject=name,
            text=f'the site file has the {kind} "{name}"; the facility names no "{called}"',
        )

    def _between(self, upper: str, lower: str) -> str:
        """A branch on the way that the facility names; empty if there is a way without one."""
        on_the_way = [
            one
            for one in above(self._site.branches, lower)
            if one in self._named and upper in above(self._site.branches, one)
        ]
        return "" if upper in self._nearest_named(lower) else next(iter(on_the_way), "")

    def _nearest_named(self, lower: str) -> set[str]:
        """What feeds a branch, stepping over branches that the facility does not name."""
        found: set[str] = set()
        level = self._site.branches[lower].parents
        while level:
            found.update(one for one in level if one in self._named)
            level = tuple(
                up
                for one in level
                if one not in self._named
                for up in self._site.branches[one].parents
            )
        return found


def _branches_by_object(site: Site) -> Mapping[str, str]:
    """By the facility's name of an object, the branch that it is."""
    found = {branch: branch for branch in site.branches}
    found.update({meter.id: meter.branch for meter in site.meters.values() if not meter.dsx_object})
    found.update({m.dsx_object: m.branch for m in site.meters.values() if m.dsx_object})
    return found


def _quoted(names: Sequence[str]) -> str:
    return " and ".join(f'"{name}"' for name in names)
