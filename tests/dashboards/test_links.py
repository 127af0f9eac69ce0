"""Every link leads to a dashboard that is there, with variables that it has."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dashboards.panels import Json, dashboards, every_panel

RULES = Path(__file__).parents[2] / "alerts/rules"
_LINK = re.compile(r"/d/([\w-]+)\?(.*)")


def links(panel: Json) -> Iterator[str]:
    """The URLs of a panel's data links."""
    for override in panel["fieldConfig"]["overrides"]:
        for one in override["properties"]:
            if one["id"] == "links":
                yield from (link["url"] for link in one["value"])


LINKS = sorted({(uid, url) for uid, panel in every_panel() for url in links(panel)})


def variables(uid: str) -> set[str]:
    """Names of a dashboard's variables."""
    return {one["name"] for one in dashboards()[uid]["templating"]["list"]}


@pytest.mark.parametrize(("uid", "url"), LINKS)
def test_a_link_leads_somewhere_and_carries_time_and_variables(uid: str, url: str) -> None:
    found = _LINK.fullmatch(url)
    assert found is not None, url
    target, query = found.groups()
    parts = query.split("&")
    assert parts[0] == "${__url_time_range}"
    set_to = {one.removeprefix("var-").split("=")[0] for one in parts if one.startswith("var-")}
    kept = {re.sub(r"\W|queryparam", "", one) for one in parts[1:] if one.startswith("${")}
    assert set_to
    assert kept <= variables(uid), "what is carried must be there"
    assert set_to | kept <= variables(target)
    assert "datasource" in kept
    assert not set_to & kept
    if "site" not in set_to:
        assert "site" in kept


def test_one_can_go_from_site_to_rack_to_node_to_gpu() -> None:
    steps = {(uid, found.group(1)) for uid, url in LINKS if (found := _LINK.fullmatch(url))}
    assert {("wk-site", "wk-tree"), ("wk-tree", "wk-node"), ("wk-node", "wk-gpu")} <= steps
    for uid in ("wk-thermals", "wk-faults"):
        assert {(uid, "wk-node"), (uid, "wk-gpu")} <= steps


def test_every_alert_links_to_a_dashboard_and_to_variables_that_it_has() -> None:
    found = 0
    for path in RULES.glob("*.yml"):
        for uid, query in re.findall(r"GRAFANA/d/([\w-]+)\?(\S.*)", path.read_text()):
            names = set(re.findall(r"\bvar-(\w+)=", query))
            assert names <= variables(uid), (path.name, uid, query)
            found += 1
    assert found > 20


def test_rows_that_name_a_place_are_links() -> None:
    """A table that names a rack, node or GPU leads there."""
    for uid, panel in every_panel():
        if panel["type"] != "table":
            continue
        renamed = json.dumps(panel["transformations"])
        for label in ("rack", "node", "gpu"):
            if f'"{label}":' in renamed:
                assert list(links(panel)), (uid, panel["title"])
