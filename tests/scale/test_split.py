"""Rules of a site, divided between shards and the one above: all there, none twice, all fed."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator

import pytest
import yaml

from alerts.render.above import COUNTED, replica_rules
from alerts.render.rulefile import RuleFile, RuleText, parse
from alerts.render.source import SOURCE, rule_texts, scale_rules
from alerts.render.split import for_global, for_shard
from collector.catalogue import BY_NAME, Subject
from tests.alerts.promql import names

FILES = [*rule_texts(), *scale_rules("parts", "servers", "site", "victoria")]
PARTS = [rule for _, text in scale_rules("parts") for rule in parse(text).rules]
SITE = [rule for _, text in scale_rules("site") for rule in parse(text).rules]
REPLACED = {rule.name for rule in SITE}
ALL = [rule for _, text in rule_texts() for rule in parse(text).rules]
OF_SITE_DAEMON = {name for name, metric in BY_NAME.items() if metric.subject is Subject.SITE}
_OF_SITE_JOB = re.compile(r'(\w+)\{[^}]*job="wattkeeper-site"[^}]*\}')
OF_NODES = {
    name for name, metric in BY_NAME.items() if metric.subject in {Subject.GPU, Subject.HOST}
}


def shard(*, whole_halls: bool = False) -> list[RuleText]:
    kept = (for_shard(parse(text), whole_halls=whole_halls) for _, text in rule_texts())
    return [rule for file in kept for rule in file.rules] + PARTS


def above() -> list[RuleText]:
    kept = (for_global(parse(text), REPLACED) for _, text in rule_texts())
    return [rule for file in kept for rule in file.rules] + PARTS + SITE


def recorded(rules: Iterable[RuleText]) -> set[str]:
    return {rule.name for rule in rules if rule.kind == "record"}


@pytest.mark.parametrize(("name", "text"), FILES, ids=[name for name, _ in FILES])
def test_a_rule_file_is_read_as_a_yaml_parser_does(name: str, text: str) -> None:
    file = parse(text)
    assert file.text() == text, name
    assert [
        (group.name, [(rule.kind, rule.name, rule.expression) for rule in group.rules])
        for group in file.groups
    ] == [
        (group["name"], [_of_yaml(rule) for rule in group["rules"]])
        for group in yaml.safe_load(text)["groups"]
    ]
    for rule in file.rules:
        assert rule.inputs == set(names(rule.expression))


def _of_yaml(rule: dict[str, str]) -> tuple[str, str, str]:
    kind = "record" if "record" in rule else "alert"
    return kind, rule[kind], rule["expr"]


def test_a_file_without_a_group_is_refused() -> None:
    with pytest.raises(ValueError, match="without a group"):
        parse("groups: []\n")


@pytest.mark.parametrize(("name", "text"), list(rule_texts()), ids=[n for n, _ in rule_texts()])
def test_what_is_left_of_a_file_is_still_one(name: str, text: str) -> None:
    halves = (
        for_shard(parse(text), whole_halls=True),
        for_shard(parse(text), whole_halls=False),
        for_global(parse(text), REPLACED),
    )
    for half in halves:
        assert _names_in_yaml(half) == [rule.name for rule in half.rules], name


def _names_in_yaml(file: RuleFile) -> list[str]:
    document = yaml.safe_load(file.text()) or {"groups": []}
    return [
        rule.get("record") or rule["alert"]
        for group in document["groups"]
        for rule in group["rules"]
    ]


@pytest.mark.parametrize("whole_halls", [True, False])
def test_every_rule_is_somewhere(*, whole_halls: bool) -> None:
    here = {rule.name for rule in shard(whole_halls=whole_halls)}
    assert {rule.name for rule in ALL} <= here | {rule.name for rule in above()}


def test_an_alert_is_at_one_place() -> None:
    """But that which says that a server has lost its settings: each says so of itself."""
    counts = Counter(
        rule.name for rules in (shard(), above()) for rule in rules if rule.kind == "alert"
    )
    assert [name for name, count in counts.items() if count > 1] == ["SettingsMissing"]


def test_a_series_is_recorded_once_at_each_place() -> None:
    for rules in (shard(), shard(whole_halls=True), above()):
        counts = Counter(rule.name for rule in rules)
        assert [name for name, count in counts.items() if count > 1] == []


def test_nothing_above_racks_is_recorded_in_a_shard_of_part_of_a_hall() -> None:
    levels = {rule.level for rule in shard() if rule.kind == "record"}
    assert levels == {"setting", "gpu", "node", "rack", "part"}
    levels = {rule.level for rule in shard(whole_halls=True) if rule.kind == "record"}
    assert levels == {"setting", "gpu", "node", "rack", "row", "hall", "part"}


@pytest.mark.parametrize("whole_halls", [True, False])
def test_a_shard_has_all_that_its_rules_read(*, whole_halls: bool) -> None:
    rules = shard(whole_halls=whole_halls)
    there = recorded(rules) | OF_NODES | {"up"}
    for rule in rules:
        known = {name for name in there if not name.startswith("prometheus_")}
        missing = {name for name in rule.inputs if not name.startswith("wattkeeper_")} - known
        assert not missing, rule.name
        assert not set(_asked_in_words(rule)) - known, rule.name


def test_the_one_above_has_all_that_its_rules_read() -> None:
    """Racks and parts from the shards, and what the site daemons say themselves."""
    rules = above()
    federated = {rule.name for rule in shard() if rule.level in {"rack", "part"}}
    there = recorded(rules) | federated | {COUNTED} | OF_SITE_DAEMON
    for rule in rules:
        if rule.level == "part":
            continue  # of the site daemons alone; of nodes there is nothing here
        servers = ("prometheus_", "alertmanager_")
        missing = {name for name in rule.inputs if not name.startswith(servers)} - there
        missing -= set(_OF_SITE_JOB.findall(rule.expression))
        assert not missing, f"{rule.name}: alerts/scale/rules must give it a part"
        assert not set(_asked_in_words(rule)) - there, rule.name


def _asked_in_words(rule: RuleText) -> Iterator[str]:
    """Series that an alert's texts ask for."""
    for asked in re.findall(r'(?:printf|query) "((?:[^"\\]|\\.)*)"', "\n".join(rule.lines)):
        yield from names(re.sub(r"'[^']*'", "", asked))


def test_only_what_is_a_rule_of_the_site_is_replaced() -> None:
    """And only where it must be: what has all that it reads above is taken as it is."""
    by_name = {rule.name: rule for rule in ALL}
    assert by_name.keys() >= REPLACED
    federated = {rule.name for rule in shard() if rule.level in {"rack", "part"}}
    there = recorded(above()) | federated | {COUNTED}
    # These differ while a shard is not heard.
    on_purpose = {"site:nodes_silent:ratio", "site:telemetry_error:ratio"}
    assert {name for name in REPLACED if by_name[name].inputs <= there} == on_purpose


def test_labels_stay() -> None:
    """What is replaced is grouped by the labels that it has in one Prometheus."""
    by_name = {rule.name: rule for rule in ALL}
    for rule in SITE:
        was = set(re.findall(r"(?:sum|max|count) by \(([^)]*)\)", by_name[rule.name].expression))
        now = set(re.findall(r"(?:sum|max|count) by \(([^)]*)\)", rule.expression))
        if was and rule.name not in {"site:nodes_xid_fatal:count", "site:telemetry_error:ratio"}:
            assert was <= now, rule.name


def test_of_replicas_all_that_is_federated_is_merged() -> None:
    document = yaml.safe_load(replica_rules(shard()))
    rules = {rule["record"]: rule["expr"] for rule in document["groups"][0]["rules"]}
    federated = {rule.name for rule in shard() if rule.level in {"rack", "part"}}
    assert rules.keys() == federated - {COUNTED}
    assert (
        rules["rack:gpu_power_watts:sum"]
        == "max without (replica) (replica_rack:gpu_power_watts:sum)"
    )
    margin = "rack:gpu_temperature_margin_celsius:min"
    assert rules[margin] == f"min without (replica) (replica_{margin})"


def test_rule_files_of_scale_stay_short() -> None:
    for path in (SOURCE / "scale" / "rules").glob("*.yml"):
        assert len(path.read_text().splitlines()) < 200
