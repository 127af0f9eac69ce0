"""The published JSON Schema fits what is published."""

import json
from typing import Any

import pytest
from hypothesis import given

from collector.catalogue import BY_NAME, Kind, Metric, Rate, Unit
from collector.docs.files import FILES
from collector.model import Window
from exporters.mqtt.encode import JsonEncoder, with_seq
from exporters.mqtt.schema import gpu_schema
from tests.mqtt.values import BASE, PLACE, window, windows

SCHEMA: dict[str, Any] = json.loads(gpu_schema())
TYPES: dict[str, tuple[type, ...]] = {"number": (int, float), "integer": (int,), "string": (str,)}


def faults(said: dict[str, Any]) -> list[str]:
    """What of a payload the schema does not allow, or does not know."""
    found = [f"{name} is missing" for name in SCHEMA["required"] if name not in said]
    for name, value in said.items():
        rule = SCHEMA["properties"].get(name)
        if rule is None:
            found.append(f"{name} is not described")
        elif not isinstance(value, TYPES[rule["type"]]):
            found.append(f"{name} is no {rule['type']}")
        elif "enum" in rule and value not in rule["enum"]:
            found.append(f"{name} is none of {rule['enum']}")
        elif value < rule.get("minimum", value):
            found.append(f"{name} is too small")
    return found


def payload(made: Window) -> dict[str, Any]:
    (item,) = JsonEncoder(BASE, PLACE).windows([made])
    said: dict[str, Any] = json.loads(with_seq(item.payload, 1))
    return said


@given(windows())
def test_every_payload_fits(made: Window) -> None:
    assert not faults(payload(made))


def test_the_check_finds_faults() -> None:
    said = payload(window())
    assert faults(said | {"seq": 0}) == ["seq is too small"]
    assert faults(said | {"power": 1}) == ["power is not described"]
    assert faults(said | {"gpu": "0"}) == ["gpu is no integer"]
    del said["energy_joules"]
    assert faults(said) == ["energy_joules is missing"]


def test_another_validator_agrees() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    strict = jsonschema.Draft202012Validator(SCHEMA | {"additionalProperties": False})
    strict.validate(payload(window()))
    with pytest.raises(jsonschema.ValidationError):
        strict.validate(payload(window()) | {"power": 1})


def test_everything_has_a_type_and_a_description() -> None:
    for name, rule in SCHEMA["properties"].items():
        assert rule["type"] in TYPES, name
        assert rule["description"].endswith("."), name


def test_a_metric_is_added_in_one_entry() -> None:
    added = Metric(
        key="gpu_fan_speed",
        kind=Kind.GAUGE,
        unit=Unit.HERTZ,
        help="How fast it turns.",
        rate=Rate.TELEMETRY,
        reads={"nvml": {(): "whatever"}},
    )
    text = gpu_schema({**BY_NAME, added.name: added})
    assert "fan_speed_hertz_mean" in json.loads(text)["properties"]
    assert "fan_speed_hertz_mean" not in gpu_schema()


def test_it_is_a_generated_file() -> None:
    assert FILES["docs/schemas/mqtt-gpu.schema.json"]() == gpu_schema()
