"""The tables of docs/scale.md are computed from what was measured."""

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.sizing.figures import load, size
from benchmarks.sizing.page import GPUS, filled, tables

DOCS = Path(__file__).resolve().parents[2] / "docs"
FIGURES = load(DOCS / "measurements" / "sizing.toml")


def test_the_page_has_the_tables_of_the_figures() -> None:
    page = (DOCS / "scale.md").read_text(encoding="utf-8")
    assert filled(page, FIGURES) == page, "run python -m benchmarks.sizing"


def test_another_figure_is_another_table() -> None:
    other = replace(FIGURES, prometheus=replace(FIGURES.prometheus, resident_bytes=1))
    assert tables(other) != tables(FIGURES)


def test_the_measured_size_is_what_was_measured() -> None:
    measured = FIGURES.prometheus
    found = size(FIGURES, measured.gpus)
    assert found.nodes == measured.nodes
    assert found.series == measured.series
    assert found.prometheus_bytes == pytest.approx(measured.resident_bytes)
    assert found.prometheus_cores == pytest.approx(measured.cores)
    assert found.shards == 1


def test_all_grows_in_proportion() -> None:
    one, ten = size(FIGURES, 20_000), size(FIGURES, 200_000)
    assert ten.series == pytest.approx(10 * one.series)
    assert ten.prometheus_disk_bytes == pytest.approx(10 * one.prometheus_disk_bytes)
    assert ten.influx_fields == pytest.approx(10 * one.influx_fields)
    assert ten.shards == 10
    assert 170_000 in GPUS


def test_a_page_without_a_place_is_refused() -> None:
    with pytest.raises(ValueError, match="needs one place"):
        filled("nothing here", FIGURES)
