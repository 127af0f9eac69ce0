"""The best source of the node's input: never a part for the whole, never two scopes together."""

from hypothesis import given
from hypothesis import strategies as st

from collector.sources.host.best import RANKING, best_input
from collector.sources.host.protocol import HostReading, Scope

SOURCES = ("redfish", "ipmi", "hwmon", "rapl")


def reading(
    source: str, scope: str, device: str, milliwatts: int | None, at_ns: int = 1
) -> HostReading:
    return HostReading(
        source=source,
        scope=scope,
        device=device,
        monotonic_ns=at_ns,
        milliwatts=milliwatts,
        error="" if milliwatts is not None else "timeout",
    )


readings = st.builds(
    reading,
    st.sampled_from(SOURCES),
    st.sampled_from(list(Scope)),
    st.sampled_from(["a", "b", "c"]),
    st.none() | st.integers(0, 10_000_000),
    st.integers(0, 10**15),
)
several = st.lists(readings, max_size=30, unique_by=lambda r: (r.source, r.scope, r.device))


def test_redfish_comes_before_ipmi_and_that_before_hwmon() -> None:
    found = [
        reading("hwmon", "ac_input", "acpi", 700_000),
        reading("ipmi", "ac_input", "dcmi", 720_000),
        reading("redfish", "ac_input", "1", 731_500),
    ]
    seen = []
    while (best := best_input(found)) is not None:
        seen.append((best.source, best.milliwatts))
        found.pop()
    assert seen == [("redfish", 731_500), ("ipmi", 720_000), ("hwmon", 700_000)]


def test_supplies_are_added_only_when_all_of_them_answered() -> None:
    supplies = [reading("redfish", "ac_input", f"PSU{i}", 400_000, 10 * i) for i in range(4)]
    other = reading("ipmi", "ac_input", "dcmi", 1_570_000)
    best = best_input([*supplies, other])
    assert best is not None
    assert (best.source, best.milliwatts, best.monotonic_ns) == ("redfish", 1_600_000, 15)
    assert best.devices == ("PSU0", "PSU1", "PSU2", "PSU3")
    supplies[2] = reading("redfish", "ac_input", "PSU2", None)
    best = best_input([*supplies, other])
    assert best is not None
    assert (best.source, best.milliwatts) == ("ipmi", 1_570_000)
    assert best_input(supplies) is None


def test_a_spare_supply_at_nothing_counts_as_an_answer() -> None:
    found = [
        reading("redfish", "ac_input", "PSU0", 900_000),
        reading("redfish", "ac_input", "PSU1", 0),
    ]
    best = best_input(found)
    assert best is not None
    assert best.milliwatts == 900_000


def test_modules_and_cpus_never_stand_for_the_node() -> None:
    parts = [
        reading("hwmon", scope, "0", 500_000)
        for scope in Scope
        if scope not in {Scope.AC_INPUT, Scope.DC_NODE}
    ]
    assert best_input(parts) is None


def test_a_node_on_a_busbar_has_its_dc_input() -> None:
    found = [
        reading("redfish", "dc_node", "Chassis_0", 5_200_000),
        reading("redfish", "module", "HGX_ProcessorModule_0", 2_400_000),
    ]
    best = best_input(found)
    assert best is not None
    assert (best.scope, best.milliwatts) == ("dc_node", 5_200_000)


@given(several)
def test_it_is_the_whole_of_one_source_and_scope_and_the_first_that_is(
    found: list[HostReading],
) -> None:
    best = best_input(found)
    whole = []
    for scope, source in RANKING:
        powers = [r.milliwatts for r in found if (r.scope, r.source) == (scope, source)]
        known = [power for power in powers if power is not None]
        if powers and len(known) == len(powers) and sum(known) > 0:
            whole.append((source, scope.value, sum(known)))
    if best is None:
        assert not whole
    else:
        assert (best.source, best.scope, best.milliwatts) == whole[0]
        times = [r.monotonic_ns for r in found if (r.scope, r.source) == (best.scope, best.source)]
        assert min(times) <= best.monotonic_ns <= max(times)


@given(several, st.randoms(use_true_random=False))
def test_the_order_of_readings_does_not_matter(found: list[HostReading], random: object) -> None:
    shuffled = list(found)
    assert hasattr(random, "shuffle")
    random.shuffle(shuffled)
    assert best_input(shuffled) == best_input(found)


@given(several, st.data())
def test_losing_a_supply_never_shows_less_of_the_same_source(
    found: list[HostReading], data: st.DataObject
) -> None:
    """A reading that fails may lead to another source, never to the sum of the others."""
    best = best_input(found)
    if best is None:
        return
    lost = data.draw(st.sampled_from(best.devices))
    after = best_input(
        reading(r.source, r.scope, r.device, None)
        if (r.source, r.scope, r.device) == (best.source, best.scope, lost)
        else r
        for r in found
    )
    assert after is None or (after.source, after.scope) != (best.source, best.scope)
