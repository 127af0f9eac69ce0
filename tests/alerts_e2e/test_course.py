"""What counts as told once, told again, and over."""

from typing import Any

from tests.alerts_e2e.course import Outcome
from tests.alerts_e2e.desk import PAGERDUTY, Told
from tests.alerts_e2e.faults import FAULTS, Fault

LOST = next(fault for fault in FAULTS if fault.what == "a GPU is lost")
DEAD = next(fault for fault in FAULTS if fault.alert == "RackDown")


def ticket(status: str, *more: str) -> dict[str, Any]:
    said = {"GpuLost": "lost (rack k-lost) has lost 1 of its 2 GPUs", "GpuDown": "down"}
    states = {"GpuLost": status} | dict.fromkeys(more, "firing")
    return {
        "groupKey": "k-lost",
        "alerts": [
            {
                "status": state,
                "fingerprint": name,
                "labels": {"alertname": name},
                "annotations": {"summary": said[name]},
            }
            for name, state in states.items()
        ],
    }


def page(action: str) -> dict[str, Any]:
    rack = "Rack k-dead (h1, r1) is silent: none of its 1 nodes answers"
    details = {
        "text": rack, "runbook": "runbooks/RackDown.md", "num_firing": "1", "num_resolved": "0",
    }  # fmt: skip
    return {
        "dedup_key": "k-dead",
        "event_action": action,
        "payload": {"summary": rack, "custom_details": details},
    }


def outcome(fault: Fault, *bodies: dict[str, Any], ended_s: float = 0.0) -> Outcome:
    """What becomes of a fault, with a message a second."""
    path = PAGERDUTY if fault.severity == "page" else "/queue"
    messages = [Told(float(at), path, body) for at, body in enumerate(bodies, start=1)]
    return Outcome(fault, 0.0, 0.5, ended_s, fault.found(messages))


def test_a_ticket_that_takes_on_another_alert_is_told_once() -> None:
    one = outcome(
        LOST, ticket("firing"), ticket("firing", "GpuDown"), ticket("resolved"), ended_s=2.5
    )
    assert (len(one.begins), one.repeated) == (1, 0)
    assert one.took_seconds == 0.5
    assert one.resolved is not None
    assert one.resolved.at_s == 3


def test_the_same_twice_is_once_too_often() -> None:
    assert outcome(LOST, ticket("firing"), ticket("firing")).repeated == 1
    assert outcome(DEAD, page("trigger"), page("trigger")).repeated == 1


def test_told_anew_after_its_end_is_twice_and_not_over() -> None:
    one = outcome(DEAD, page("trigger"), page("resolve"), page("trigger"), ended_s=1.5)
    assert len(one.begins) == 2
    assert one.resolved is None


def test_what_is_told_elsewhere_or_in_other_words_is_not_told() -> None:
    body = ticket("firing")
    body["alerts"][0]["annotations"]["summary"] = "another node has lost 1 of its 2 GPUs"
    assert outcome(LOST, body).begins == []
