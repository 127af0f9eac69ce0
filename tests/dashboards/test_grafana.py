"""Grafana's own types accept the dashboards, and it knows their units.

Both files come from Grafana's packages; `dashboards/preview` makes them anew.
"""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.dashboards.panels import Json, dashboards, every_panel

HERE = Path(__file__).parent
SCHEMA: dict[str, Any] = json.loads((HERE / "grafana-schema.json").read_text())
UNITS = {line for line in (HERE / "grafana-units.txt").read_text().splitlines() if line[:1] != "#"}
UNTYPED = {
    ("templating", "definition"): "Grafana writes it itself for query variables",
    ("annotations", "expr"): "the query of a Prometheus annotation: every data source has its own",
    ("annotations", "step"): "likewise",
    ("annotations", "titleFormat"): "likewise",
    ("annotations", "textFormat"): "likewise",
}
"""Keys that Grafana reads and its types leave out, and why."""


def complaints(part: str, value: object) -> list[str]:
    """What Grafana's types say against a value."""
    validator = jsonschema.Draft7Validator(SCHEMA[part])
    return [
        f"{'.'.join(map(str, e.absolute_path))}: {e.message}" for e in validator.iter_errors(value)
    ]


def typed(dashboard: Json) -> Json:
    """A dashboard without the keys that are excepted."""
    copy: Json = json.loads(json.dumps(dashboard))
    for section, key in UNTYPED:
        for one in copy[section]["list"]:
            one.pop(key, None)
    return copy


@pytest.mark.parametrize("uid", dashboards())
def test_a_dashboard_is_as_grafana_types_it(uid: str) -> None:
    assert complaints("dashboard", typed(dashboards()[uid])) == []


@pytest.mark.parametrize(
    ("uid", "panel"),
    [pytest.param(uid, one, id=f"{uid}: {one['title']}") for uid, one in every_panel()],
)
def test_a_panel_and_its_options_are_as_grafana_types_them(uid: str, panel: Json) -> None:
    kind = panel["type"].replace("-", "")
    assert complaints("panel", panel) == [], uid
    assert complaints(f"{kind}.options", panel["options"]) == [], uid
    custom = panel["fieldConfig"]["defaults"].get("custom")
    if custom is not None:
        assert complaints(f"{kind}.field", custom) == [], uid


def test_every_exception_is_needed() -> None:
    site = dashboards()["wk-site"]
    for section, key in UNTYPED:
        assert any(key in one for one in site[section]["list"])


def test_the_types_refuse_what_is_wrong() -> None:
    wrong = typed(dashboards()["wk-site"])
    wrong["graphTooltip"] = 7
    wrong["panels"][1]["fieldConfig"]["defaults"]["thresholds"]["mode"] = "share"
    assert len(complaints("dashboard", wrong)) >= 1


def test_grafana_knows_every_unit() -> None:
    found = set()
    for _, panel in every_panel():
        found.add(panel["fieldConfig"]["defaults"].get("unit"))
        for override in panel["fieldConfig"]["overrides"]:
            found |= {one["value"] for one in override["properties"] if one["id"] == "unit"}
    assert found - {None} <= UNITS
    assert "bogus" not in UNITS
