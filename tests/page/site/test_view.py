"""A site's JSON: its shape, its sizes, and that what is missing is missing."""

import json
from time import perf_counter
from typing import Any

import pytest

from collector.catalogue import Values
from collector.model import Fault, Tick
from collector.sitefile.model import Site
from exporters.page.site import SiteView
from tests.page.site.made_up import (
    WALL_NS,
    centre,
    demand,
    figures,
    gigawatt,
    metered,
    snapshot,
    troubled,
    values,
    well,
)


def shown(site: Site, found: Values, second: float = 400.0) -> dict[str, Any]:
    view = SiteView(site)
    view.update(Tick.of(snapshot(found, second)))
    return dict(json.loads(view.payload(history=False)))


def branch(data: dict[str, Any], id_: str) -> dict[str, Any]:
    return next(dict(one) for one in data["tree"]["branches"] if one["id"] == id_)


def test_a_site_that_is_well() -> None:
    data = shown(centre(), well(centre()))
    assert data["site"] == "accelerator-centre"
    assert data["power"]["at_most_watts"] is None
    assert data["power"]["coverage_ratio"] == 1.0
    assert data["contract_watts"] == 1_300_000.0
    assert data["tree"]["states"] == {
        "over": 0,
        "near": 0,
        "unplanned": 0,
        "partial": 0,
        "unknown": 0,
        "well": 23,
    }
    assert len(data["tree"]["branches"]) == data["tree"]["total"] == 23
    assert data["meters"]["good"] == data["meters"]["total"] == 15
    assert data["faults"] == []
    rack = branch(data, "h01r01k1")
    assert rack == {
        "id": "h01r01k1",
        "level": "rack",
        "parents": ["h01r01-busway-a", "h01r01-busway-b"],
        "state": "well",
        "power": {"watts": 92_400.0, "at_most_watts": None, "coverage_ratio": 1.0},
        "source": "meter",
        "limit_watts": 132_000.0,
        "budget_watts": 120_000.0,
        "headroom_watts": 39_600.0,
        "limited_by": None,
        "stranded_watts": 0.0,
        "hidden": None,
    }
    assert branch(data, "substation-a")["source"] == "sum"


def test_nothing_is_known() -> None:
    data = shown(centre(), {})
    assert data["power"] == {"watts": None, "at_most_watts": None, "coverage_ratio": 0.0}
    assert data["tree"]["states"]["unknown"] == 23
    assert data["feeds"][0]["interval"] is None
    assert data["feeds"][0]["target_watts"] is None
    assert {figure["pue"] for figure in data["figures"]} == {None}
    assert {meter["state"] for meter in data["meters"]["rows"]} == {"silent"}
    assert {group["state"] for group in data["groups"]} == {"unknown"}
    assert branch(data, "grid")["power"]["watts"] is None


def test_a_power_that_is_bounded_says_by_what() -> None:
    """The page's upper bound is that of the budget, which knows more than the page."""
    powers = metered(centre(), 0.6)
    for silent in ("h01r02k3-power", "h01r02-ups-a-output"):
        del powers[silent]
    data = shown(centre(), values(centre(), powers))
    rack = branch(data, "h01r02k3")
    assert rack["power"] == {"watts": None, "at_most_watts": 132_000.0, "coverage_ratio": 0.0}
    assert rack["state"] == "unknown"
    side = branch(data, "h01r02-ups-a")
    three = 3 * 132_000 * 0.6 / 2
    assert side["power"]["watts"] == pytest.approx(three, abs=1)
    assert side["power"]["at_most_watts"] == pytest.approx(three + 132_000 / 2, abs=1)
    assert side["power"]["coverage_ratio"] == pytest.approx(0.75, abs=1e-6)
    assert side["state"] == "partial"
    group = next(one for one in data["groups"] if one["id"] == "h01r02-ups")
    both = three + 132_000 / 2 + 4 * 132_000 * 0.6 / 2
    assert group["watts"] is None
    assert group["at_most_watts"] == pytest.approx(both, abs=2)


def test_a_value_that_is_no_number_is_absent() -> None:
    found = well(centre())
    found["site_power_watts"]["grid", "feed", ""] = float("nan")
    assert shown(centre(), found)["power"]["watts"] is None


def test_trouble_comes_first_and_says_who_limits() -> None:
    view = SiteView(centre())
    view.update(Tick.of(troubled(500)))
    data = json.loads(view.payload(history=False))
    first = data["tree"]["branches"][0]
    assert (first["id"], first["state"]) == ("h01r01k1", "over")
    assert branch(data, "h01r01-busway-a")["limited_by"] == "h01-msb"
    assert branch(data, "substation-b")["limited_by"] == "grid"
    assert branch(data, "grid")["limited_by"] is None
    states = [meter["state"] for meter in data["meters"]["rows"]]
    assert states[:2] == ["silent", "stale"]
    assert set(states[2:]) == {"good"}
    assert data["coolant"][0] == {
        "id": "h01r01k4-power",
        "supply_celsius": 32.8,
        "return_celsius": None,
    }
    assert data["faults_total"] == 1


def test_a_bad_meter_is_not_stale() -> None:
    found = well(centre())
    found["site_meter_good"]["grid-border",] = 0.0
    rows = shown(centre(), found)["meters"]["rows"]
    assert (rows[0]["id"], rows[0]["state"]) == ("grid-border", "bad")


def test_the_quarter_hour_burns_up() -> None:
    view, site = SiteView(centre()), centre()
    found = well(site)
    watts = 1_000_000.0
    found |= demand("grid", 900_000.0, watts, cut=150_000.0)
    for second in range(120, 301):
        view.update(Tick.of(snapshot(found, second)))
    interval = json.loads(view.payload(history=False))["feeds"][0]["interval"]
    assert interval["start_ms"] == WALL_NS // 1_000_000
    assert interval["end_ms"] - interval["start_ms"] == 900_000
    assert interval["at_seconds"] == 300.0
    assert interval["used_joules"] == pytest.approx(300 * watts)
    assert interval["points"] == [[second, second * watts] for second in range(120, 301, 15)]
    assert interval["cut_watts"] == 150_000.0
    assert interval["deadline_ms"] is None
    assert interval["forecast_low_watts"] == 970_000.0


def test_a_new_quarter_hour_begins_with_nothing() -> None:
    view = SiteView(centre())
    found = well(centre())
    for second in (*range(800, 900), *range(900, 921)):
        view.update(Tick.of(snapshot(found, second)))
    interval = json.loads(view.payload(history=False))["feeds"][0]["interval"]
    assert interval["start_ms"] == WALL_NS // 1_000_000 + 900_000
    assert [seconds for seconds, _ in interval["points"]][-1] == 20.0
    assert all(seconds <= 20 for seconds, _ in interval["points"])


def test_a_clock_that_was_set_back_leaves_points_in_order() -> None:
    view = SiteView(centre())
    found = well(centre())
    for second in (100, 200, 300):
        view.update(Tick.of(snapshot(found, second)))
    late = snapshot(found, 150)
    object.__setattr__(late, "monotonic_ns", late.monotonic_ns + 10**12)
    view.update(Tick.of(late))
    points = json.loads(view.payload(history=False))["feeds"][0]["interval"]["points"]
    assert [seconds for seconds, _ in points] == [100, 150]


def test_a_gigawatt_stays_small() -> None:
    site = gigawatt()
    view = SiteView(site)
    view.update(Tick.of(snapshot(well(site))))
    began = perf_counter()
    payload = view.payload(history=True)
    assert perf_counter() - began < 3  # about 0.1 s on an idle machine
    assert len(payload) < 200_000
    data = json.loads(payload)
    tree = data["tree"]
    sent = {one["id"] for one in tree["branches"]}
    assert tree["total"] == len(site.branches) == 4877
    assert 200 < len(sent) <= 300
    for one in tree["branches"]:
        assert set(one["parents"]) <= sent  # every path is whole
    hidden = sum(one["hidden"]["count"] for one in tree["branches"] if one["hidden"])
    assert hidden > 0
    assert len(data["meters"]["rows"]) == 60
    assert data["meters"]["total"] == len(site.meters)
    assert len(data["groups"]) == 12
    assert data["groups_total"] > 1000


def test_the_worst_of_a_gigawatt_are_sent() -> None:
    site = gigawatt()
    powers = metered(site, 0.5)
    racks = list(site.racks)
    bad, blind = racks[1234], racks[2001]
    powers[f"{bad}-power"] = 10_000_000.0
    del powers[f"{blind}-power"]
    data = shown(site, values(site, powers))
    assert branch(data, bad)["state"] == "over"
    assert branch(data, blind)["state"] == "unknown"
    assert data["tree"]["branches"][0]["state"] == "over"


def test_thousands_of_faults_are_counted_and_not_sent() -> None:
    view = SiteView(centre())
    one = Fault(part="meter", problem="It fell silent.", action="Look.", since_wall_ns=WALL_NS)
    view.update(Tick.of(snapshot({}, faults=(one,) * 3000)))
    data = json.loads(view.payload(history=False))
    assert data["faults_total"] == 3000
    assert len(data["faults"]) == 50


def test_figures_and_deliveries_pass_through() -> None:
    data = shown(centre(), figures())
    assert data["figures"][1] == {
        "window": "1d",
        "pue": 1.1987,
        "pue_coverage_ratio": 0.9896,
        "load_factor": 0.913,
    }
    assert data["figures"][2]["pue"] is None
    assert data["figures"][2]["pue_coverage_ratio"] == 0.41
    assert data["deliveries"][0]["name"] == "influxdb"


def test_before_the_first_tick_there_is_nothing() -> None:
    assert SiteView(centre()).payload(history=True) == b"null"


def test_it_renders_once_for_each_update(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    dumps = json.dumps

    def counted(*args: Any, **kwargs: Any) -> str:
        calls.append(1)
        return dumps(*args, **kwargs)

    monkeypatch.setattr(json, "dumps", counted)
    view = SiteView(centre())
    view.update(Tick.of(snapshot(well(centre()))))
    assert not calls
    assert view.payload(history=True) == view.payload(history=False)
    assert len(calls) == 1
    view.update(Tick.of(snapshot(well(centre()), 401)))
    view.payload(history=False)
    assert len(calls) == 2


def test_an_update_between_samples_builds_no_snapshot() -> None:
    view = SiteView(centre())
    first = snapshot(well(centre()))
    view.update(Tick.of(first))

    def refuse() -> Any:
        raise AssertionError("nobody asked")

    view.update(Tick(first.monotonic_ns + 10**9, {}, refuse))
