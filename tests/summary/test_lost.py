"""Rows that receivers will not get, of the last hour."""

from collector.catalogue import Labels
from collector.summary import LostRows
from collector.summary.lost import SPAN_NS

MINUTE_NS = 60_000_000_000


def own(dropped: float, quarantined: float = 0.0) -> dict[str, dict[Labels, float]]:
    return {
        "wattkeeper_dropped_total": {("influxdb",): dropped, ("mqtt",): 0.0},
        "wattkeeper_quarantined_total": {("influxdb",): quarantined, ("mqtt",): 0.0},
    }


def test_what_was_lost_before_this_run_is_no_news() -> None:
    lost = LostRows()
    assert lost.values(own(600, 3), 0) == {}
    assert lost.values(own(600, 3), MINUTE_NS) == {}


def test_each_exporter_and_reason_is_told_for_an_hour() -> None:
    lost = LostRows()
    lost.values(own(600), 0)
    told = {("influxdb", "dropped"): 40.0, ("influxdb", "quarantined"): 2.0}
    for minute in range(1, 60):
        assert lost.values(own(640, 2), minute * MINUTE_NS) == {"wattkeeper_recent_lost_rows": told}
    assert lost.values(own(640, 2), SPAN_NS + 2 * MINUTE_NS) == {}


def test_nobody_pushes() -> None:
    assert LostRows().values({}, 0) == {}
