"""All checks of a site file, in an order in which each can rely on those before it."""

from pathlib import Path

from collector.sitefile.checks.factors import check_factors
from collector.sitefile.checks.meters import check_meters
from collector.sitefile.checks.people import check_people
from collector.sitefile.checks.places import check_places
from collector.sitefile.checks.power import check_power
from collector.sitefile.checks.redundancy import check_redundancy
from collector.sitefile.checks.tree import check_tree
from collector.sitefile.draft import Draft
from collector.sitefile.problems import Problems


def check(draft: Draft, problems: Problems, folder: Path) -> None:
    """Check what was read.

    Args:
        draft: what was read.
        problems: takes errors and warnings.
        folder: what a relative path in the file is relative to.
    """
    check_tree(draft, problems)
    check_places(draft, problems)
    check_meters(draft, problems)
    check_people(draft, problems, folder)
    check_factors(draft, problems)
    if not problems.failed:  # these walk the tree, which must be sound
        check_power(draft, problems)
        check_redundancy(draft, problems)
