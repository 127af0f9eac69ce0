"""Every InfluxQL of the dashboards, on a real InfluxDB with points as the exporter writes them."""

import re
import time
import urllib.request
from collections.abc import Mapping

from collector.model import Device, Energy, GpuIdentity, HostSensor, Meter, Point, PowerStat, Window
from exporters.influxdb import LineEncoder
from tests.dashboards.queries import EVERYTHING, every_query
from tests.servers.influx import Influx

SECOND = 1_000_000_000
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
