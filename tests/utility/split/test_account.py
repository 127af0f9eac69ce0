"""Whose energy, cost and carbon it is: nothing is lost, nothing is counted twice."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.sitefile.model import Tenant
from exporters.utility.split import Basis, Cut, Kind, Rule, Share, Split, split
from exporters.utility.split.document import money, split_csv, split_document
from exporters.utility.split.places import Places
from exporters.utility.split.remainder import largest_remainder
from tests.utility.split.support import measured, node, site, whole

RACKS = {"a1": ["n1", "n2"], "a2": ["n3"], "b1": ["n4"]}
TENANTS = (Tenant(name="alpha", racks=("a1",)), Tenant(name="beta", nodes=("n2", "n4")))
PLACES = Places.of(site(RACKS, TENANTS))


def shares(found: Split, cut: Cut) -> dict[str, Share]:
    return {share.name or share.kind.value: share for share in found.cuts[cut]}


def energies(found: Split, cut: Cut) -> dict[str, int]:
    return {name: share.energy_wh // 1000 for name, share in shares(found, cut).items()}


@given(
    st.integers(-(10**15), 10**15),
    st.lists(st.integers(0, 10**18), min_size=1, max_size=60).filter(any),
)
def test_parts_add_up_and_are_fair(total: int, weights: list[int]) -> None:
    parts = largest_remainder(total, weights)
    assert sum(parts) == total
    whole_weight = sum(weights)
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part * whole_weight - total * weight) < whole_weight
        assert weight or not part


@pytest.mark.parametrize("weights", [[], [0, 0], [3, -1]])
def test_what_cannot_be_divided(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        largest_remainder(10, weights)


def test_common_losses_are_shared_by_it_energy() -> None:
    used = measured(node("n1", 400), node("n2", 200), node("n3", 100), node("n4", 100))
    found = split(whole(1200, 120_000, it_kwh=1000), used, PLACES, Rule.PROPORTIONAL)
    assert energies(found, Cut.NODE) == {
        "n1": 480, "n2": 240, "n3": 120, "n4": 120, "unattributed": 240
    }  # fmt: skip
    assert {name: share.cost for name, share in shares(found, Cut.RACK).items()} == {
        "a1": 72_000, "a2": 12_000, "b1": 12_000, "unattributed": 24_000
    }  # fmt: skip
    assert shares(found, Cut.RACK)["a1"].it_wh == 600_000


def test_common_losses_as_a_line_of_their_own() -> None:
    used = measured(node("n1", 400), node("n2", 200), node("n3", 100), node("n4", 100))
    found = split(whole(1200, 120_000, it_kwh=1000), used, PLACES, Rule.OWN_LINE)
    assert energies(found, Cut.HALL) == {"h": 800, "unattributed": 200, "common": 200}
    assert energies(found, Cut.ROW) == {"a": 700, "b": 100, "unattributed": 200, "common": 200}


def test_a_node_goes_to_its_own_tenant_before_its_racks() -> None:
    used = measured(node("n1", 400), node("n2", 200), node("n3", 100), node("n4", 100))
    found = split(whole(800, 80_000, it_kwh=800), used, PLACES, Rule.PROPORTIONAL)
    assert energies(found, Cut.TENANT) == {"alpha": 400, "beta": 300, "nobody": 100}


def test_without_it_meters_nothing_is_guessed_to_be_common() -> None:
    used = measured(node("n1", 300), node("n2", 100), node("n3", 100), node("n4", 100))
    found = split(whole(1000, 100_000), used, PLACES, Rule.PROPORTIONAL)
    assert energies(found, Cut.NODE) == {
        "n1": 300, "n2": 100, "n3": 100, "n4": 100, "unattributed": 400
    }  # fmt: skip
    assert any("no IT meter" in note for note in found.notes)


def test_nodes_that_say_more_than_was_billed_are_scaled_and_told() -> None:
    used = measured(node("n1", 600), node("n2", 200), node("n3", 100), node("n4", 100))
    found = split(whole(500, 50_000, it_kwh=800), used, PLACES, Rule.PROPORTIONAL)
    assert energies(found, Cut.NODE) == {"n1": 300, "n2": 100, "n3": 50, "n4": 50}
    assert any("25.0% more than the IT meters" in note for note in found.notes)
    assert any("more than was billed" in note for note in found.notes)


def test_silent_nodes_and_those_by_gpu_are_named_and_covered() -> None:
    used = measured(node("n1", 100, known=12), node("n9", 50, basis=Basis.GPU))
    found = split(whole(150, 15_000, it_kwh=150), used, PLACES, Rule.PROPORTIONAL)
    assert any("knows nothing of: 3 (n2, n3, n4)" in note for note in found.notes)
    assert any("nodes measured by their GPUs alone: 1;" in note for note in found.notes)
    assert shares(found, Cut.NODE)["n1"].coverage_ratio == 0.5
    assert shares(found, Cut.NODE)["n2"].energy_wh == 0
    assert found.coverage_ratio == pytest.approx((12 + 24) / (24 * 5))
    # n9 is in no site file: its place is not known, and nobody's
    assert energies(found, Cut.RACK) == {"a1": 100, "a2": 0, "b1": 0, "nobody": 50}


@given(
    st.lists(st.integers(0, 10**9), min_size=4, max_size=4),
    st.integers(0, 10**12),
    st.integers(-(10**9), 10**12),
    st.none() | st.integers(0, 10**12),
    st.none() | st.integers(0, 10**12),
    st.sampled_from(Rule),
)
def test_every_cut_adds_up_to_the_whole(
    used: list[int], energy: int, cost: int, it_wh: int | None, carbon: int | None, rule: Rule
) -> None:
    bill = whole(0, cost, carbon_g=carbon)
    bill = type(bill)(
        energy_wh=energy, cost=cost, cost_digits=0, currency="KRW", carbon_g=carbon,
        it_meters_wh=it_wh,
    )  # fmt: skip
    nodes = measured(*(node(f"n{n}", each / 1000) for n, each in enumerate(used, 1)))
    found = split(bill, nodes, PLACES, rule)
    for cut in Cut:
        parts = found.cuts[cut]
        assert sum(share.energy_wh for share in parts) == energy
        assert sum(share.cost for share in parts) == cost
        assert sum(share.carbon_g or 0 for share in parts) == (carbon or 0)
        assert all((share.carbon_g is None) == (carbon is None) for share in parts)
        assert all(share.energy_wh >= 0 for share in parts)
        assert rule is Rule.OWN_LINE or all(share.kind is not Kind.COMMON for share in parts)


def test_as_a_document_and_as_csv() -> None:
    used = measured(node("n1", 400), node("n2", 200), node("n3", 100), node("n4", 100))
    found = split(whole(1000, 100_001, carbon_g=417_300), used, PLACES, Rule.PROPORTIONAL)
    document = split_document(found)
    assert document is not None
    assert sum(each["cost"] for each in document["cuts"]["rack"]) == 100_001
    assert document["cuts"]["node"][0] == {
        "kind": "named", "name": "n1", "nodes": 1, "it_kwh": 400, "energy_kwh": 400,
        "cost": 40_001, "carbon_kg": Decimal("166.92"), "coverage_ratio": 1,
    }  # fmt: skip
    rows = split_csv(found).splitlines()
    assert rows[0].startswith("cut,kind,name,nodes,it_kwh")
    assert "node,named,n1,1,400,400,40001,166.92,1.0" in rows
    assert split_document(None, "why") == {"missing": "why"}
    assert split_document(None) is None


def test_money_of_small_units() -> None:
    assert money(123_456, 2) == Decimal("1234.56")
