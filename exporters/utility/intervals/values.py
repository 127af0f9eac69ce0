"""What validation, estimation and editing come to."""

from dataclasses import dataclass
from datetime import datetime

from exporters.utility.intervals.quality import Quality
from exporters.utility.intervals.series import Series

PROGRAM = "wattkeeper"
"""Who changed a value by a rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a rule has to say about quarter-hours in a row.

    Attributes:
        meter: whose.
        rule: which rule, by its id.
        start: when they begin, local.
        end: when they end, local.
        quarters: how many.
        text: for people.
    """

    meter: str
    rule: str
    start: datetime
    end: datetime
    quarters: int
    text: str

    def __str__(self) -> str:
        when = f"{self.start:%Y-%m-%d %H:%M} to {self.end:%Y-%m-%d %H:%M}"
        return f"{self.meter}: {when}: {self.rule}: {self.text}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One quarter-hour that is handed on otherwise than it was found.

    Attributes:
        meter: whose.
        start_s: when it begins, UTC seconds.
        before_mj: what was found; None where nothing was.
        before: its quality.
        after_mj: what is handed on; None where nothing is.
        after: its quality.
        rule: by which rule.
        reason: why.
        user: who.
    """

    meter: str
    start_s: int
    before_mj: int | None
    before: Quality
    after_mj: int | None
    after: Quality
    rule: str
    reason: str
    user: str = PROGRAM


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Checked:
    """A meter's quarter-hours before and after, and what happened in between.

    Attributes:
        before: as they were found.
        series: as they are handed on.
        findings: what the rules had to say, in order of time.
        changes: every quarter-hour that is not as it was found, in order of time.
    """

    before: Series
    series: Series
    findings: tuple[Finding, ...]
    changes: tuple[Change, ...]
