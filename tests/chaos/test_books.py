"""Books that do not balance are found out."""

from dataclasses import replace

import pytest

from benchmarks.chaos.books import Books
from benchmarks.chaos.receivers import Received, increase
from collector.model import Energy

TOTAL = Energy(900_000, 60_000, 40_000)
ARRIVED = Received(rows=10, energy=TOTAL, total_mj=1_000_000)
GOOD = Books(
    gpu=3,
    resets=1,
    used_mj=1_010_000,
    counted_mj=1_009_000,
    counted_exactly=False,
    ledger=TOTAL,
    minutes=TOTAL,
    quarter_hours=TOTAL,
    low_mj=30_000,
    high_mj=50_000,
    store=ARRIVED,
    mqtt=ARRIVED,
    prometheus_mj=990_000,
    unseen_mj=20_000,
)


def test_books_that_balance() -> None:
    assert list(GOOD.wrong()) == []


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (replace(GOOD, used_mj=1_200_000), "off the true energy"),
        (replace(GOOD, used_mj=800_000), "off the true energy"),
        (replace(GOOD, resets=0), "off what the counter counted"),
        (replace(GOOD, minutes=Energy(900_000, 60_001, 39_999)), "the minute registers"),
        (replace(GOOD, quarter_hours=Energy()), "the 15-minute registers"),
        (replace(GOOD, store=replace(ARRIVED, total_mj=999_999)), "VictoriaMetrics is -1 mJ"),
        (replace(GOOD, mqtt=replace(ARRIVED, energy=Energy(1_000_000))), "MQTT is"),
        (replace(GOOD, mqtt=replace(ARRIVED, holes=1)), "1 rows missing"),
        (replace(GOOD, store=replace(ARRIVED, clashes=2)), "2 keys used twice"),
        (replace(GOOD, prometheus_mj=800_000), "Prometheus is -200000 mJ"),
        (replace(GOOD, prometheus_mj=1_100_000), "Prometheus is +100000 mJ"),
    ],
)
def test_what_does_not_balance_is_said(wrong: Books, words: str) -> None:
    (said,) = wrong.wrong()
    assert words in said


def test_a_pause_may_hide_a_reset() -> None:
    found = increase([(1.0, 5.0), (2.0, 7.0), (12.0, 9.0), (13.0, 10.0)])
    assert found.value == 10
    assert found.blind == ((2.0, 12.0),)


def test_an_increase_over_resets() -> None:
    samples = [(1.0, 5.0), (2.0, 7.0), (4.0, 1.0), (5.0, 1.0), (6.0, 4.0)]
    found = increase(samples)
    assert found.value == 7 + 4
    assert found.blind == ((2.0, 4.0),)
    assert found.last == 6.0
