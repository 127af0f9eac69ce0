"""Every InfluxQL of the dashboards, on a real InfluxDB with points as the exporter writes them."""

import re
import time
import urllib.request
from collections.abc import Iterator, Mapping

import pytest

from benchmarks.fleet import Fleet
from collector.model import Device, Energy, GpuIdentity, HostSensor, Meter, Point, PowerStat, Window
from exporters.influxdb import LineEncoder
from tests.dashboards.filled import fleets
from tests.dashboards.points import HOUR, californian_band, korean_band, points
from tests.dashboards.queries import EVERYTHING, every_query
from tests.servers.influx import Influx

SECOND = 1_000_000_000
DAY = 86_400
HOURS_AT_ONCE = 24
Sites = tuple[Fleet, ...]
BANDS = ("super_off_peak", "off_peak", "mid", "part_peak", "peak")
PLACE = {"site": "here", "hall": "h1", "row": "r1", "rack": "k1", "node": "n1"}


def window(device: Device, scope: str, end_ns: int) -> Window:
    """A window of 10 s at 1 kW."""
    return Window(
        device=device,
        scope=scope,
        start_ns=end_ns - 10 * SECOND,
        end_ns=end_ns,
        duration_ns=10 * SECOND,
        energy=Energy(counter_mj=9_000_000, estimated_mj=1_000_000),
        total_mj=10_000_000,
        covered_ns=10 * SECOND,
        samples=100,
        power=PowerStat(minimum=900.0, mean=1000.0, maximum=1100.0),
    )


def lines(now_ns: int) -> bytes:
    """What nodes and the site daemon would have sent within the last hour."""
    gpu = GpuIdentity(uuid="GPU-1", index=0, model="H200")
    psu = HostSensor(source="redfish", device="node")
    meter = Meter(id="border", role="utility")
    ends = [now_ns - 600 * SECOND, now_ns - 300 * SECOND]
    items = LineEncoder(PLACE).windows(
        [one for end in ends for one in (window(gpu, "gpu", end), window(psu, "dc_node", end))]
    )
    site = LineEncoder({"site": "here"})
    items += site.windows([window(meter, "", end) for end in ends])
    fields: Mapping[str, float] = {"energy_joules": 9e5, "demand_watts": 1e3, "target_watts": 2e3}
    items += site.points(
        Point(
            measurement="demand",
            tags={"branch": "grid", "meter": "border"},
            wall_ns=now_ns - index * 300 * SECOND - 1,
            fields={**fields, "band": band},
        )
        for index, band in enumerate(BANDS)
    )
    return b"\n".join(item.payload for item in items)


def test_every_query_is_understood_and_brings_data(influx: Influx) -> None:
    now_ns = time.time_ns()
    url = f"{influx.url}/write?db={influx.database}"
    urllib.request.urlopen(url, lines(now_ns), timeout=10).close()  # noqa: S310 - the test's own
    asked = [one for one in every_query() if one.language == "influxql"]
    assert len(asked) > 10
    found = {str(one): influx.query(one.text) for one in asked}
    assert [name for name, rows in found.items() if not rows] == []

    hours = found["wk-energy: GPUs, each day by hall: A"]
    assert {row["hall"] for row in hours} == {"h1"}
    assert round(sum(float(str(row["sum"])) for row in hours), 9) == round(20_000 / 3600, 9)
    assert found["wk-energy: Racks in the range: A"][0]["rack"] == "k1"


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Influx, Sites]]:
    """An InfluxDB with a month of two simulated sites, and these."""
    now_s = time.time()
    trays, servers = fleets(now_s)
    with Influx(tmp_path_factory.mktemp("month")) as server:
        url = f"{server.url}/write?db={server.database}"
        for fleet, band in ((trays, korean_band), (servers, californian_band)):
            body: list[bytes] = []
            for lines_of_hour in points(fleet, now_s - 31 * DAY, now_s, band):
                body.append(lines_of_hour)
                if len(body) == HOURS_AT_ONCE:
                    post(url, body)
            post(url, body)
        yield server, (trays, servers)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("days", [1, 30])
def test_every_query_brings_data_of_long_ranges(month: tuple[Influx, Sites], days: int) -> None:
    asked = [one for one in every_query(range_seconds=days * DAY) if one.language == "influxql"]
    found = {str(one): month[0].query(one.text) for one in asked}
    assert [name for name, rows in found.items() if not rows] == []
    hours = {
        str(row["time"])
        for name, rows in found.items()
        if "each day by hall" in name
        for row in rows
    }
    assert len(hours) in {days, days + 1}, "one value a day"


@pytest.mark.timeout(300)
def test_energy_of_a_month_is_what_the_gpus_used(month: tuple[Influx, Sites]) -> None:
    """Counted from midnight to midnight in the reader's time zone, and nothing twice."""
    server, sites = month
    rows = {
        str(one): server.query(one.text)
        for one in every_query(range_seconds=30 * DAY)
        if one.language == "influxql"
    }
    by_day = sum(float(str(row["sum"])) for row in rows["wk-energy: GPUs, each day by hall: A"])
    by_rack = sum(float(str(row["value"])) for row in rows["wk-energy: Racks in the range: A"])
    end_s = time.time() // HOUR * HOUR
    truth = 0.0
    for fleet in sites:
        for name, machine in fleet.machines.items():
            truth += sum(
                fleet.gpu_joules(name, gpu, end_s) - fleet.gpu_joules(name, gpu, end_s - 30 * DAY)
                for gpu in range(len(machine.boards))
            )
    assert by_day == pytest.approx(by_rack, rel=1e-6)
    assert by_day == pytest.approx(truth / HOUR, rel=0.01)


def post(url: str, body: list[bytes]) -> None:
    """Write lines, and forget them."""
    if body:
        urllib.request.urlopen(url, b"\n".join(body), timeout=60).close()  # noqa: S310 - the test's own
        body.clear()


def test_a_place_that_is_not_there_brings_nothing(influx: Influx) -> None:
    nowhere = {**EVERYTHING, "site": "elsewhere"}
    asked = [one for one in every_query(nowhere) if one.language == "influxql"]
    assert all(not influx.query(one.text) for one in asked)


def test_measurements_and_fields_are_those_that_are_written() -> None:
    text = lines(time.time_ns()).decode()
    written = set(re.findall(r"(?:^|\n)(\w+),", text))
    fields = set(re.findall(r"[ ,](\w+)=", text))
    for one in every_query():
        if one.language == "influxql":
            assert set(re.findall(r'FROM "(\w+)"', one.text)) <= written, str(one)
            read = set(re.findall(r'(?:sum|max|mean)\("(\w+)"\)', one.text))
            assert read <= fields, str(one)
