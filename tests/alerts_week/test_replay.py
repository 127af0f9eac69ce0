"""When alerts fire, and whom Alertmanager would have told."""

from itertools import pairwise
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from alerts.reading import Rule
from benchmarks.alert_week.manager import Manager, Matcher, Silence, matchers
from benchmarks.alert_week.order import layers
from benchmarks.alert_week.replay import Firing, fired, seconds, spans

CONFIGURATION: dict[str, Any] = yaml.safe_load("""
route:
  receiver: nobody
  group_by: [site, rack]
  group_wait: 30s
  group_interval: 5m
  routes:
    - matchers: ['severity="page"']
      receiver: pager
      group_by: [site, rack, about]
      group_wait: 5s
      routes:
        - matchers: ['about="heat"']
          group_by: [site, hall, about]
    - matchers: ['severity="ticket"']
      receiver: queue
inhibit_rules:
  - source_matchers: ['alertname="RackDown"']
    target_matchers: ['object="node"']
    equal: [site, rack]
""")


def alert(name: str, begin_s: float, end_s: float, **labels: str) -> Firing:
    return Firing({"alertname": name, "severity": "page", **labels}, begin_s, end_s)


def test_durations() -> None:
    assert seconds("") == 0
    assert seconds("5m") == 300
    assert seconds("1h30m") == 5400
    assert seconds("86399999ms") == pytest.approx(86_399.999)


def test_stretches_end_a_step_after_their_last() -> None:
    assert list(spans([0, 60, 120, 300], 60)) == [(0, 180), (300, 360)]
    assert list(spans([], 60)) == []


def test_an_alert_waits() -> None:
    steps = [0.0, 60, 120, 180, 240]
    assert fired(steps, 60, wait_s=0, keep_s=0) == [(0, 300)]
    assert fired(steps, 60, wait_s=120, keep_s=0) == [(120, 300)]
    assert fired(steps, 60, wait_s=300, keep_s=0) == []
    assert fired([0.0], 60, wait_s=30, keep_s=0) == [(30, 60)]


def test_a_gap_begins_the_wait_anew_unless_it_is_kept() -> None:
    steps = [0.0, 60, 120, 240, 300, 360]
    assert fired(steps, 60, wait_s=60, keep_s=0) == [(60, 180), (300, 420)]
    assert fired(steps, 60, wait_s=60, keep_s=120) == [(60, 540)]


@given(st.sets(st.integers(0, 200)), st.integers(0, 10).map(float), st.integers(0, 10).map(float))
def test_firing_is_in_order_and_never_before_its_wait(
    minutes: set[int], wait: float, keep: float
) -> None:
    steps = [60.0 * minute for minute in sorted(minutes)]
    found = fired(steps, 60, wait_s=60 * wait, keep_s=60 * keep)
    for begin_s, end_s in found:
        assert begin_s < end_s
        held = [begin_s - 60 * back for back in range(1, int(wait) + 1)]
        assert set(held) <= set(steps)
    for (_, end_s), (begin_s, _) in pairwise(found):
        assert begin_s >= end_s


def test_matchers() -> None:
    assert matchers(['a="b"', 'c=~"d|e"', "f != g"]) == (
        Matcher("a", "=", "b"),
        Matcher("c", "=~", "d|e"),
        Matcher("f", "!=", "g"),
    )
    assert Matcher("a", "!~", "b.*").holds({})
    assert not Matcher("a", "=~", "b").holds({"a": "bc"})
    with pytest.raises(ValueError, match="is no matcher"):
        matchers(["a"])


def test_a_group_is_told_once_and_opens_again_when_it_was_over() -> None:
    alerts = [
        alert("RackDown", 0, 400, site="s", rack="k1", about="silent"),
        alert("RackDown", 10, 900, site="s", rack="k1", about="silent", node="x"),
        alert("RackDown", 5000, 5300, site="s", rack="k1", about="silent"),
    ]
    told = Manager(CONFIGURATION).incidents(alerts)
    assert [(one.receiver, one.at_s, len(one.alerts)) for one in told] == [
        ("pager", 5, 2),
        ("pager", 5005, 1),
    ]


def test_heat_is_one_page_for_a_hall() -> None:
    alerts = [
        alert("Heat", at, 1000, site="s", hall="h1", rack=rack, about="heat")
        for rack, at in (("k1", 0), ("k2", 60), ("k3", 400))
    ]
    (told,) = Manager(CONFIGURATION).incidents(alerts)
    assert len(told.alerts) == 3
    alerts.append(alert("Heat", 0, 1000, site="s", hall="h2", rack="k9", about="heat"))
    assert len(Manager(CONFIGURATION).incidents(alerts)) == 2


def test_what_is_inhibited_is_told_when_its_reason_is_gone() -> None:
    rack = alert("RackDown", 0, 600, site="s", rack="k1", about="silent", object="rack")
    node = Firing(
        {"alertname": "NodeDown", "severity": "ticket", "site": "s", "rack": "k1",
         "object": "node"}, 0, 900,
    )  # fmt: skip
    told = Manager(CONFIGURATION).incidents([rack, node])
    assert [(one.receiver, one.at_s) for one in told] == [("pager", 5), ("queue", 630)]
    elsewhere = Firing({**node.labels, "rack": "k2"}, 0, 900)
    told = Manager(CONFIGURATION).incidents([rack, elsewhere])
    assert [(one.receiver, one.at_s) for one in told] == [("pager", 5), ("queue", 30)]


def test_what_is_silenced_is_not_told() -> None:
    silence = Silence(matchers(['rack="k1"']), 0, 2000)
    page = alert("RackDown", 100, 900, site="s", rack="k1", about="silent")
    assert Manager(CONFIGURATION, [silence]).incidents([page]) == []
    late = Silence(matchers(['rack="k1"']), 200, 2000)
    assert len(Manager(CONFIGURATION, [late]).incidents([page])) == 1


def rule(name: str, expression: str) -> Rule:
    return Rule(
        name=name, file="f", group="g", interval="1m", expression=expression, wait="", labels={},
        annotations={},
    )  # fmt: skip


def test_recordings_come_after_what_they_read() -> None:
    rules = [rule("c:c:c", "b:b:b + x"), rule("b:b:b", "sum(a:a:a)"), rule("a:a:a", "x or a:a:a")]
    assert [[one.name for one in layer] for layer in layers(rules)] == [
        ["a:a:a"], ["b:b:b"], ["c:c:c"],
    ]  # fmt: skip
    with pytest.raises(ValueError, match="read each other"):
        layers([rule("a:a:a", "b:b:b"), rule("b:b:b", "a:a:a")])
