"""Ranges: one table that stands for many."""

from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.sitefile.ranges import MOST_TABLES, RangeError, expanded
from tests.sitefile.texts import SITE, TREE, errors_of, line_of, loaded


def test_every_combination_is_made_the_last_count_fastest() -> None:
    table = {
        "id": "h{hall}r{row:02}-{side}",
        "count": {"hall": 2, "row": "9-10", "side": ["a", "b"]},
        "branches": ["x{row}", "y"],
        "gpus": 72,
        "note": "100 % of {side}",
    }
    made = list(expanded(table, "id"))
    assert [one["id"] for one in made] == [
        "h1r09-a",
        "h1r09-b",
        "h1r10-a",
        "h1r10-b",
        "h2r09-a",
        "h2r09-b",
        "h2r10-a",
        "h2r10-b",
    ]
    assert made[3] == {
        "id": "h1r10-b",
        "branches": ["x10", "y"],
        "gpus": 72,
        "note": "100 % of b",
    }


@pytest.mark.parametrize(
    ("table", "keys", "said"),
    [
        ({"id": "a"}, ("count",), "a range needs count"),
        ({"id": "a", "count": {}}, ("count",), "a range needs count"),
        ({"id": "a", "count": 3}, ("count",), "a range needs count"),
        ({"id": "{r}", "count": {"r": 0}}, ("count", "r"), "allowed is a number"),
        ({"id": "{r}", "count": {"r": -3}}, ("count", "r"), "allowed is a number"),
        ({"id": "{r}", "count": {"r": True}}, ("count", "r"), "allowed is a number"),
        ({"id": "{r}", "count": {"r": 1.5}}, ("count", "r"), "allowed is a number"),
        ({"id": "{r}", "count": {"r": "3-2"}}, ("count", "r"), "allowed is a number"),
        ({"id": "{r}", "count": {"r": "three"}}, ("count", "r"), "allowed is a number"),
        ({"id": "{r}", "count": {"r": []}}, ("count", "r"), "allowed is a number"),
        ({"id": "{r}", "count": {"r": ["a", 1]}}, ("count", "r"), "allowed is a number"),
        ({"id": "{r}", "count": {"r": ["a", "a"]}}, ("count", "r"), "stands here twice"),
        ({"id": "{r}", "count": {"r": 10**9}}, ("count", "r"), f"{MOST_TABLES} tables"),
        ({"id": "{r}{s}", "count": {"r": 9999, "s": 9999}}, ("count", "s"), "beyond it"),
        ({"id": "{R}", "count": {"R": 1}}, ("count", "R"), "allowed are small letters"),
        ({"id": "a", "count": {"r": 2}}, ("id",), "id must hold every count, .* {r} is missing"),
        ({"id": "{r}", "count": {"r": 2}, "x": "{s}"}, ("x",), "{s} is not counted here"),
        ({"id": "{r}", "count": {"r": 2}, "x": "{r!r}"}, ("x",), "{r!r} is not counted here"),
        ({"id": "{r}", "count": {"r": 2}, "x": ["a", "{"]}, ("x", 1), "'{' and '}' are for what"),
        ({"id": "{r:02}", "count": {"r": ["a"]}}, ("id",), "digits are for numbers"),
    ],
)
def test_a_wrong_range_is_told(table: dict[str, Any], keys: tuple[str, ...], said: str) -> None:
    with pytest.raises(RangeError, match=said) as raised:
        list(expanded(table, "id"))
    assert raised.value.keys == keys


COUNTS = st.dictionaries(
    st.sampled_from(["hall", "row", "rack", "node"]), st.integers(1, 4), min_size=1
)


@given(COUNTS, st.integers(1, 3))
def test_it_makes_what_python_s_own_formatting_makes(counts: dict[str, int], width: int) -> None:
    pattern = "".join(f"{name}{{{name}:0{width}}}" for name in counts)
    expected = [
        pattern.format(**dict(zip(counts, values, strict=True)))
        for values in product(*(range(1, count + 1) for count in counts.values()))
    ]
    assert [one["id"] for one in expanded({"id": pattern, "count": counts}, "id")] == expected


def test_a_range_is_as_if_it_were_written_out(tmp_path: Path) -> None:
    short = TREE + '[[node_range]]\nname = "n{n}"\ncount = { n = 2 }\nrack = "r1"\n'
    long = TREE + "".join(f'[[node]]\nname = "n{n}"\nrack = "r1"\n' for n in (1, 2))
    assert loaded(tmp_path, short) == loaded(tmp_path, long)


def test_a_mistake_in_a_range_is_told_once_for_the_table_it_shows_in(tmp_path: Path) -> None:
    text = TREE + '[[node_range]]\nname = "n {n}"\ncount = { n = 500 }\nrack = "r1"\n'
    line = line_of(text, "n {n}")
    assert errors_of(tmp_path, text) == [
        (
            f'site.toml:{line}: node_range.name: "n 1": "n 1": allowed are letters, '
            "digits, '.', '_' and '-', a letter or digit first"
        )
    ]


def test_a_range_s_mistake_has_its_line(tmp_path: Path) -> None:
    text = TREE + '[[node_range]]\nname = "n"\nrack = "r1"\ncount = { n = 0 }\n'
    (problem,) = errors_of(tmp_path, text.replace('"n"', '"n{n}"'))
    assert problem.startswith(
        f"site.toml:{line_of(text, 'count = { n')}: node_range.count.n: allow"
    )
    (problem,) = errors_of(tmp_path, text.replace("n = 0", "n = 2"))
    line = line_of(text, 'name = "n"')
    assert problem.startswith(f"site.toml:{line}: node_range.name: name must")
    (problem,) = errors_of(tmp_path, f"{SITE}[[node_range]]\nname = 'x{{i}}'\n")
    assert "node_range.count: a range needs count" in problem
    (problem,) = errors_of(tmp_path, f"node_range = [1]\n{SITE}")
    assert problem == "site.toml:1: node_range: a table is expected here"


def test_ranges_that_name_what_is_not_there_are_one_sentence(tmp_path: Path) -> None:
    text = TREE + '[[node_range]]\nname = "n{n}"\ncount = { n = 500 }\nrack = "r{n:02}"\n'
    line = line_of(text, 'rack = "r{n:02}')
    assert errors_of(tmp_path, text) == [
        (
            f"site.toml:{line}: node_range.rack: "
            '"r01", "r02", "r03" and 497 more: there is no such rack; did you mean "r1"?'
        )
    ]


def test_an_id_made_twice_is_told(tmp_path: Path) -> None:
    text = TREE + '[[rack_range]]\nid = "r{n}"\ncount = { n = 2 }\nbranches = ["ups-a"]\n'
    line = line_of(text, "r{n}")
    assert errors_of(tmp_path, text) == [
        (
            f'site.toml:{line}: rack_range.id: "r1": is there already, as rack in '
            f"line {line_of(text, '[[rack]]')}; each must be unique"
        )
    ]
