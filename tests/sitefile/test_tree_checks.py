"""What is wrong with a tree, with places, meters and people."""

from pathlib import Path

import pytest

from tests.sitefile.texts import SITE, TREE, errors_of, line_of, loaded, warnings_of


def branch(name: str, level: str, parent: str = "", more: str = "") -> str:
    """A branch's table."""
    up = f'parent = "{parent}"\n' if parent else ""
    return f'[[branch]]\nid = "{name}"\nlevel = "{level}"\n{up}{more}\n'


def test_a_sound_site_has_no_warning(tmp_path: Path) -> None:
    assert warnings_of(tmp_path, TREE) == []


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        (branch("b", "ups", "grdi"), '"grdi": there is no such branch; did you mean "grid"?'),
        (branch("b", "ups"), 'branch.parent: "b": reaches no feed: name the branch that feeds it'),
        (branch("b", "feed", "grid"), 'branch.parent: "b": a feed is the top: it has no parent'),
        (branch("b", "ups", "r1"), 'branch.parent: "b": "r1" is a rack: racks feed no branches'),
        (branch("b", "ups", "b"), "branch.parent: feeds itself: b -> b (each is fed by the next)"),
        (
            branch("b", "ups", "c") + branch("c", "ups", "d") + branch("d", "ups", "b"),
            "branch.parent: feeds itself: b -> c -> d -> b (each is fed by the next)",
        ),
        (
            branch("b", "ups", "grid", 'contract_watts = "1 MW"'),
            (
                'branch.contract_watts: "b": a contract is with the utility, so only a feed has '
                "one; this is a ups"
            ),
        ),
        (branch("grid", "feed"), '"grid": is there already, as branch in line 5; each must be uni'),
        (
            "[[rack]]\nid = 'ups-a'\n",
            '"ups-a": is there already, as branch_range in line 9; each m',
        ),
        ("[[rack]]\nid = 'r2'\nbranches = ['x']\n", 'rack.branches: "x": there is no such branch'),
        ("[[rack]]\nid = 'r2'\nbranches = ['r1']\n", '"r2": "r1" is a rack: racks feed no branch'),
        (
            "[[node]]\nname = 'n'\nrack = 'r01'\n",
            'node.rack: "r01": there is no such rack; did you',
        ),
        ("[[node]]\nname = 'n'\nrack = 'r1'\ntenant = 't'\n", '"t": there is no such tenant'),
        (
            "[[node]]\nname = 'n'\nrack = 'r1'\n[[node]]\nname = 'm'\nrack = 'r1'\naddress = 'n'\n",
            'node.address: "m": "n" is the address of "n" too: its energy would count twice',
        ),
        ("[[meter]]\nid = 'm'\n", "meter.branch: is missing: The branch or rack that it measures"),
        ("[[meter]]\nid = 'm'\nbranch = 'x'\n", 'meter.branch: "x": there is no such branch or'),
        (
            (
                "[[meter]]\nid = 'm'\nbranch = 'r1'\n"
                "[[meter]]\nid = 'n'\nbranch = 'grid'\ndsx_object = 'm'\n"
            ),
            'meter.dsx_object: "n": "m" belongs to meter "m" too: its readings would count twice',
        ),
        (
            "[[meter]]\nid = 'm'\nbranch = 'r1'\nside = 'grid'\n",
            'meter.side: "grid": does not feed "r1"; allowed is one of the two branches that feed',
        ),
        ("[[team]]\nname = 't'\nhalls = ['eats']\n", '"eats": there is no such hall; did you mean'),
        ("[[team]]\nname = 't'\nracks = ['r2']\n", 'team.racks: "r2": there is no such rack'),
        (
            "[[team]]\nname = 't'\nreceivers = { page = ['mail'] }\n",
            'team.receivers: "mail": there is no such receiver',
        ),
        (
            "[[team]]\nname = 't'\nreceivers = { pager = ['mail'] }\n",
            "team.receivers.pager",
        ),
        ("[[tenant]]\nname = 't'\nracks = ['r2']\n", 'tenant.racks: "r2": there is no such rack'),
        ("[[tenant]]\nname = 't'\nnodes = ['n2']\n", 'tenant.nodes: "n2": there is no such node'),
        (
            "[[tenant]]\nname = 't'\nracks = ['r1']\n[[tenant]]\nname = 'u'\nracks = ['r1']\n",
            'tenant.racks: "u": "r1" belongs to tenant "t" too: its energy would be charged twice',
        ),
        (
            (
                "[[node]]\nname = 'n'\nrack = 'r1'\ntenant = 't'\n"
                "[[tenant]]\nname = 't'\n[[tenant]]\nname = 'u'\nnodes = ['n']\n"
            ),
            'node.tenant: "n": "t" here, but tenant "u" names this node too: its energy would be',
        ),
        (
            "[[receiver]]\nname = 'a'\nkind = 'webhook'\n",
            "receiver: a webhook needs url, or secret_file where the URL is a secret",
        ),
        ("[[receiver]]\nname = 'a'\nkind = 'email'\n", 'receiver: the kind "email" needs to'),
        ("[[receiver]]\nname = 'a'\nkind = 'teams'\n", 'the kind "teams" needs secret_file'),
        (
            "[[receiver]]\nname = 'a'\nkind = 'slack'\nsecret_file = 'f'\nurl = 'https://x.y'\n",
            'url is for the kinds "webhook" and "pagerduty"',
        ),
    ],
)
def test_one_mistake_is_one_error(tmp_path: Path, tables: str, said: str) -> None:
    problems = errors_of(tmp_path, TREE + tables)
    assert len(problems) == 1, problems
    assert said in problems[0]
    assert int(problems[0].split(":")[1]) > TREE.count("\n")


def test_what_hangs_below_a_cycle_is_not_accused_and_each_cycle_is_told_once(
    tmp_path: Path,
) -> None:
    tables = branch("below", "ups", "b") + branch("b", "ups", "c") + branch("c", "ups", "b")
    tables += branch("d", "ups", "d")
    problems = errors_of(tmp_path, TREE + tables)
    assert [problem.partition(": feeds itself: ")[2] for problem in problems] == [
        "b -> c -> b (each is fed by the next)",
        "d -> d (each is fed by the next)",
    ]


def test_a_tree_may_not_be_endlessly_deep(tmp_path: Path) -> None:
    chain = "".join(branch(f"b{i}", "ups", f"b{i - 1}" if i else "grid") for i in range(5000))
    (problem,) = errors_of(tmp_path, TREE + chain)
    assert 'branch.parent: "b31": more than 32 branches above one another' in problem


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ("[[rack]]\nid = 'r2'\n", 'rack.branches: "r2": no branch feeds it, so its power is in no'),
        ("[[node]]\nname = 'n'\n", 'node.rack: "n": is in no rack, so its power is in no rack\'s'),
        (
            "[[meter]]\nid = 'm'\nbranch = 'r1'\n[[meter]]\nid = 'n'\nbranch = 'r1'\n",
            'meter.branch: "n": measures "r1" as "other", and so does "m": only one of the two can',
        ),
        (
            "[[meter_range]]\nid = 'm{i}'\ncount = { i = 2 }\nbranch = 'r1'\nside = 'ups-a'\n",
            'meter_range.branch: "m2": measures "r1" as "other", and so does "m1": only one of',
        ),
        (
            (
                "[[emission_factor]]\nname = 'f'\nvalid_from = 2025-12-17\nkg_per_kwh = 0.4\n"
                "[[emission_factor]]\nname = 'f'\nvalid_from = 2024-12-17\nkg_per_kwh = 0.4\n"
            ),
            'emission_factor.valid_from: "f": 2024-12-17 comes after 2025-12-17 here: is the year',
        ),
        (
            "[[emission_factor]]\nname = 'f'\nvalid_from = 2025-12-17\nkg_per_kwh = 4.173\n",
            'emission_factor.kg_per_kwh: "f": 4.173 is very much: it is in kilograms',
        ),
    ],
)
def test_one_oddity_is_one_warning(tmp_path: Path, tables: str, said: str) -> None:
    warnings = warnings_of(tmp_path, TREE + tables)
    assert len(warnings) == 1, warnings
    assert said in warnings[0]
    assert int(warnings[0].split(":")[1]) > TREE.count("\n")


def test_a_meter_on_each_side_a_check_meter_and_other_roles_are_fine(tmp_path: Path) -> None:
    meters = """
[[meter_range]]
id = "r1-{side}"
count = { side = ["a", "b"] }
branch = "r1"
side = "ups-{side}"
role = "it"
[[meter_range]]
id = "{level}-{role}"
count = { level = ["grid", "ups-a"], role = ["it", "other"] }
branch = "{level}"
role = "{role}"
"""
    site = loaded(tmp_path, TREE + meters)
    assert site.warnings == ()
    assert site.meters["r1-b"].side == "ups-b"


def test_a_site_without_a_tree_is_warned_of(tmp_path: Path) -> None:
    assert warnings_of(tmp_path, SITE) == [
        "site.toml:1: there is no [[branch]]: nothing of this site has a budget"
    ]


def test_factors_are_in_order_of_time_in_the_site(tmp_path: Path) -> None:
    text = TREE + "".join(
        f"[[emission_factor]]\nname = 'f'\nvalid_from = {year}-01-01\nkg_per_kwh = 0.4\n"
        for year in (2026, 2024, 2025)
    )
    years = [factor.valid_from.year for factor in loaded(tmp_path, text).emission_factors]
    assert years == [2024, 2025, 2026]


def test_the_same_factor_twice_is_an_error(tmp_path: Path) -> None:
    factor = "[[emission_factor]]\nname = 'f'\nvalid_from = 2025-01-01\nkg_per_kwh = 0.4\n"
    (problem,) = errors_of(tmp_path, TREE + factor + factor)
    assert 'emission_factor.valid_from: "f from 2025-01-01": is there already' in problem


def test_a_secret_that_others_can_read_is_warned_of(tmp_path: Path) -> None:
    """A path is relative to the site file's folder; a file that is not here is no matter."""
    key = tmp_path / "key"
    key.write_text("secret", encoding="utf-8")
    text = TREE + "".join(
        f"[[receiver]]\nname = '{file}'\nkind = 'pagerduty'\nsecret_file = '{file}'\n"
        for file in ("key", "absent")
    )
    key.chmod(0o644)
    line = line_of(text, "secret_file")
    assert warnings_of(tmp_path, text) == [
        (
            f'site.toml:{line}: receiver.secret_file: "key": any user of this machine can read or '
            "change it: chmod o= key"
        )
    ]
    key.chmod(0o640)
    assert warnings_of(tmp_path, text) == []
