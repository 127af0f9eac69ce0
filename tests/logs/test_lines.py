"""The log as text and as JSON."""

import json
import logging
from datetime import datetime

import pytest

from collector.logs.fields import FIELDS
from collector.logs.lines import JsonFormatter, PlainFormatter, PriorityFormatter
from tests.logs.records import a_bug, record

LONGEST_AGO_SECONDS = 60


def as_json(*arguments: object, **extra: object) -> dict[str, object]:
    line = JsonFormatter().format(record(*arguments, **extra))  # type: ignore[arg-type]
    assert "\n" not in line
    told: dict[str, object] = json.loads(line)
    return told


def test_json_is_one_object_a_line_with_time_level_and_fields() -> None:
    told = as_json("one\ntwo", logging.ERROR, part="gpu 3", gpu=3, uuid="GPU-1", seconds=0.5)
    assert {key: told[key] for key in ("level", "message", "logger")} == {
        "level": "error",
        "message": "one\ntwo",
        "logger": "collector.daemon.faults",
    }
    assert (told["part"], told["gpu"], told["uuid"], told["seconds"]) == ("gpu 3", 3, "GPU-1", 0.5)
    made = datetime.fromisoformat(str(told["time"]))
    assert made.utcoffset() is not None
    assert str(told["time"]).endswith("Z")
    assert abs(made.timestamp() - datetime.now().astimezone().timestamp()) < LONGEST_AGO_SECONDS


def test_what_is_not_known_is_absent_and_what_others_attach_stays_out() -> None:
    told = as_json(part="", gpu=None, password="s3cret", headers={"Authorization": "s3cret"})  # noqa: S106 - it must not come out
    assert set(told) == {"time", "level", "message", "logger"}


def test_an_exception_is_a_field_of_its_own() -> None:
    told = as_json("a bug", error=a_bug())
    assert told["message"] == "a bug"
    assert str(told["exception"]).startswith("Traceback (most recent call last):\n")
    assert str(told["exception"]).endswith("ZeroDivisionError: oops")


def test_the_fields_are_no_attributes_that_a_record_has_anyway() -> None:
    assert not set(FIELDS) & set(vars(record()))


@pytest.mark.parametrize(
    ("level", "number"),
    [(logging.DEBUG, 7), (logging.INFO, 6), (25, 6), (logging.WARNING, 4), (logging.ERROR, 3),
     (logging.CRITICAL, 2)],
)  # fmt: skip
def test_every_line_for_systemd_has_its_number(level: int, number: int) -> None:
    lines = PriorityFormatter().format(record("one\ntwo", level, error=a_bug())).splitlines()
    assert len(lines) > 3
    assert all(line.startswith(f"<{number}>") for line in lines)
    assert lines[0] == f"<{number}>one"


def test_a_line_for_people_has_time_and_level() -> None:
    assert PlainFormatter().format(record()).endswith(" WARNING gpu 3: it is hot; look")
