"""A rule file as text that can be taken apart: groups, rules, and what each rule reads.

Our own rule files alone, whose layout is fixed (a test holds this against a YAML parser). They are
cut as text so that comments and line breaks stay as they were written, and so that rendering needs
no YAML library.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

_GROUP = re.compile(r"^  - name: (\S+)$")
_RULE = re.compile(r'^      - \{?(record|alert): "?([\w:]+)"?')
_COMMENT = re.compile(r"^ *#")
_KEY = re.compile(r"^        expr: (.*)$")
_SHORT = re.compile(r'expr: "(.*)"\}$')

_NOISE = (
    r'"(?:[^"\\]|\\.)*"',  # texts
    r"\{[^}]*\}",  # label matchers
    r"\[[^\]]*\]",  # ranges
    r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)",
)
_WORDS = {"and", "or", "unless", "bool", "offset"}
_NAME = re.compile(r"(?<![\w.:])[a-zA-Z_:][\w:]*(?!\w|\s*\()")


@dataclass(frozen=True, slots=True)
class RuleText:
    """One rule.

    Attributes:
        kind: `record` or `alert`.
        name: of the series that is recorded, or of the alert.
        expression: in PromQL.
        lines: all of it, with the comment above it.
    """

    kind: str
    name: str
    expression: str
    lines: tuple[str, ...]

    @property
    def level(self) -> str:
        """What a recorded series is about: `gpu`, `node`, ...; empty for an alert."""
        return self.name.partition(":")[0] if self.kind == "record" else ""

    @property
    def inputs(self) -> frozenset[str]:
        """The metrics and recorded series that it reads."""
        text = self.expression
        for pattern in _NOISE:
            text = re.sub(pattern, " ", text)
        return frozenset(name for name in _NAME.findall(text) if name not in _WORDS)


@dataclass(frozen=True, slots=True)
class Group:
    """Rules that are evaluated one after the other.

    Attributes:
        name: unique.
        lines: what stands before its first rule.
        rules: in order.
    """

    name: str
    lines: tuple[str, ...]
    rules: tuple[RuleText, ...]


@dataclass(frozen=True, slots=True)
class RuleFile:
    """One file.

    Attributes:
        lines: what stands before its first group.
        groups: in order.
    """

    lines: tuple[str, ...]
    groups: tuple[Group, ...]

    @property
    def rules(self) -> Iterator[RuleText]:
        """Every rule, in order."""
        return (rule for group in self.groups for rule in group.rules)

    def only(self, wanted: Callable[[RuleText], bool]) -> "RuleFile":
        """The file with these rules alone; groups that have none left are gone."""
        kept = (replace(group, rules=tuple(filter(wanted, group.rules))) for group in self.groups)
        return replace(self, groups=tuple(group for group in kept if group.rules))

    def text(self) -> str:
        """As it is written; empty when there is no rule."""
        if not self.groups:
            return ""
        lines = list(self.lines)
        for group in self.groups:
            lines += [*group.lines, *(line for rule in group.rules for line in rule.lines)]
        return "\n".join(lines).rstrip() + "\n"


def parse(text: str) -> RuleFile:
    """Take a rule file apart.

    Raises:
        ValueError: a line stands where none of our files has one.
    """
    head, *parts = _cut(text.splitlines(), _GROUP)
    groups = []
    for part in parts:
        before, *rules = _cut(part, _RULE)
        name = next(found[1] for line in before if (found := _GROUP.match(line)))
        groups.append(Group(name, tuple(before), tuple(_rule(lines) for lines in rules)))
    if not groups:
        raise ValueError("a rule file without a group")
    return RuleFile(tuple(head), tuple(groups))


def _cut(lines: list[str], start: re.Pattern[str]) -> list[list[str]]:
    """Lines in parts; each but the first begins with the comment above its starting line."""
    parts: list[list[str]] = [[]]
    for line in lines:
        if start.match(line):
            above: list[str] = []
            while parts[-1] and _COMMENT.match(parts[-1][-1]):
                above.insert(0, parts[-1].pop())
            parts.append(above)
        parts[-1].append(line)
    return parts


def _rule(lines: list[str]) -> RuleText:
    head = next(found for line in lines if (found := _RULE.match(line)))
    return RuleText(head[1], head[2], _expression(lines, head[2]), tuple(lines))


def _expression(lines: list[str], name: str) -> str:
    for number, line in enumerate(lines):
        if short := _SHORT.search(line):
            return short[1]
        if not (found := _KEY.match(line)):
            continue
        if found[1] != "|-":
            return found[1]
        held = []
        for below in lines[number + 1 :]:
            if below.strip() and not below.startswith(" " * 10):
                break
            held.append(below[10:])
        return "\n".join(held).rstrip()
    raise ValueError(f"rule {name} has no expression")
