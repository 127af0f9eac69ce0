"""What rules read: few series of each node, whatever its GPUs are."""

import math
from collections import Counter

import pytest

from alerts.reading import Rule, alerts, recordings
from benchmarks.fleet import Fleet
from benchmarks.rule_reads import Reads
from benchmarks.selectors import Selector, grouping, selectors
from collector.sitefile.load import load
from tests.alerts.promql import names
from tests.alerts.tools import ALERTS

MOST = 3
"""Series of one metric that a rule may read of each node. Ours: every 5 are 0.25 s of a processor
over 5,000 nodes."""
MORE = {
    "gpu_energy_joules_total": "a sum over GPUs would fall when one goes: rates are taken first",
    "host_gpus_slowed": "one series for each reason",
    "host_gpu_clock_event_seconds_total": "one series for each reason",
}
"""Metrics of which a rule reads more, and why."""
ONCE = ("host_gpus_slowed", "host_gpu_clock_event_seconds_total")
IN_ALL = 75
"""Series of each node in all rules once: those of 5,000 nodes are then read in 4 s of a processor,
at 10 us each."""
RULES = (*recordings(), *alerts())


@pytest.fixture(scope="module")
def reads() -> Reads:
    """Two racks of 18 nodes of 4 GPUs."""
    site = load(ALERTS.parent / "deploy" / "sites" / "accelerator-centre.toml")
    return Reads(Fleet(site, nodes=36, gpus=4), recordings())


def rule(name: str, expression: str) -> Rule:
    return Rule(
        name=name, file="", group="", interval="", expression=expression, wait="", labels={},
        annotations={},
    )  # fmt: skip


def test_selectors_are_found() -> None:
    text = (
        'sum by (site) (rate(a_total{b="c} d",e=~"f|g"}[5m] offset 30s)) / on (x) group_left () '
        'label_replace(y:z:sum{n!=""}, "to", "$1", "from", "(.+)") > 5e3 and up unless a_total'
    )
    assert list(selectors(text)) == [
        Selector("a_total", (("b", "=", "c} d"), ("e", "=~", "f|g"))),
        Selector("y:z:sum", (("n", "!=", ""),)),
        Selector("up"),
        Selector("a_total"),
    ]
    assert grouping(text) == ("site",)
    assert grouping("a / b") is None


@pytest.mark.parametrize("each", RULES, ids=lambda each: each.name)
def test_all_metrics_of_a_rule_are_among_its_selectors(each: Rule) -> None:
    assert {one.name for one in selectors(each.expression)} == set(names(each.expression))


def test_matchers_choose_series() -> None:
    series = {"scope": "gpu", "gpu": "0"}
    assert Selector("a", (("scope", "=", "gpu"), ("gpu", "!=", "1"))).takes(series)
    assert Selector("a", (("scope", "=~", "g.*"), ("stat", "=", ""))).takes(series)
    assert not Selector("a", (("scope", "=~", "g"),)).takes(series)
    assert not Selector("a", (("scope", "!~", "gpu|module"),)).takes(series)


def test_series_of_a_scrape_are_counted(reads: Reads) -> None:
    assert reads.places == {"site": 1, "hall": 1, "row": 1, "rack": 2, "node": 36}
    assert reads.of(Selector("up")) == 37
    assert reads.of(Selector("up", (("job", "=", "wattkeeper-node"),))) == 36
    assert reads.of(Selector("gpu_up")) == 36 * 4
    assert reads.of(Selector("gpu_energy_joules_total", (("scope", "=", "gpu"),))) == 36 * 4
    assert reads.of(Selector("gpu_condition")) == 0
    assert reads.of(Selector("host_gpus_slowed")) == 36 * 5


def test_recorded_series_are_counted_by_their_level_and_labels() -> None:
    site = load(ALERTS.parent / "deploy" / "sites" / "accelerator-centre.toml")
    place = "site, hall, row, rack"
    reads = Reads(
        Fleet(site, nodes=36),
        [
            rule("node:gpus_up:sum", f"sum by ({place}, node) (host_gpus_up)"),
            rule("rack:gpus_slowed:sum", f"sum by ({place}, reason) (host_gpus_slowed)"),
            rule("rack:gpus_wrong:count", f"count by ({place}) (gpu:wrong:sum) or 0 * rack:a:b"),
            rule("rack:a:b", f"count by ({place}) (up)"),
            rule("gpu:wrong:sum", f"max by ({place}, gpu) (gpu_condition > setting:a:b)"),
            rule("node:silent:active", "up == 0"),
            rule("setting:a:b", "vector(1)"),
            rule("node:kept:last", "host_gpus_up or last_over_time(node:kept:last[10m])"),
        ],
    )
    text = (
        "node:gpus_up:sum + rack:gpus_slowed:sum + rack:gpus_wrong:count + gpu:wrong:sum + "
        "node:silent:active + setting:a:b + node:kept:last + rack:gpus_wrong:count"
    )
    assert reads.by_metric(text) == Counter(
        {
            "node:gpus_up:sum": 36,
            "rack:gpus_slowed:sum": 10,
            "rack:gpus_wrong:count": 4,
            "gpu:wrong:sum": 0,
            "node:silent:active": 0,
            "setting:a:b": 1,
            "node:kept:last": 36,
        }
    )


@pytest.mark.parametrize("each", RULES, ids=lambda each: each.name)
def test_no_rule_reads_much_of_a_node(reads: Reads, each: Rule) -> None:
    nodes = reads.places["node"]
    site_side = 10 * nodes  # what is read of the site daemon does not grow with the nodes
    for one in selectors(each.expression):
        found = reads.of(one)
        if one.name.startswith(("branch:", "site_", "meter:", "group:")):
            assert found <= site_side
        elif one.name not in MORE:
            assert math.ceil(found / nodes) <= MOST, one.name


def test_what_may_be_read_more_is_and_few_times(reads: Reads) -> None:
    nodes = reads.places["node"]
    much = Counter(
        one.name
        for each in RULES
        for one in selectors(each.expression)
        if reads.of(one) > MOST * nodes and one.name in MORE
    )
    assert set(much) == set(MORE)
    assert {name: much[name] for name in ONCE} == dict.fromkeys(ONCE, 1)
    assert much["gpu_energy_joules_total"] == 2  # its rate, and its hours


def test_all_rules_together_read_little(reads: Reads) -> None:
    read = sum((reads.by_metric(each.expression) for each in RULES), Counter[str]())
    of_nodes = {
        name: count
        for name, count in read.items()
        if not name.startswith(("branch:", "site_", "meter:", "group:"))
    }
    assert sum(of_nodes.values()) / reads.places["node"] < IN_ALL
