"""docs/influxdb.md names the fields that there are."""

import re
from pathlib import Path

from exporters.fields import WINDOW_FIELDS, telemetry_fields
from exporters.influxdb.encode import PLACE_KEYS

PAGE = (Path(__file__).resolve().parents[2] / "docs/influxdb.md").read_text()


def test_every_field_of_a_window_is_documented() -> None:
    table = PAGE.split("| Field |")[1].split("\n\n")[0]
    named = {name for line in table.splitlines() for name in re.findall(r"`(\w+)`", line[:90])}
    assert WINDOW_FIELDS.keys() <= named
    values = {"counter", "integrated", "estimated"}
    assert named - values <= WINDOW_FIELDS.keys()


def test_every_example_of_telemetry_exists() -> None:
    text = PAGE.split("Telemetry goes with")[1].split("What is not known")[0]
    named = {name for name in re.findall(r"`(\w+)`", text) if name.count("_") >= 2}
    assert len(named) >= 4
    assert named <= telemetry_fields().keys()


def test_every_tag_is_documented() -> None:
    table = PAGE.split("| Tag |")[1].split("\n\n")[0]
    for tag in (*PLACE_KEYS, "gpu", "uuid", "scope"):
        assert f"`{tag}`" in table
