"""The rule files as values, for the documentation and the tests."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

FOLDER = Path(__file__).resolve().parent
"""Where rules, their tests, runbooks and templates are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule, an alert or a recording.

    Attributes:
        name: of the alert, or of the series that is recorded.
        file: its file's name without `.yml`.
        group: its group's name.
        interval: how often the group is evaluated, as Prometheus writes it.
        expression: in PromQL.
        wait: how long it must hold before it fires, as Prometheus writes it; empty for at once.
        labels: of an alert.
        annotations: of an alert, with their templates.
    """

    name: str
    file: str
    group: str
    interval: str
    expression: str
    wait: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]

    @property
    def severity(self) -> str:
        """`page`, `ticket` or `info`; empty for a recording."""
        return self.labels.get("severity", "")


def alerts() -> tuple[Rule, ...]:
    """Every alert, in the order of the files."""
    return tuple(rule for rule in _rules("alert"))


def recordings() -> tuple[Rule, ...]:
    """Every recording rule, in the order of the files."""
    return tuple(rule for rule in _rules("record"))


def _rules(kind: str) -> Iterator[Rule]:
    for path in sorted((FOLDER / "rules").glob("*.yml")):
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]:
            for rule in group["rules"]:
                if kind in rule:
                    yield Rule(
                        name=rule[kind],
                        file=path.stem,
                        group=group["name"],
                        interval=group["interval"],
                        expression=rule["expr"],
                        wait=rule.get("for", ""),
                        labels=rule.get("labels", {}),
                        annotations=rule.get("annotations", {}),
                    )
