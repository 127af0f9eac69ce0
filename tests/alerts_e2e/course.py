"""Lets every fault happen, and keeps when it was told."""

import time
from dataclasses import dataclass, field
from statistics import median

from alerts.reading import Rule, alerts
from tests.alerts_e2e.desk import Told
from tests.alerts_e2e.faults import FAULTS, Fault
from tests.alerts_e2e.lab import Lab

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_OUTBOX_SECONDS = 900.0


@dataclass(slots=True)
class Outcome:
    """What became of a fault.

    Attributes:
        fault: the fault.
        begun_s, ended_s: when it began and ended, UTC seconds; 0 for not yet.
        told: what was told of it, in order.
        wait_seconds: how long the alert waits before it fires.
    """

    fault: Fault
    wait_seconds: float
    begun_s: float = 0.0
    ended_s: float = 0.0
    told: list[Told] = field(default_factory=list)

    @property
    def begins(self) -> list[Told]:
        """What told that it goes wrong. An update of the same ticket is not told anew."""
        firing = [one for one in self.told if not one.resolved]
        return list({one.key: one for one in reversed(firing)}.values())

    @property
    def resolved(self) -> Told | None:
        """What told that it is over."""
        return next((one for one in self.told if one.resolved and one.at_s > self.ended_s), None)

    @property
    def took_seconds(self) -> float:
        """From the fault to the first that was told."""
        return self.begins[0].at_s - self.begun_s

    @property
    def beyond_seconds(self) -> float:
        """The same, without the time that the alert itself waits."""
        return self.took_seconds - self.wait_seconds


def course(lab: Lab, *, scale: float = 1.0, until_resolved_seconds: float = 0.0) -> list[Outcome]:
    """Begin all faults, wait until each is told, end them, and wait until that is told.

    Args:
        lab: where.
        scale: by what the rules' waiting times were divided.
        until_resolved_seconds: how long to wait for the ends; what is not over then is left open.

    Raises:
        AssertionError: a fault was not told in time.
    """
    rules = {rule.name: rule for rule in alerts()}
    outcomes = [Outcome(f, _wait(rules[f.alert]) / scale) for f in FAULTS]
    slow = [one for one in outcomes if one.fault.since is not None]
    for outcome in (*slow, *(one for one in outcomes if one not in slow)):
        outcome.fault.begin(lab)
        if outcome not in slow:
            outcome.begun_s = time.time()
    most = max(outcome.wait_seconds for outcome in outcomes) + 120
    _look(
        lab,
        outcomes,
        lambda one: bool(one.begins),
        max(most, _OUTBOX_SECONDS if scale == 1 else 150),
    )
    untold = [one.fault.alert for one in outcomes if not one.begins]
    assert not untold, f"never told: {untold}; firing are {sorted(lab.firing())}"
    time.sleep(10 / scale)  # so that what would be told twice is
    for outcome in outcomes:
        outcome.fault.end(lab)
        outcome.ended_s = time.time()
    _look(lab, outcomes, lambda one: one.resolved is not None, until_resolved_seconds)
    return outcomes


def table(outcomes: list[Outcome]) -> list[str]:
    """Fault to notification, as a Markdown table."""
    lines = [
        "| fault | alert | | `for` | told after | beyond `for` | end to its message |",
        "|---|---|---|---:|---:|---:|---:|",
    ]
    for one in outcomes:
        resolved = one.resolved
        over = f"{resolved.at_s - one.ended_s:.0f} s" if resolved else "not waited for"
        lines.append(
            f"| {one.fault.what} | `{one.fault.alert}` | {one.fault.severity} "
            f"| {one.wait_seconds:.0f} s | {one.took_seconds:.1f} s "
            f"| {one.beyond_seconds:.1f} s | {over} |"
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


def _look(lab: Lab, outcomes: list[Outcome], done: object, seconds: float) -> None:
    assert callable(done)
    until = time.monotonic() + seconds
    while time.monotonic() < until and not all(done(one) for one in outcomes):
        for one in outcomes:
            since = one.fault.since
            if not one.begun_s and since is not None and since(lab):
                one.begun_s = time.time()
            one.told = one.fault.found(lab.desk.told())
        time.sleep(0.25)


def _wait(rule: Rule) -> float:
    return float(rule.wait[:-1]) * _UNITS[rule.wait[-1]] if rule.wait else 0.0
