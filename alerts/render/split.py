"""Which rules a shard's Prometheus evaluates, and which the one above all shards.

A shard has the raw series of its own nodes: it works out all that stays inside a rack, and alerts
on it. What adds racks up, and what the site daemons say, belongs above. So no watt is added twice
and no alert is raised at two places.
"""

from collections.abc import Callable, Collection
from dataclasses import replace

from alerts.render.rulefile import RuleFile, RuleText

_INSIDE = frozenset({"gpu", "node", "rack"})
"""Levels that one rack is enough for."""
_OF_NODES = frozenset({"gpu", "node"})
"""Levels that nothing is known of above the shards."""
_ABOVE_RACKS = frozenset({"row", "hall"})
_SETTING = "setting"
_SITE_JOB = 'job="wattkeeper-site"'
_OF_SERVERS = ("prometheus_", "alertmanager_")
"""What Prometheus and Alertmanager say of themselves is watched once, above."""
_IN_A_SHARD = {
    "site:it_power_watts:sum": "rack:host_input_power_watts:sum",
    "site:nodes:count": "rack:nodes:count",
}
"""What a shard's rule asks instead of what only the site as a whole knows."""


def for_shard(file: RuleFile, *, whole_halls: bool) -> RuleFile:
    """The rules of a file that a shard evaluates.

    Args:
        file: one of our rule files.
        whole_halls: whether no hall is divided, so that rows and halls add up inside a shard.
    """
    levels = _INSIDE | {_SETTING} | (_ABOVE_RACKS if whole_halls else frozenset())
    kept = file.only(lambda rule: rule.level in levels if rule.level else _is_shards(rule))
    return _mapped(kept, _of_this_shard)


def for_global(file: RuleFile, replaced: Collection[str]) -> RuleFile:
    """The rules of a file that are evaluated above the shards.

    Args:
        file: one of our rule files.
        replaced: recorded series that are worked out in another way there.
    """
    return file.only(
        lambda rule: (
            rule.level not in _INSIDE and rule.name not in replaced
            if rule.level
            else not _is_shards(rule) or _asks_settings_alone(rule)
        )
    )


def _is_shards(alert: RuleText) -> bool:
    """Whether an alert is about what a shard sees, and nobody else does."""
    if _SITE_JOB in alert.expression or not alert.inputs:
        return False
    if any(name.startswith(_OF_SERVERS) for name in alert.inputs):
        return False
    of_nodes = any(":" not in name for name in alert.inputs) or _levels(alert) & _OF_NODES
    return bool(of_nodes) or _levels(alert) <= _INSIDE


def _asks_settings_alone(alert: RuleText) -> bool:
    return bool(alert.inputs) and all(name.startswith(_SETTING) for name in alert.inputs)


def _levels(rule: RuleText) -> frozenset[str]:
    names = (name.partition(":") for name in rule.inputs)
    return frozenset(level for level, colon, _ in names if colon) - {_SETTING}


def _of_this_shard(rule: RuleText) -> RuleText:
    if not rule.inputs & _IN_A_SHARD.keys():
        return rule
    return replace(
        rule,
        expression=_said_otherwise(rule.expression),
        lines=tuple(map(_said_otherwise, rule.lines)),
    )


def _said_otherwise(text: str) -> str:
    for name, instead in _IN_A_SHARD.items():
        text = text.replace(name, instead)
    return text


def _mapped(file: RuleFile, change: Callable[[RuleText], RuleText]) -> RuleFile:
    groups = (replace(group, rules=tuple(map(change, group.rules))) for group in file.groups)
    return replace(file, groups=tuple(groups))
