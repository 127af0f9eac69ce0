"""Lets every fault happen, and keeps when it was told."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

from alerts.reading import alerts
from benchmarks.alert_week.replay import seconds
from tests.alerts_e2e.desk import Line, Told
from tests.alerts_e2e.faults import FAULTS, Fault
from tests.alerts_e2e.lab import Lab
from tests.alerts_e2e.pace import Pace

_MOST_SECONDS = 120.0
"""Beyond its own waiting time an alert must have been told, on a machine however busy."""


@dataclass(slots=True)
class Outcome:
    """What became of a fault.

    Attributes:
        fault: the fault.
        wait_seconds: how long the alert waits before it fires.
        begun_s, ended_s: when it began and ended, UTC seconds; 0 for not yet.
        found: what was told of it, in order.
    """

    fault: Fault
    wait_seconds: float
    begun_s: float = 0.0
    ended_s: float = 0.0
    found: list[tuple[Told, Line]] = field(default_factory=list)

    @property
    def begins(self) -> list[Told]:
        """What told that it goes wrong, while it was not known to."""
        begun: list[Told] = []
        known = False
        for told, line in self.found:
            if not line.over and not known:
                begun.append(told)
            known = not line.over
        return begun

    @property
    def repeated(self) -> int:
        """How often the same was told again."""
        return sum(one.state == two.state for (one, _), (two, _) in pairwise(self.found))

    @property
    def resolved(self) -> Told | None:
        """What told that it is over; None as long as the last word is that it is not."""
        if not self.ended_s or not self.found or not self.found[-1][1].over:
            return None
        return self.found[-1][0]

    @property
    def took_seconds(self) -> float:
        """From the fault to the first that was told."""
        return self.begins[0].at_s - self.begun_s

    @property
    def beyond_seconds(self) -> float:
        """The same, without the time that the alert itself waits."""
        return self.took_seconds - self.wait_seconds


def course(lab: Lab, pace: Pace, *, lasting: bool, resolve_seconds: float) -> list[Outcome]:
    """Begin all faults, wait until each is told, end them, and wait until that is told.

    Args:
        lab: where.
        pace: how fast time goes there.
        lasting: whether to wait also for the ends of alerts that outlast their fault by far.
        resolve_seconds: how long to wait for the ends; what is not over then is left open.

    Raises:
        AssertionError: a fault was not told in time.
    """
    waits = {rule.name: pace.of(seconds(rule.wait)) for rule in alerts()}
    outcomes = [Outcome(fault, waits[fault.alert]) for fault in FAULTS]
    outcomes.sort(key=lambda one: one.fault.since is None)  # what takes time to begin goes first
    for one in outcomes:
        at_s = time.time()
        one.fault.begin(lab)
        if one.fault.since is None:
            one.begun_s = at_s
    most = max(waits[one.fault.alert] for one in outcomes) + _MOST_SECONDS
    _look(lab, outcomes, lambda one: bool(one.begins), most)
    untold = [one.fault.what for one in outcomes if not one.begins]
    assert not untold, f"never told: {untold}; firing are {sorted(lab.firing())}"
    for one in outcomes:
        one.ended_s = time.time()
        one.fault.end(lab)
    awaited = [one for one in outcomes if lasting or not one.fault.lasts]
    _look(lab, awaited, lambda one: one.resolved is not None, resolve_seconds)
    for one in outcomes:
        one.found = one.fault.found(lab.desk.told())
    return outcomes


def table(outcomes: list[Outcome]) -> list[str]:
    """Fault to notification, as a Markdown table."""
    lines = [
        "| fault | alert | | `for` | told after | beyond `for` | told | its end told after |",
        "|---|---|---|---:|---:|---:|---|---:|",
    ]
    for one in outcomes:
        resolved = one.resolved
        over = f"{resolved.at_s - one.ended_s:.0f} s" if resolved else "not waited for"
        often = "once" if len(one.begins) == 1 and not one.repeated else "**more than once**"
        lines.append(
            f"| {one.fault.what} | `{one.fault.alert}` | {one.fault.severity} "
            f"| {one.wait_seconds:.0f} s | {one.took_seconds:.1f} s "
            f"| {one.beyond_seconds:.1f} s | {often} | {over} |"
        )
    beyond = [one.beyond_seconds for one in outcomes]
    lines += [
        "",
        (
            f"Beyond `for`: median {median(beyond):.1f} s (bar: 20 s), worst {max(beyond):.1f} s "
            "(bar: 45 s)."
        ),
    ]
    return lines


def _look(
    lab: Lab, outcomes: list[Outcome], done: Callable[[Outcome], bool], most_seconds: float
) -> None:
    """Take what is told, until all are done or time is over."""
    until = time.monotonic() + most_seconds
    while time.monotonic() < until and not all(done(one) for one in outcomes):
        messages = lab.desk.told()
        for one in outcomes:
            since = one.fault.since
            if not one.begun_s and since is not None and since(lab):
                one.begun_s = time.time()
            one.found = one.fault.found(messages)
        time.sleep(0.25)
