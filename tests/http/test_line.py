"""Who is spoken with next."""

from hypothesis import given
from hypothesis import strategies as st

from exporters.http.line import Line


def test_who_comes_alone_does_not_wait_for_a_crowd() -> None:
    line: Line[int] = Line()
    for number in range(100):
        line.add(number, f"10.0.0.{number % 4}")
    line.add(100, "192.0.2.1")
    there = {f"10.0.0.{n}": 25 for n in range(4)} | {"192.0.2.1": 1}
    assert line.next(there.__getitem__) == 100
    assert line.next(there.__getitem__) == 0
    assert len(line) == 99


def test_who_has_gone_is_not_spoken_with() -> None:
    line: Line[int] = Line()
    line.add(1, "a")
    line.add(2, "a")
    assert line.remove(1)
    assert not line.remove(1)
    assert line.next(lambda _: 1) == 2
    assert line.next(lambda _: 1) is None
    assert not line


@given(
    st.lists(st.tuples(st.integers(0, 30), st.sampled_from("abc"))),
    st.lists(st.integers(0, 30)),
    st.fixed_dictionaries(dict.fromkeys("abc", st.integers(0, 9))),
)
def test_everybody_comes_once_and_an_address_keeps_its_order(
    comers: list[tuple[int, str]], goers: list[int], counts: dict[str, int]
) -> None:
    line: Line[int] = Line()
    address = dict(comers[::-1])  # a client comes once, from its first address
    order = list(dict.fromkeys(client for client, _ in comers))
    for client in order:
        line.add(client, address[client])
    gone = {client for client in goers if line.remove(client)}
    assert len(line) == len(order) - len(gone)
    spoken = []
    while (following := line.next(counts.__getitem__)) is not None:
        spoken.append(following)
    assert sorted(spoken) == sorted(set(order) - gone)
    assert [counts[address[one]] for one in spoken] == sorted(
        counts[address[one]] for one in spoken
    )
    for place in "abc":
        assert [one for one in spoken if address[one] == place] == [
            one for one in order if address[one] == place and one not in gone
        ]
