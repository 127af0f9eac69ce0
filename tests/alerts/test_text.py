"""YAML that is written must say, to a YAML reader, what was meant."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from alerts.render.text import Value, block, fill

KEYS = st.from_regex(r"[a-z_]{1,12}", fullmatch=True).filter(
    lambda key: key not in {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}
)
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
VALUES: st.SearchStrategy[Value] = st.recursive(
    st.one_of(WORDS, st.integers(-1000, 1000), st.booleans(), st.lists(WORDS, max_size=3)),
    lambda inner: st.one_of(
        st.dictionaries(KEYS, inner, min_size=1, max_size=3),
        st.lists(st.dictionaries(KEYS, inner, min_size=1, max_size=2), min_size=1, max_size=3),
    ),
    max_leaves=8,
)


@given(st.dictionaries(KEYS, VALUES, min_size=1, max_size=4))
def test_what_is_written_is_read_back(value: Value) -> None:
    assert yaml.safe_load("\n".join(block(value))) == value


def test_a_place_is_filled_with_its_indentation() -> None:
    text = "a:\n  # BEGIN x\n  - old\n  # END x\nb: 1\n"
    assert fill(text, "x", ["- c:", "    d"]) == "a:\n  - c:\n      d\nb: 1\n"


@pytest.mark.parametrize("text", ["", "# BEGIN x\n# END x\n# BEGIN x\n# END x\n"])
def test_a_place_must_be_there_once(text: str) -> None:
    with pytest.raises(ValueError, match="places named x"):
        fill(text, "x", [])
