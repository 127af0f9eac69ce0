"""Any tree loads as it was meant; any garbage is answered with sentences."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.sitefile import SiteFileError, describe, load
from collector.sitefile.model import Branch, Level, Site
from collector.sitefile.tree import above, children, in_order
from tests.sitefile.texts import SITE, TREE

ROOT = Path(__file__).parents[2]
EXAMPLE = (ROOT / "deploy/sites/accelerator-centre.toml").read_bytes()
MUTED = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100, deadline=None
)

TREES = st.integers(1, 12).flatmap(
    lambda count: st.tuples(*(st.integers(0, max(0, index - 1)) for index in range(count)))
)
"""For each branch but the first, which of those before it feeds it."""


@MUTED
@given(TREES, st.data())
def test_any_tree_is_loaded_as_it_was_written_in_any_order(
    tmp_path: Path, parents: tuple[int, ...], data: st.DataObject
) -> None:
    tables = ['[[branch]]\nid = "b0"\nlevel = "feed"\n']
    for index in range(1, len(parents)):
        up = parents[index]
        tables.append(f'[[branch]]\nid = "b{index}"\nlevel = "busway"\nparent = "b{up}"\n')
    fed_by = {}
    for rack in range(data.draw(st.integers(0, 4))):
        sides = data.draw(st.lists(st.sampled_from(range(len(parents))), max_size=2, unique=True))
        fed_by[f"r{rack}"] = tuple(f"b{side}" for side in sides)
        tables.append(f'[[rack]]\nid = "r{rack}"\nbranches = {list(fed_by[f"r{rack}"])}\n')
    file = tmp_path / "site.toml"
    file.write_text(SITE + "".join(data.draw(st.permutations(tables))), encoding="utf-8")
    site = load(file)
    assert {one.id: one.parents for one in site.branches.values()} == {
        "b0": (),
        **{f"b{index}": (f"b{parents[index]}",) for index in range(1, len(parents))},
        **fed_by,
    }
    order = list(site.branches)
    for branch in site.branches.values():
        assert all(order.index(up) < order.index(branch.id) for up in branch.parents)
    assert describe(site).startswith("site")


def test_walking_the_tree() -> None:
    branches = {
        one.id: one
        for one in (
            Branch(id="r", level=Level.RACK, parents=("a", "b")),
            Branch(id="a", level=Level.UPS, parents=("p",)),
            Branch(id="p", level=Level.SWITCHBOARD, parents=("f",)),
            Branch(id="b", level=Level.UPS, parents=("f",)),
            Branch(id="f", level=Level.FEED),
        )
    }
    assert above(branches, "r") == ("a", "b", "p", "f")
    assert children(branches) == {"r": (), "a": ("r",), "p": ("a",), "b": ("r",), "f": ("p", "b")}
    order = list(in_order(branches))
    assert order[0] == "f"
    assert order.index("p") < order.index("a")
    assert order[-1] == "r"


def loads_or_says_why(file: Path) -> Site | None:
    """Anything else than a site or sentences is a crash, and fails the test."""
    try:
        return load(file)
    except SiteFileError as error:
        problems = error.problems
    assert problems
    assert all(problem.startswith(("site file", str(file))) for problem in problems)
    return None


@MUTED
@given(st.binary(max_size=200))
def test_random_bytes(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "site.toml"
    file.write_bytes(data)
    assert loads_or_says_why(file) is None


@settings(MUTED, max_examples=300)
@given(
    st.sampled_from([EXAMPLE, TREE.encode()]),
    st.floats(0, 1),
    st.integers(0, 20),
    st.binary(max_size=4)
    | st.sampled_from([b"[[", b'"', b"{", b"}", b"= 0", b"\n", b"-1", b"nan"]),
)
def test_a_mutated_file(
    tmp_path: Path, text: bytes, place: float, removed: int, added: bytes
) -> None:
    file = tmp_path / "site.toml"
    at = int(place * len(text))
    file.write_bytes(text[:at] + added + text[at + removed :])
    loads_or_says_why(file)


KEYS = st.sampled_from(
    ["id", "name", "level", "parent", "branches", "count", "rating_watts", "receivers", "x"]
)
VALUES = st.recursive(
    st.sampled_from(
        ['"a"', '"b"', '"{x}"', '"ups"', '"feed"', "1", "-1", "1.5", "inf", "true", "2025-01-01"]
    ),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | st.dictionaries(KEYS, inner, max_size=3).map(
            lambda table: (
                "{ " + ", ".join(f"{key} = {value}" for key, value in table.items()) + " }"
            )
        )
    ),
    max_leaves=5,
)
KINDS = ["branch", "rack", "node", "meter", "team", "tenant", "receiver", "emission_factor"]
HEADERS = st.sampled_from(
    [f"[[{kind}]]" for kind in KINDS] + [f"[[{kind}_range]]" for kind in KINDS[:4]] + ["[grafana]"]
)


@settings(MUTED, max_examples=300)
@given(
    st.lists(
        st.tuples(HEADERS, st.dictionaries(KEYS, VALUES, max_size=5)),
        max_size=5,
        unique_by=lambda table: table[0] if table[0] == "[grafana]" else id(table),
    )
)
def test_any_tables(tmp_path: Path, tables: list[tuple[str, dict[str, str]]]) -> None:
    """Valid TOML with values of every kind in every place."""
    text = "".join(
        f"{header}\n" + "".join(f"{key} = {value}\n" for key, value in table.items())
        for header, table in tables
    )
    file = tmp_path / "site.toml"
    file.write_text(SITE + text, encoding="utf-8")
    loads_or_says_why(file)


@pytest.mark.parametrize("size", [1, 3])
def test_an_empty_table_of_every_kind(tmp_path: Path, size: int) -> None:
    file = tmp_path / "site.toml"
    for kind in [*KINDS, *(f"{kind}_range" for kind in KINDS[:4])]:
        file.write_text(SITE + f"[[{kind}]]\n" * size, encoding="utf-8")
        with pytest.raises(SiteFileError):
            load(file)
