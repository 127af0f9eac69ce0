"""The site file against the tree that the facility's metadata draws."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.sitefile import DifferenceKind, compare, load
from collector.sitefile.model import Site
from tests.sitefile.texts import TREE, loaded

ROOT = Path(__file__).parents[2]
TEXT = (
    TREE
    + """
[[rack]]
id = "r2"
branches = ["ups-a"]

[[meter]]
id = "border"
branch = "grid"
dsx_object = "PM-001"

[[meter_range]]
id = "ups-{side}"
count = { side = ["a", "b"] }
branch = "ups-{side}"
"""
)
AGREED: Mapping[str, Sequence[str]] = {
    "PM-001": ["ups-a", "ups-b"],
    "ups-a": ["r1", "r2"],
    "ups-b": ["r1"],
}


@pytest.fixture(name="site")
def a_site(tmp_path: Path) -> Site:
    """A feed, A and B, a rack on both and one on A."""
    return loaded(tmp_path, TEXT)


def texts_of(site: Site, serves: Mapping[str, Sequence[str]]) -> list[tuple[str, str, str]]:
    """Kind, subject and words of all differences."""
    return [(one.kind.value, one.subject, one.text) for one in compare(site, serves)]


def test_trees_that_agree(site: Site) -> None:
    assert compare(site, AGREED) == []


def test_a_branch_that_the_facility_does_not_meter_may_stand_between(tmp_path: Path) -> None:
    text = TEXT.replace('parent = "grid"', 'parent = "msb"')
    text += '[[branch]]\nid = "msb"\nlevel = "switchboard"\nparent = "grid"\n'
    assert compare(loaded(tmp_path, text), AGREED) == []


def test_what_the_facility_has_and_the_file_has_not(site: Site) -> None:
    serves = {**AGREED, "ups-b": ["r1", "r9"], "PM-002": ["r1"]}
    assert texts_of(site, serves) == [
        (
            "unknown",
            "PM-002",
            'the facility has "PM-002"; in the site file no meter, rack or branch is called so',
        ),
        (
            "unknown",
            "r9",
            'the facility has "r9"; in the site file no meter, rack or branch is called so',
        ),
    ]


def test_what_hangs_elsewhere(site: Site) -> None:
    serves = {**AGREED, "ups-a": ["r1"], "ups-b": ["r1", "r2"]}
    assert texts_of(site, serves) == [
        (
            "elsewhere",
            "r2",
            'the facility says that "ups-b" feeds "r2"; in the site file "r2" is fed by "ups-a"',
        )
    ]


def test_upside_down(site: Site) -> None:
    assert ("elsewhere", "grid") in [
        (one.kind.value, one.subject) for one in compare(site, {**AGREED, "ups-a": ["PM-001"]})
    ]


def test_what_the_facility_goes_past(site: Site) -> None:
    serves = {**AGREED, "PM-001": ["ups-a", "ups-b", "r2"], "ups-a": ["r1"]}
    assert texts_of(site, serves) == [
        (
            "between",
            "r2",
            (
                'the facility says that "PM-001" feeds "r2" directly; in the site file it does so '
                'by way of "ups-a"'
            ),
        )
    ]


def test_what_the_facility_does_not_serve(site: Site) -> None:
    assert texts_of(site, {**AGREED, "ups-b": []}) == [
        (
            "unserved",
            "r1",
            'the site file has "r1" below "ups-b"; the facility does not say that it feeds it',
        )
    ]


def test_what_the_facility_names_nowhere(site: Site) -> None:
    assert texts_of(site, {"PM-001": ["ups-a"], "ups-a": ["r1"]}) == [
        ("absent", "ups-b", 'the site file has the meter "ups-b"; the facility names no "ups-b"'),
        ("absent", "r2", 'the site file has the rack "r2"; the facility names no "r2"'),
    ]


def test_racks_are_not_missed_where_the_facility_names_none(site: Site) -> None:
    assert compare(site, {"PM-001": ["ups-a", "ups-b"]}) == []


def test_nothing_from_the_facility_leaves_all_meters_absent(site: Site) -> None:
    assert {one.kind for one in compare(site, {})} == {DifferenceKind.ABSENT}


IDS = st.sampled_from(["PM-001", "border", "grid", "ups-a", "ups-b", "r1", "r2", "x", "y"])


def test_any_facility(site: Site) -> None:
    """Cycles and nonsense are told, not followed."""

    @given(st.dictionaries(IDS, st.lists(IDS, max_size=5), max_size=6))
    def check(serves: dict[str, list[str]]) -> None:
        differences = compare(site, serves)
        assert all(one.text and one.subject for one in differences)
        objects = {*serves, *(o for ids in serves.values() for o in ids)}
        unknown = {one.subject for one in differences if one.kind is DifferenceKind.UNKNOWN}
        # The meter "border" is known by its objectId, not by its id.
        assert unknown == objects & {"x", "y", "border"}

    check()


def test_the_largest_site_against_itself() -> None:
    """What the facility would say if it knew the same tree."""
    site = load(ROOT / "deploy/sites/computing-centre-phase-4.toml")
    serves: dict[str, list[str]] = {branch: [] for branch in site.branches}
    for branch in site.branches.values():
        for parent in branch.parents:
            serves[parent].append(branch.id)
    measured = {meter.branch: meter.dsx_object or meter.id for meter in site.meters.values()}
    named = {
        measured.get(upper, upper): [measured.get(lower, lower) for lower in below]
        for upper, below in serves.items()
    }
    assert compare(site, named) == []


def test_what_the_facility_describes_elsewhere_is_not_absent(site: Site) -> None:
    """Racks publish by themselves, and no meter has to say that it feeds them."""
    serves = {**AGREED, "ups-a": ["r1"]}
    (difference,) = compare(site, serves)
    assert difference.kind is DifferenceKind.ABSENT
    assert difference.subject == "r2"
    assert compare(site, serves, {"r2"}) == []
