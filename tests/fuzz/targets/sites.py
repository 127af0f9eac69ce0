"""The site file, the scenario of the fleet simulator."""

import math
from itertools import chain
from unittest import mock

from benchmarks.fleet.scenario import ScenarioError, load_scenario
from collector.sitefile import SiteFileError, describe, load
from collector.sitefile import read as reading
from tests.fuzz import odd, toml_changes
from tests.fuzz.choices import Choices
from tests.fuzz.target import Target, written
from tests.fuzz.words import MANY_LINES, checked
from tests.sitefile.texts import TREE

_MOST_TABLES = 3000
"""A million tables, which a range may make, take longer than one input may."""
_TEXT = f"""\
{TREE}
[grafana]
url = "https://grafana.example"

[[meter]]
id = "main"
branch = "grid"
role = "utility"
register = true
stale_seconds = 200.0
rollover_joules = "999999 kWh"
dsx_object = "plant/main"

[[meter]]
id = "r1-a"
branch = "r1"
side = "ups-a"

[[rack_range]]
id = "k{{rack:02}}"
count = {{ rack = "2-9" }}
row = "row-{{rack}}"
branches = ["ups-a"]

[[node_range]]
name = "n{{rack:02}}-{{tray}}"
count = {{ rack = "2-9", tray = ["a", "b"] }}
rack = "k{{rack:02}}"
address = "{{tray}}.{{rack}}.example:9410"

[[emission_factor]]
name = "location"
valid_from = 2026-01-01
kg_per_kwh = 0.43

[[receiver]]
name = "pager"
kind = "webhook"
url = "https://pager.example/hook"

[[team]]
name = "east"
halls = ["east"]
receivers = {{ page = ["pager"] }}

[[tenant]]
name = "lab"
racks = ["r1", "k02"]
"""
_MORE = (
    "[[branch]]",
    "[[branch_range]]",
    "[[rack]]",
    "[rack]",
    "[[site]]",
    "[[node]]",
    "[[nodes]]",
    'parent = "grid"',
    'parent = "ups-a"',
    'level = "rack"',
    "count = { a = 1000000 }",
    "count = { a = 100000, b = 100000 }",
    'count = { a = "0000001-9999999" }',
    "count = { row = 3, rack = -1 }",
    'ramp_limits_watts = { 60 = "10 MW" }',
    'contract_watts = "40 MW"',
    "budget_watts = 1e308",
    'rating_watts = "1 W"',
    *(f'runbook_url = "{url}"' for url in odd.SECRET_URLS),
    *(f'url = "{url}"' for url in odd.SECRET_URLS),
    f'secret_file = "{odd.SECRET}\\u001b"',
    'id = "{{row}}{row:99}%s"',
)


def _make(choices: Choices) -> bytes:
    return toml_changes.changed(_TEXT, choices, _MORE)


def _run(data: bytes) -> bool:
    path = written("site.toml", data)
    with mock.patch.object(reading, "MOST_TABLES", _MOST_TABLES):
        try:
            site = load(path)
        except SiteFileError as error:
            checked(error, lines=MANY_LINES)
            return False
    assert describe(site)
    powers = chain.from_iterable(
        (one.rating_watts, one.budget_watts, one.contract_watts, *one.ramp_limits_watts.values())
        for one in site.branches.values()
    )
    assert all(watts is None or 0 < watts < math.inf for watts in powers)
    assert all(up in site.branches for one in site.branches.values() for up in one.parents)
    assert all(meter.branch in site.branches for meter in site.meters.values())
    for warning in site.warnings:
        checked(warning)
    return True


_SCENARIO = """\
[[event]]
kind = "gpu_lost"
at_seconds = 60
for_seconds = 600
node = "n1"
gpu = 2

[[event]]
kind = "cooling_lost"
at_seconds = -5
hall = "h1"
celsius = 44.5
"""


def _scenario(choices: Choices) -> bytes:
    return toml_changes.changed(_SCENARIO, choices, ('kind = "xid"', "xid = 79", "[event]"))


def _run_scenario(data: bytes) -> bool:
    try:
        events = load_scenario(written("scenario.toml", data), 1.79e9)
    except ScenarioError as error:
        checked(error)
        return False
    assert all(math.isfinite(event.begin_s) and not math.isnan(event.end_s) for event in events)
    return True


TARGETS = (
    Target(name="site-file", make=_make, run=_run),
    Target(name="scenario", make=_scenario, run=_run_scenario, share=0.3),
)
