"""A site file becomes a site, or sentences that say what is wrong, and where."""

from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from collector.sitefile import SiteFileError, load
from collector.sitefile.model import Branch, EmissionFactor, Level, MeterSpec, Node, Rack, Role
from tests.sitefile.texts import SITE, TREE, errors_of, line_of, loaded, warnings_of

FULL = f"""\
{TREE}
gpus = 72
budget_watts = 120_000
row = "row-1"

[[meter]]
id = "border"
branch = "grid"
role = "utility"
register = true
rollover_joules = "999999 kWh"
dsx_object = "BMS/PM 001"

[[node]]
name = "n1"
rack = "r1"
address = "n1.example:9410"

[[node]]
name = "n2"
rack = "r1"

[[emission_factor]]
name = "consumption"
valid_from = 2025-12-17
kg_per_kwh = 0.4173

[[receiver]]
name = "mail"
kind = "email"
to = "power@north.example"

[[team]]
name = "facility"
halls = ["east"]
receivers = {{ page = ["mail"] }}

[[tenant]]
name = "physics"
racks = ["r1"]

[[tenant]]
name = "chemistry"
nodes = ["n2"]

[grafana]
url = "https://grafana.example/power"
"""


def test_what_is_written_is_what_is_loaded(tmp_path: Path) -> None:
    site = loaded(tmp_path, FULL.replace('"Asia/Seoul"', '"Asia/Seoul"\npue_category = 2'))
    assert (site.name, site.zone, site.pue_category) == ("north", ZoneInfo("Asia/Seoul"), 2)
    assert site.branches["ups-b"] == Branch(
        id="ups-b",
        level=Level.UPS,
        parents=("grid",),
        rating_watts=1e6,
        redundancy_group="ups",
    )
    assert site.branches["r1"] == Branch(
        id="r1",
        level=Level.RACK,
        parents=("ups-a", "ups-b"),
        rating_watts=132e3,
        budget_watts=120e3,
        rack="r1",
    )
    assert site.racks["r1"] == Rack(
        id="r1",
        hall="east",
        row="row-1",
        branches=("ups-a", "ups-b"),
        limit_watts=132e3,
        gpus=72,
    )
    assert site.meters["border"] == MeterSpec(
        id="border",
        branch="grid",
        role=Role.UTILITY,
        register=True,
        rollover_joules=999_999 * 3.6e6,
        dsx_object="BMS/PM 001",
    )
    assert site.emission_factors == (
        EmissionFactor(name="consumption", valid_from=date(2025, 12, 17), kg_per_kwh=0.4173),
    )
    assert site.receivers["mail"].to == "power@north.example"
    assert site.teams[0].receivers == {"page": ("mail",)}
    assert site.grafana_url == "https://grafana.example/power"
    assert site.warnings == ()


def test_each_node_has_the_tenant_that_is_charged_for_it(tmp_path: Path) -> None:
    assert loaded(tmp_path, FULL).nodes == {
        "n1": Node(name="n1", rack="r1", address="n1.example:9410", tenant="physics"),
        "n2": Node(name="n2", rack="r1", address="n2", tenant="chemistry"),
    }


def test_ramp_limits_are_by_seconds(tmp_path: Path) -> None:
    limits = 'level = "feed"\nramp_limits_watts = { 900 = "20 MW", 60 = 10e6 }'
    site = loaded(tmp_path, TREE.replace('level = "feed"', limits))
    assert site.branches["grid"].ramp_limits_watts == {60: 10e6, 900: 20e6}


def test_parents_come_before_children_wherever_they_are_written(tmp_path: Path) -> None:
    text = f"""{SITE}
    [[rack]]
    id = "r1"
    branches = ["busway"]
    [[branch]]
    id = "busway"
    level = "busway"
    parent = "ups"
    [[branch]]
    id = "ups"
    level = "ups"
    parent = "grid"
    [[branch]]
    id = "grid"
    level = "feed"
    """
    assert list(loaded(tmp_path, text).branches) == ["grid", "ups", "busway", "r1"]


def test_a_byte_order_mark_and_carriage_returns_are_fine(tmp_path: Path) -> None:
    file = tmp_path / "site.toml"
    text = TREE.replace("limit_watts", "limit").replace("\n", "\r\n")
    file.write_bytes(b"\xef\xbb\xbf" + text.encode())
    with pytest.raises(SiteFileError) as raised:
        load(file)
    assert f"site.toml:{line_of(TREE, 'limit_watts')}: rack.limit: unknown key" in str(raised.value)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("bugdet_watts = 1e3", 'rack.bugdet_watts: unknown key; did you mean "budget_watts"?'),
        ("budget_watts = -1", "rack.budget_watts: -1: allowed is a positive number of watts"),
        ("budget_watts = nan", "rack.budget_watts: nan: allowed is a positive number of watts"),
        ("budget_watts = true", "rack.budget_watts: true: allowed is a positive number of watts"),
        ('budget_watts = "120"', 'rack.budget_watts: "120": allowed is a positive number of watts'),
        ('budget_watts = "1 MVA"', "MVA is apparent power; allowed is real power: W, kW, MW, GW"),
        (f"budget_watts = 1{'0' * 400}", "allowed is a positive number of watts"),
        ("gpus = 72.5", "rack.gpus: 72.5: allowed is a whole number"),
        ("gpus = '72'", 'rack.gpus: "72": allowed is a whole number'),
        ("row = 1", "rack.row: 1: allowed is text, in quotes"),
        ('row = "a b"', 'rack.row: "a b": allowed are letters, digits, '),
        ("row = []", "rack.row: []: allowed is text, in quotes"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(tmp_path: Path, line: str, said: str) -> None:
    text = f"{TREE}{line}\n"
    problems = errors_of(tmp_path, text)
    assert len(problems) == 1
    assert problems[0].startswith(f"site.toml:{line_of(text, line)}: rack.")
    assert said in problems[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[site]\nname = 'north'\n", "site.toml:1: site.zone: is missing: Time zone"),
        (
            SITE.replace("Seoul", "Soul"),
            (
                'site.zone: "Asia/Soul": allowed are time zones of the tz database, for example '
                '"Asia/Seoul"; did you mean "Asia/Seoul"?'
            ),
        ),
        (SITE.replace("Asia/Seoul", "../etc"), "site.toml:3: site.zone: "),
        (SITE.replace("Asia/Seoul", "Asia"), "site.toml:3: site.zone: "),
        (SITE.replace("Asia/Seoul", ""), "site.toml:3: site.zone: "),
        ("", "site.toml:1: the table [site] is missing; it needs name and zone"),
        (SITE.replace("[site]", "[[site]]"), "site.toml:1: site: there is only one: write [site]"),
        (f"{SITE}[branch]\n", "site.toml:4: branch: there can be many: write [[branch]], with two"),
        (f"{SITE}[[rakc]]\n", 'site.toml:4: rakc: unknown table; did you mean "rack"?'),
        (f"{SITE}[grafana]\nurl='grafana'", "site.toml:5: grafana.url: allowed is a URL, for exam"),
        (f"{SITE}pue_category = 4", "site.toml:4: site.pue_category: 4: allowed are 1, 2, 3"),
        (f"{SITE}[[branch]]\nid='a'\nlevel='rack'", 'site.toml:6: branch.level: "rack": allowed'),
        (
            f"{SITE}[[emission_factor]]\nname='a'\nkg_per_kwh=1\nvalid_from='2025-01-01'",
            'site.toml:7: emission_factor.valid_from: "2025-01-01": allowed is a date without qu',
        ),
        (
            f"{SITE}[[branch]]\nid='a'\nlevel='feed'\nramp_limits_watts = {{ 5 = 1e6 }}",
            "5 is no span; allowed are seconds: 1, 10, 60, 900",
        ),
        (f"{SITE}[[rack]]\nid='a'\nbranches=['b','b']", "allowed are one branch, or two that diff"),
        (f"{SITE}branch = ['a', 3]", "site.toml:4: site.branch: unknown key"),
    ],
)
def test_a_wrong_table_is_named_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    problems = errors_of(tmp_path, text)
    assert len(problems) == 1
    assert said in problems[0]


def test_broken_toml_is_told_with_its_line(tmp_path: Path) -> None:
    assert errors_of(tmp_path, f"{SITE}name =\n") == [
        "site.toml:4: not valid TOML: Invalid value (column 7)"
    ]
    assert errors_of(tmp_path, f"{SITE}a = '''")[0].startswith("site.toml:4: not valid TOML: ")
    assert "site.toml: not valid TOML: " in errors_of(tmp_path, f"a = {'1' * 5000}")[0]
    assert errors_of(tmp_path, f"a = {'[' * 9999}{']' * 9999}")[0].startswith("site.toml")


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(SiteFileError, match=r"nothing\.toml does not exist"):
        load(tmp_path / "nothing.toml")
    with pytest.raises(SiteFileError, match=r"cannot be read: .*directory"):
        load(tmp_path)
    file = tmp_path / "latin.toml"
    file.write_bytes("# Zürich".encode("latin-1"))
    with pytest.raises(SiteFileError, match=r"latin\.toml is not UTF-8 text"):
        load(file)


def test_all_mistakes_are_told_at_once_by_line(tmp_path: Path) -> None:
    """Those of a table that is wrong in itself, and those between tables."""
    text = TREE.replace('name = "north"', 'nam = "north"').replace('"132 kW"', '"132 kVA"')
    text += '[[meter]]\nid = "m1"\nbranch = "r2"\n[[team]]\nname = "t"\nhalls = ["west"]\n'
    text += '[[branch]]\nid = "ups-c"\nlevel = "ups"\nparent = "grdi"\n'
    problems = errors_of(tmp_path, text)
    assert [problem.split(": ")[1] for problem in problems] == [
        "site.name",
        "site.nam",
        "rack.limit_watts",
        "branch.parent",
    ]
    lines = [int(problem.split(":")[1]) for problem in problems]
    assert lines == sorted(lines)


def test_a_table_that_could_not_be_read_makes_no_false_alarm(tmp_path: Path) -> None:
    """The rack is there, though wrong: that its node knows no such rack would only mislead."""
    text = TREE.replace('"132 kW"', "0") + '[[node]]\nname = "n1"\nrack = "r1"\n'
    assert len(errors_of(tmp_path, text)) == 1


def test_no_secret_is_shown(tmp_path: Path) -> None:
    text = f"""{SITE}
    [grafana]
    url = "https://admin:hunter2@grafana.example"
    [[receiver]]
    name = "hook"
    kind = "webhook"
    url = "ftp://hooks.example/hunter2"
    token = "hunter2"
    [[receiver]]
    name = "pager"
    kind = "pagerduty"
    secret_file = ["hunter2"]
    [[receiver]]
    name = "chat"
    kind = "slack"
    url = "https://hooks.example/hunter2"
    """
    problems = errors_of(tmp_path, text)
    assert len(problems) == 5
    assert "hunter2" not in " ".join(problems)


def test_a_thousand_alike_are_one_sentence(tmp_path: Path) -> None:
    text = f"""{TREE}
[[rack_range]]
id = "k{{rack}}"
count = {{ rack = 1000 }}
limit_watts = "132 kW"
"""
    (warning,) = warnings_of(tmp_path, text)
    assert f"site.toml:{line_of(text, '[[rack_range]]')}: rack_range.branches: " in warning
    assert '"k1", "k2", "k3" and 997 more: no branch feeds it' in warning


def test_very_many_errors_are_cut_short_in_the_text_only(tmp_path: Path) -> None:
    file = tmp_path / "site.toml"
    file.write_text(SITE + "".join(f"x{i} = 1\n" for i in range(1000)), encoding="utf-8")
    with pytest.raises(SiteFileError) as raised:
        load(file)
    assert len(raised.value.problems) == 1000
    assert str(raised.value).endswith("... and 800 more problems like these")
