"""The rules of Grafana's dashboard-linter, as tests. Each holds, or what is excepted says why.

`job` and `instance` are replaced by the places: site, hall, row, rack, node, gpu.
"""

import re
from typing import Any

import pytest

from tests.dashboards.panels import Json, dashboards, every_panel, is_promql, panels

UNITLESS = {"table", "state-timeline"}
"""Kinds of panels that state no unit as a whole: columns have their own; states have none."""
ONE_BY_ONE = {("wk-node", "node"), ("wk-gpu", "node"), ("wk-gpu", "gpu")}
"""Variables without `All`: there each GPU is drawn by itself, and a site has 20,000."""
PLACELESS = {
    "prometheus_": "Prometheus's own; it watches all sites that it has",
    "alertmanager_": "Alertmanager's own; it serves all sites",
}
EVERY = [pytest.param(uid, one, id=f"{uid}: {one['title']}") for uid, one in every_panel()]
BOARDS = [pytest.param(one, id=uid) for uid, one in dashboards().items()]


def organized(panel: Json) -> list[Json]:
    """The options of a table's transformations that name its columns."""
    transformations = panel.get("transformations", [])
    return [one["options"] for one in transformations if one["id"] == "organize"]


def excluded(panel: Json) -> set[str]:
    """The fields that a table leaves out."""
    return {name for one in organized(panel) for name in one["excludeByName"]}


_COUNTER = re.compile(r"\b\w+_total\b")


@pytest.mark.parametrize("board", BOARDS)
def test_data_sources_are_variables(board: Json) -> None:
    kinds = {one["name"]: one["query"] for one in board["templating"]["list"]}
    assert kinds["datasource"] == "prometheus"
    for panel in panels(board):
        for target in panel["targets"]:
            source = target["datasource"]
            name = {"prometheus": "datasource", "influxdb": "influxdb"}[source["type"]]
            assert source["uid"] == f"${{{name}}}"
            assert kinds[name] == source["type"]
        assert panel["datasource"] == panel["targets"][0]["datasource"]


@pytest.mark.parametrize("board", BOARDS)
def test_variables_are_read_anew_when_the_time_range_changes(board: Json) -> None:
    for one in board["templating"]["list"]:
        if one["type"] == "query":
            assert one["refresh"] == 2
            assert one["multi"] is True
            assert one["datasource"]["uid"] == "${datasource}"
            alone = (board["uid"], one["name"]) in ONE_BY_ONE
            assert one["includeAll"] is not alone
            assert one.get("allValue") == (None if alone else ".*")


@pytest.mark.parametrize("board", BOARDS)
def test_a_variable_is_narrowed_by_those_before_it(board: Json) -> None:
    names = [one["name"] for one in board["templating"]["list"]]
    places = [one for one in ("site", "hall", "row", "rack", "node", "gpu") if one in names]
    for one in board["templating"]["list"]:
        if one["name"] in places[1:]:
            for wider in places[: places.index(one["name"])]:
                assert f'{wider}=~"${wider}"' in one["definition"]


@pytest.mark.parametrize("board", BOARDS)
def test_a_dashboard_cannot_be_edited_and_is_found_by_its_tag(board: Json) -> None:
    assert board["editable"] is False
    assert board["tags"] == ["wattkeeper"]
    assert board["graphTooltip"] == 1
    assert board["links"][0]["tags"] == ["wattkeeper"]
    assert board["links"][0]["includeVars"]
    assert board["links"][0]["keepTime"]


@pytest.mark.parametrize("board", BOARDS)
def test_alerts_are_shown_on_it(board: Json) -> None:
    exprs = [one["expr"] for one in board["annotations"]["list"]]
    assert len(exprs) == 2
    assert all("ALERTS{" in expr and 'site=~"$site"' in expr for expr in exprs)


@pytest.mark.parametrize("board", BOARDS)
def test_ids_are_set_and_used_once(board: Json) -> None:
    rows = [one for one in board["panels"] if one["type"] == "row"]
    ids = [one["id"] for one in [*rows, *panels(board)]]
    assert all(ids)
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("board", BOARDS)
def test_no_two_panels_lie_on_each_other(board: Json) -> None:
    for group in (board["panels"], *(one.get("panels", []) for one in board["panels"])):
        cells: set[tuple[int, int]] = set()
        for panel in group:
            at = panel["gridPos"]
            mine = {(at["x"] + i, at["y"] + j) for i in range(at["w"]) for j in range(at["h"])}
            assert at["x"] + at["w"] <= 24
            assert not mine & cells, panel["title"]
            cells |= mine


@pytest.mark.parametrize(("uid", "panel"), EVERY)
def test_a_panel_says_what_it_is(uid: str, panel: Json) -> None:
    assert panel["title"]
    assert len(panel["title"]) <= 48, uid
    assert "Formula:" in panel["description"]
    assert panel["description"].index("Formula:") > 10, "no words before the formula"
    if panel["type"] not in UNITLESS:
        assert panel["fieldConfig"]["defaults"]["unit"]


@pytest.mark.parametrize(("uid", "panel"), EVERY)
def test_columns_have_units(uid: str, panel: Json) -> None:
    """Of a matrix all cells have the panel's."""
    if panel["type"] != "table" or "unit" in panel["fieldConfig"]["defaults"]:
        return
    properties = [
        {one["id"] for one in override["properties"]}
        for override in panel["fieldConfig"]["overrides"]
    ]
    hidden = {name for name in excluded(panel) if name.startswith("Value")}
    assert sum("unit" in one for one in properties) == len(panel["targets"]) - len(hidden), uid


@pytest.mark.parametrize(("uid", "panel"), EVERY)
def test_a_table_is_sorted_by_a_column_that_it_shows(uid: str, panel: Json) -> None:
    """Of a matrix the corner is renamed by an override."""
    if panel["type"] == "table":
        shown = {name for one in organized(panel) for name in one["renameByName"].values()}
        shown |= {
            one["value"]
            for override in panel["fieldConfig"]["overrides"]
            for one in override["properties"]
            if one["id"] == "displayName"
        }
        assert {one["displayName"] for one in panel["options"]["sortBy"]} <= shown, uid


@pytest.mark.parametrize(("uid", "panel"), EVERY)
def test_limits_are_told_from_each_other_and_from_what_they_limit(uid: str, panel: Json) -> None:
    """Dashed lines have a colour of their own: red is only what must not be passed."""
    if panel["type"] != "timeseries":
        return
    legends = [one.get("legendFormat") or one.get("alias") for one in panel["targets"]]
    for override in panel["fieldConfig"]["overrides"]:
        given = {one["id"]: one["value"] for one in override["properties"]}
        if override["matcher"]["id"] == "byRegexp":
            assert given["color"]["mode"] == ("fixed" if "custom.lineStyle" in given else "shades")
        if "custom.lineStyle" in given:
            pattern = override["matcher"]["options"].strip("/").split("(")[0]
            assert any(re.match(pattern.split()[0], one) for one in legends), (uid, pattern)
            is_limit = re.match(r"\^(Limit$|Limit shutdown|Contract)", pattern) is not None
            assert (given["color"]["fixedColor"] == "red") is is_limit, (uid, pattern)


@pytest.mark.parametrize(("uid", "panel"), EVERY)
def test_it_asks_for_something_and_each_query_has_its_letter(uid: str, panel: Json) -> None:
    letters = [target["refId"] for target in panel["targets"]]
    assert letters, uid
    assert len(set(letters)) == len(letters)


@pytest.mark.parametrize(("uid", "panel"), EVERY)
def test_every_query_is_narrowed_by_place(uid: str, panel: Json) -> None:
    for target in panel["targets"]:
        if is_promql(target):
            expr = target["expr"]
            if not any(name in expr for name in PLACELESS):
                assert 'site=~"$site"' in expr, uid
        else:
            assert '"site" =~ /^${site:regex}$/' in target["query"], uid


@pytest.mark.parametrize(("uid", "panel"), EVERY)
def test_rates_follow_the_step_and_counters_are_never_raw(uid: str, panel: Json) -> None:
    for target in panel["targets"]:
        if not is_promql(target):
            continue
        expr = target["expr"]
        for found in re.finditer(r"\b(i?rate)\(([^()]*)\[([^\]]+)\]", expr):
            assert found.group(3) == "$__rate_interval", (uid, expr)
        for found in _COUNTER.finditer(expr):
            if found.group() == "gpu_xid_errors_total":
                continue  # a table of how often ever: the ledger keeps the count over restarts
            before = expr[: found.start()].rstrip()
            assert before.endswith(("rate(", "increase(")), (uid, expr)


@pytest.mark.parametrize(("uid", "panel"), EVERY)
def test_lines_pick_once_which_series_they_draw(uid: str, panel: Json) -> None:
    """A bare topk picks anew at every step, and so may draw any number of broken lines."""
    if panel["type"] in {"timeseries", "state-timeline"}:
        for target in filter(is_promql, panel["targets"]):
            if re.search(r"\b(topk|bottomk)\(", target["expr"]):
                assert "@ end()" in target["expr"], (uid, target["expr"])


@pytest.mark.parametrize(("uid", "panel"), EVERY)
def test_the_newest_value_is_asked_for_as_such(uid: str, panel: Json) -> None:
    """The last point of a line lies hours back where the range is a month."""
    if panel["type"] in {"stat", "bargauge", "table"}:
        for target in filter(is_promql, panel["targets"]):
            assert target["instant"], uid
            assert not target["range"], uid


@pytest.mark.parametrize(("uid", "panel"), EVERY)
def test_missing_is_shown_as_missing(uid: str, panel: Json) -> None:
    shown: dict[str, Any] = panel["fieldConfig"]["defaults"]
    assert shown["noValue"] not in {"", "0"}, uid
    custom = shown.get("custom") or {}
    assert custom.get("spanNulls", False) is False
    assert custom.get("insertNulls", False) is False
    assert shown.get("nullValueMode") is None
    for target in panel["targets"]:
        text = target.get("expr", target.get("query", ""))
        assert "or vector(0)" not in text
        assert not re.search(r"fill\((?!none)", text)
    calcs = panel.get("options", {}).get("reduceOptions", {}).get("calcs", [])
    assert set(calcs) <= {"lastNotNull"}, "a sum over time of watts is no watts"


@pytest.mark.parametrize(("uid", "panel"), EVERY)
def test_no_panel_draws_thousands(uid: str, panel: Json) -> None:
    """GPUs and nodes are picked or added up, but where the nodes are chosen one by one."""
    if uid in {"wk-node", "wk-gpu"}:
        return
    for target in panel["targets"]:
        expr = target.get("expr", "")
        if re.search(r"(?<![\w:])(gpu_|host_|wattkeeper_|node:|gpu:|scrape_)\w", expr):
            added = re.match(
                r"\s*(sum|min|max|avg|count) by \((site|sensor|instance)?[^)]*\)", expr
            )
            assert "topk(" in expr or "bottomk(" in expr or added, (uid, panel["title"], expr)


@pytest.mark.parametrize(("uid", "panel"), EVERY)
def test_thresholds_are_of_shares_margins_ages_and_counts(uid: str, panel: Json) -> None:
    """Never of watts or degrees: those depend on the board; see `dashboards.parts.colours`."""
    configs = [panel["fieldConfig"]["defaults"]]
    configs += [
        {one["id"]: one["value"] for one in override["properties"]}
        for override in panel["fieldConfig"]["overrides"]
    ]
    for config in configs:
        steps = config.get("thresholds", {}).get("steps", [])
        values = [one["value"] for one in steps if one.get("value") is not None]
        if config.get("unit") == "watt":
            assert all(value <= 1e-9 for value in values), (uid, panel["title"])
        if config.get("unit") == "celsius" and values:
            assert max(values) <= 5, (uid, panel["title"])
