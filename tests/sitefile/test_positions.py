"""The line of every key, against what tomllib reads."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.sitefile.positions import line_of, lines_of

ROOT = Path(__file__).parents[2]

HARD = '''\
# [[not.this]]
"a.b" = "] # = [[x]]"      # line 2
plain.dotted . 'key' = 1
text = """
[[no]]
quote = \\"""" # three quotes at its end
raw = \'\'\'
[[no]]
it's\'\'\'
list = [ # 10
  [1, 2], # 11
  { a = 1, "b" = [ { c = 2 } ] }, # ] [
  "]", # 13
  1979-05-27 07:32:00, # 14
]

[one . "two"]  # 17
three = -1.5e+3

[[many]]
x = 1 # 21
[[many]]
x = 2 # 23
[many.inner] # 24
y = { z.w = 3 }
[[many.deep]]
k = 1 # 27
[[many.deep]]
k = 2 # 29
[last]
quotes = """two at its end: """""
after = 1 # 32
'''


def test_hard_cases() -> None:
    lines = lines_of(HARD)
    for path, line in {
        ("a.b",): 2,
        ("plain", "dotted", "key"): 3,
        ("text",): 4,
        ("raw",): 7,
        ("list",): 10,
        ("list", 0): 11,
        ("list", 0, 1): 11,
        ("list", 1, "b", 0, "c"): 12,
        ("list", 2): 13,
        ("list", 3): 14,
        ("one", "two"): 17,
        ("one", "two", "three"): 18,
        ("many", 0): 20,
        ("many", 0, "x"): 21,
        ("many", 1, "x"): 23,
        ("many", 1, "inner"): 24,
        ("many", 1, "inner", "y", "z", "w"): 25,
        ("many", 1, "deep", 0, "k"): 27,
        ("many", 1, "deep", 1, "k"): 29,
        ("last", "after"): 32,
    }.items():
        assert lines[path] == line, path
    assert set(leaves(tomllib.loads(HARD))) <= set(lines)


def test_what_is_not_there_is_where_the_table_around_it_is() -> None:
    lines = lines_of(HARD)
    assert line_of(lines, ("many", 0, "missing")) == 20
    assert line_of(lines, ("missing", 3)) == 1


def leaves(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The path of every value, tables and arrays among them."""
    if path:
        yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    if isinstance(value, list):
        for index, inner in enumerate(value):
            yield from leaves(inner, (*path, index))


@pytest.mark.parametrize("file", sorted(ROOT.glob("deploy/**/*.toml")), ids=lambda f: f.name)
def test_all_that_tomllib_reads_has_a_line(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert set(leaves(tomllib.loads(text))) == set(lines_of(text))


ALPHABET = st.sampled_from(list("ab.=[]{},#'\"\\\n 1-")) | st.sampled_from(
    ["[[a]]\n", "[a]\n", "a = 1\n", "b = {a = 1}\n", '"""', "'''", "[a.b]\n", "a.b = [1]\n"]
)


@given(st.lists(ALPHABET, max_size=30).map("".join))
def test_any_valid_text(text: str) -> None:
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    lines = lines_of(text)
    assert set(leaves(tables)) == set(lines)
    assert all(1 <= line <= text.count("\n") + 1 for line in lines.values())


KEYS = st.from_regex(r"[a-z]{1,3}", fullmatch=True)
VALUES = st.recursive(
    st.sampled_from(["1", "true", '"] # ="', "'{'", '"""\n[x]\n"""', "2025-01-01 07:00:00"]),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[\n{', '.join(items)} # ]\n]")
        | st.dictionaries(KEYS, inner, max_size=3).map(
            lambda table: (
                "{ " + ", ".join(f"{k} = {v}" for k, v in table.items() if "\n" not in v) + " }"
            )
        )
    ),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(KEYS, VALUES, max_size=4), max_size=5))
def test_arrays_of_tables_with_any_values(tables: list[dict[str, str]]) -> None:
    text = "".join(
        "[[t]]\n" + "".join(f"{key} = {value}\n" for key, value in table.items())
        for table in tables
    )
    lines = lines_of(text)
    assert set(leaves(tomllib.loads(text))) == set(lines)
    written = text.split("\n")
    for index, table in enumerate(tables):
        for key, value in table.items():
            first = f"{key} = {value}".split("\n")[0]
            assert written[lines["t", index, key] - 1] == first
