"""Every target, with inputs that are always the same, so that CI is steady.

Most are made from seeds, as `scripts/fuzz` makes them; some by hypothesis, which finds the simplest
input that shows a defect.
"""

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.fuzz import logs
from tests.fuzz.choices import Choices
from tests.fuzz.every import TARGETS

_SEEDS = 1000
_EXAMPLES = 200
_LEAST = 100
_NUMBERS = st.lists(st.integers(0, 2**16 - 1), max_size=48)
_QUICK = settings(
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)


def _share(name: str, whole: int) -> int:
    return max(_LEAST, round(whole * min(TARGETS[name].share, 1)))


@pytest.mark.parametrize("name", TARGETS)
def test_a_value_or_words_for_people(name: str) -> None:
    target = TARGETS[name]

    @settings(_QUICK, max_examples=_share(name, _EXAMPLES))
    @given(_NUMBERS)
    def fuzzed(numbers: Sequence[int]) -> None:
        with logs.read():
            target.run(target.make(Choices(numbers)))

    fuzzed()


@pytest.mark.parametrize("name", TARGETS)
def test_some_are_taken_and_some_refused(name: str) -> None:
    """Else nothing behind the first look would ever be reached."""
    target, taken = TARGETS[name], 0
    with logs.read():
        for seed in range(_share(name, _SEEDS)):
            taken += target.run(target.make(Choices.seeded(seed)))
    assert 0 < taken < _share(name, _SEEDS)
