"""The page's upper bound beside the budget's, over any meters that are silent."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.site.budget import Budget
from collector.site.tree import compile_tree
from exporters.page.site.powers import Layout, Powers
from tests.page.site.made_up import centre, metered, values

TREE = compile_tree(centre())
LAYOUT = Layout(centre())


@settings(max_examples=60, deadline=None)
@given(st.sets(st.sampled_from(sorted(centre().meters))), st.floats(0.1, 1.1))
def test_it_is_never_below_the_budgets(silent: set[str], share: float) -> None:
    powers = {
        meter: watts for meter, watts in metered(centre(), share).items() if meter not in silent
    }
    budget = Budget(TREE, powers)
    shown = Powers(LAYOUT, values(centre(), powers))
    for number, one in enumerate(TREE.ids):
        known = budget.branch(number)
        most = shown.at_most(one)
        assert shown.is_whole(one) == (known.coverage_ratio == 1.0)
        assert most is not None
        assert known.high_watts is not None
        assert most >= known.high_watts - 20  # whole watts are sent, and sums of them
        if known.watts is not None:
            assert shown.watts(one) == pytest.approx(known.watts, abs=1)
