"""Power figures that do not fit together, and redundancy that is none."""

from pathlib import Path

import pytest

from tests.sitefile.texts import SITE, TREE, line_of, warnings_of


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"132 kW"', "132", '"r1": 132 W is very little for a rack: a number without a unit is in'),
        ('"132 kW"', '"1.1 MW"', '"r1": 1.1 MW is very much for a rack'),
        ('"1 MW"', "999", "999 W is very little for a ups"),
        ('"132 kW"', '"132 kW"\nbudget_watts = 120', "120 W is very little for a rack"),
        ('"1 MW"', '"20 GW"', "20 GW is very much for a ups"),
        ('"1 MW"', '"100 kW"', 'rated 132 kW, above what feeds it: "ups-a" is rated 100 kW'),
        (
            '"132 kW"',
            '"132 kW"\nbudget_watts = "140 kW"',
            '"r1": 140 kW is more than it may carry for long, 132 kW',
        ),
        (
            '"Asia/Seoul"\n',
            '"Asia/Seoul"\ndemand_target_watts = "2 MW"\n',
            "site.demand_target_watts: 2 MW is more than the contract allows, 1 MW",
        ),
    ],
)
def test_figures_that_do_not_fit(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = TREE.replace('level = "feed"', 'level = "feed"\ncontract_watts = "1 MW"')
    text = text.replace(old, new, 1) if old in text[:60] else text.replace(old, new)
    text = text.replace("contract_watts = 999", 'contract_watts = "1 MW"')
    text = text.replace('contract_watts = "20 GW"', 'contract_watts = "1 MW"')
    text = text.replace('contract_watts = "100 kW"', 'contract_watts = "1 MW"')
    warnings = warnings_of(tmp_path, text)
    assert [warning for warning in warnings if said in warning], warnings


def racks(count: int, budget: str) -> str:
    """Racks on A and B with a budget."""
    return f"""
[[rack_range]]
id = "k{{k}}"
count = {{ k = {count} }}
branches = ["ups-a", "ups-b"]
budget_watts = {budget}
"""


def without_groups(folder: Path, text: str, about: str) -> list[str]:
    """Warnings about something but that A and B share no group, and who is billed."""
    every = [
        one
        for one in warnings_of(folder, text)
        if "redundancy_group in common" not in one and "its demand is not followed" not in one
    ]
    return [one for one in every if about in one]


def of_figures(folder: Path, text: str) -> list[str]:
    """Warnings about anything, likewise."""
    return without_groups(folder, text, "")


def test_budgets_above_a_limit_are_told_with_the_ratio(tmp_path: Path) -> None:
    """A rack on A and B counts half on each, and once where they join."""
    feed = 'level = "feed"\ncontract_watts = "2 MW"'
    text = TREE.replace('level = "feed"', feed).replace('redundancy_group = "ups"\n', "")
    more = text + racks(21, '"100 kW"')
    (warning,) = without_groups(tmp_path, more, "ups-a")
    line = line_of(more, "rating_watts")
    assert warning == (
        f'site.toml:{line}: branch_range.rating_watts: "ups-a", "ups-b": oversubscribed: the '
        "budgets below add up to 1.05 MW, 1.05 times its limit of 1 MW"
    )
    (warning,) = without_groups(tmp_path, more, "grid")
    assert "2.1 MW, 1.05 times its contract of 2 MW" in warning
    assert without_groups(tmp_path, text + racks(20, '"100 kW"'), "oversubscribed") == []


def test_one_side_must_carry_what_both_carry(tmp_path: Path) -> None:
    assert warnings_of(tmp_path, TREE + racks(10, '"100 kW"')) == []
    (warning,) = warnings_of(tmp_path, TREE + racks(12, '"100 kW"'))
    line = line_of(TREE, "rating_watts")
    assert warning == (
        f'site.toml:{line}: branch_range.rating_watts: "ups": not redundant under load: 1.2 MW is '
        "planned for all of this group, 1.20 times what is left when the largest fails, 1 MW"
    )


def test_of_three_two_must_carry_what_all_carry(tmp_path: Path) -> None:
    three = TREE.replace('["a", "b"]', '["a", "b", "c"]')
    assert warnings_of(tmp_path, three + racks(20, '"100 kW"')) == []
    (warning,) = without_groups(tmp_path, three + racks(22, '"100 kW"'), "group")
    assert "1.10 times what is left when the largest fails, 2 MW" in warning


def test_the_smallest_of_budget_limit_and_contract_counts(tmp_path: Path) -> None:
    feed = 'level = "feed"\nrating_watts = "5 MW"\nbudget_watts = "0.9 MW"\ncontract_watts = "4 MW"'
    text = TREE.replace('level = "feed"', feed) + racks(10, '"100 kW"')
    (warning,) = of_figures(tmp_path, text)
    assert "branch.budget_watts" in warning
    assert '"grid": oversubscribed' in warning
    assert "1 MW, 1.11 times its budget of 900 kW" in warning


def test_a_derated_limit_counts(tmp_path: Path) -> None:
    text = TREE.replace('rating_watts = "1 MW"', 'rating_watts = "1 MW"\nderating_ratio = 0.8')
    (warning,) = warnings_of(tmp_path, text + racks(10, '"100 kW"'))
    assert "1 MW is planned for all of this group, 1.25 times what is left" in warning
    assert warning.endswith("800 kW")


def test_budgets_of_a_and_b_are_their_shares_and_stand_for_what_is_below(tmp_path: Path) -> None:
    feed = 'level = "feed"\ncontract_watts = "1 MW"'
    text = TREE.replace('level = "feed"', feed) + racks(5, '"100 kW"')
    each = 'rating_watts = "1 MW"\nbudget_watts = "{} kW"'
    assert of_figures(tmp_path, text.replace('rating_watts = "1 MW"', each.format(500))) == []
    warnings = of_figures(tmp_path, text.replace('rating_watts = "1 MW"', each.format(600)))
    (warning,) = [one for one in warnings if "oversubscribed" in one]
    assert '"grid": oversubscribed: the budgets below add up to 1.2 MW, 1.20 times its' in warning


TWO_FEEDS = f"""{SITE}
[[branch_range]]
id = "feed-{{side}}"
count = {{ side = ["a", "b"] }}
level = "feed"
[[branch_range]]
id = "ups-{{feed}}-{{side}}"
count = {{ feed = ["a", "b"], side = ["a", "b"] }}
level = "ups"
parent = "feed-{{feed}}"
redundancy_group = "ups-{{side}}"
"""


def rack_on(*branches: str) -> str:
    """A rack."""
    return f"[[rack]]\nid = 'r'\nbranches = {list(branches)}\n"


def test_two_branches_below_one_are_not_redundant(tmp_path: Path) -> None:
    text = TREE + "".join(
        f"[[branch]]\nid = 'busway-{i}'\nlevel = 'busway'\nparent = 'ups-a'\n" for i in (1, 2)
    )
    text += rack_on("busway-1", "busway-2")
    (warning,) = warnings_of(tmp_path, text)
    assert 'rack.branches: "r": not redundant: both branches hang on "ups-a"' in warning
    text = TREE + text[len(TREE) :].replace("['busway-1', 'busway-2']", "['ups-a', 'busway-1']")
    assert 'hang on "ups-a"' in warnings_of(tmp_path, text)[0]


def test_one_feed_of_two_is_not_redundant(tmp_path: Path) -> None:
    assert warnings_of(tmp_path, TWO_FEEDS + rack_on("ups-a-a", "ups-b-a")) == []
    (warning,) = warnings_of(tmp_path, TWO_FEEDS + rack_on("ups-a-a", "ups-a-b"))
    assert 'not redundant: both branches hang on "feed-a"' in warning


def test_two_sides_without_a_group_cannot_be_judged(tmp_path: Path) -> None:
    (warning,) = warnings_of(tmp_path, TWO_FEEDS + rack_on("ups-a-a", "ups-b-b"))
    assert "nothing on its two ways has a redundancy_group in common" in warning


def test_a_group_of_one_is_none(tmp_path: Path) -> None:
    text = TREE.replace('["a", "b"]', '["a"]').replace('["ups-a", "ups-b"]', '["ups-a"]')
    (warning,) = warnings_of(tmp_path, text)
    assert 'branch_range.redundancy_group: "ups-a": nothing else is in the group "ups"' in warning


CONTRACT = TREE.replace('level = "feed"', 'level = "feed"\ncontract_watts = "1 MW"')
BILLED = '[[meter]]\nid = "m"\nbranch = "grid"\nrole = "utility"\nregister = true\n'


def test_a_contract_needs_a_meter_that_is_kept(tmp_path: Path) -> None:
    assert warnings_of(tmp_path, CONTRACT + BILLED) == []
    (warning,) = warnings_of(tmp_path, CONTRACT)
    assert '"grid": has a contract and no meter with role = "utility"' in warning
    (warning,) = warnings_of(tmp_path, CONTRACT + BILLED.replace("true", "false"))
    assert 'its meter "m" has register = false: peaks are forgotten at a restart' in warning


def test_a_target_of_several_contracts_is_nobodys(tmp_path: Path) -> None:
    text = TWO_FEEDS.replace('level = "feed"', 'level = "feed"\ncontract_watts = "1 MW"')
    text = text.replace("[site]", '[site]\ndemand_target_watts = "900 kW"', 1)
    for side in "ab":
        text += BILLED.replace('"m"', f'"m-{side}"').replace('"grid"', f'"feed-{side}"')
    (warning,) = warnings_of(tmp_path, text)
    assert "site.demand_target_watts: several branches have a contract" in warning
