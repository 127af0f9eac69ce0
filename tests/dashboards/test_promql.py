"""Every PromQL of the dashboards is one that a real Prometheus understands."""

import json
import urllib.error
import urllib.parse

from tests.dashboards.queries import annotation_queries, every_query, filled, variable_queries
from tests.servers.process import fetched


def complaint(prometheus: str, query: str) -> str:
    """What Prometheus says against a query; empty when nothing."""
    data = urllib.parse.urlencode({"query": query}).encode()
    try:
        fetched(f"{prometheus}/api/v1/query", data)
    except urllib.error.HTTPError as error:
        with error:
            return str(json.loads(error.read())["error"])
    return ""


def test_every_query_of_every_panel_is_understood(prometheus: str) -> None:
    asked = [one for one in every_query() if one.language == "promql"]
    assert len(asked) > 300
    wrong = {str(one): said for one in asked if (said := complaint(prometheus, one.text))}
    assert wrong == {}


def test_they_are_understood_with_several_values_chosen_and_over_a_month(
    prometheus: str,
) -> None:
    several = dict.fromkeys(
        ("site", "hall", "row", "rack", "node", "gpu", "branch"), "(one|two\\\\.2)"
    )
    values = {**several, "price": "1", "carbon": "1", "zone": "UTC"}
    asked = every_query(values, range_seconds=30 * 86_400)
    wrong = {
        str(one): said
        for one in asked
        if one.language == "promql" and (said := complaint(prometheus, one.text))
    }
    assert wrong == {}


def test_variables_and_annotations_are_understood(prometheus: str) -> None:
    texts = [selector for _, _, selector in variable_queries()]
    texts += [text for _, text in annotation_queries()]
    assert {text: said for text in texts if (said := complaint(prometheus, text))} == {}


def test_a_query_that_is_wrong_is_seen(prometheus: str) -> None:
    assert "parse error" in complaint(
        prometheus, filled("sum by (site gpu_up{$site}", {"site": ""})
    )
