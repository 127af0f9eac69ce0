"""What a check says of the host's own sources of power."""

import time
from collections.abc import Sequence
from dataclasses import replace

from collector.check.host import check_host
from collector.check.model import HostReport
from collector.sources.host.protocol import (
    HostReading,
    HostSource,
    HostSourceError,
    NothingHereError,
)
from tests.host.scripted import Scripted, reading

RANGE_UJ = 1_000_000_000


def checked(*sources: tuple[HostSource, bool], most_seconds: float = 5.0) -> HostReport:
    return check_host(sources, most_seconds=most_seconds)


def test_a_source_is_read_and_what_that_takes_is_told() -> None:
    def says() -> Sequence[HostReading]:
        time.sleep(0.02)
        return [
            reading("redfish", "ac_input", "PSU1", 400.0),
            reading("redfish", "ac_input", "PSU2", 200.0),
            reading("redfish", "module", "M1", None),
        ]

    script = Scripted("redfish", says, seconds=10)
    report = checked((script, True))
    (source,) = report.sources
    assert (source.name, source.asked_for, source.every_seconds) == ("redfish", True, 10)
    assert source.problem == ""
    assert source.read_seconds is not None
    assert 0.02 <= source.read_seconds < 1
    said = [(one.scope, one.device, one.watts, one.error, one.via) for one in source.sensors]
    assert said == [
        ("ac_input", "PSU1", 400.0, "", "script"),
        ("ac_input", "PSU2", 200.0, "", "script"),
        ("module", "M1", None, "timeout", "script"),
    ]
    assert report.input is not None
    assert (report.input.source, report.input.scope, report.input.milliwatts) == (
        "redfish",
        "ac_input",
        600_000,
    )
    assert script.closed == 1


def test_a_counter_of_energy_is_read_twice_for_its_power_also_when_it_wraps() -> None:
    counts = iter([999_900_000, 0])
    began_ns = time.monotonic_ns()

    def says() -> Sequence[HostReading]:
        counter_uj = next(counts)
        at_ns = began_ns if counter_uj else began_ns + 1_000_000_000
        bare = replace(reading("rapl", "cpu", "package-0", None, at_ns), error="")
        return [replace(bare, counter_uj=counter_uj, counter_range_uj=RANGE_UJ)]

    (source,) = checked((Scripted("rapl", says), False)).sources
    (sensor,) = source.sensors
    assert sensor.watts is not None
    assert abs(sensor.watts - 0.1) < 1e-6


def test_what_is_not_there_is_no_problem_unless_it_was_asked_for() -> None:
    def nothing() -> None:
        raise NothingHereError("no power meter", "remove [host.redfish]")

    report = checked(
        (Scripted("hwmon", list, opens=nothing), False),
        (Scripted("redfish", list, opens=nothing), True),
    )
    silent, missed = report.sources
    assert (silent.nothing_here, silent.problem, silent.sensors) == (True, "no power meter", ())
    assert (missed.nothing_here, missed.action) == (False, "remove [host.redfish]")
    assert report.input is None


def test_a_source_that_fails_or_hangs_keeps_nobody_from_another() -> None:
    def refuse() -> None:
        raise HostSourceError("the password is refused", "unauthorized", "check it")

    hanging = Scripted("ipmi", lambda: [reading("ipmi", "ac_input", "dcmi", 1.0)])
    hanging.hangs_in = "read"
    began = time.monotonic()
    report = checked(
        (hanging, True),
        (Scripted("redfish", list, opens=refuse), True),
        (Scripted("hwmon", lambda: [reading("hwmon", "ac_input", "acpi", 700.0)]), False),
        most_seconds=0.3,
    )
    assert time.monotonic() - began < 3
    assert "did not answer within 0.3 s" in report.sources[0].problem
    assert (report.sources[1].problem, report.sources[1].action) == (
        "the password is refused",
        "check it",
    )
    assert report.input is not None
    assert report.input.source == "hwmon"
