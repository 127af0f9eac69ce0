"""Routing, counting, and a log that does not fill up."""

import logging
from collections.abc import Sequence

import pytest

from collector.shown import shown
from collector.sources.meters.decoder import Request, Subscription
from collector.sources.meters.inbox import MeterInbox
from collector.sources.meters.reading import MeterReading, Quantity
from collector.sources.meters.rejection import Reason, Rejected, Rejections
from tests.meters.rig import NOW_NS, Rig


class Fixed:
    """A decoder for topics with a prefix that always says the same."""

    def __init__(self, prefix: str, outcome: Sequence[MeterReading] | Exception = ()) -> None:
        self.prefix = prefix
        self.outcome = outcome

    subscriptions = (Subscription("a/#", 0), Subscription("b/#", 1))

    def wants(self, topic: str) -> bool:
        return topic.startswith(self.prefix)

    def origin(self, topic: str) -> str:
        return topic

    def decode(
        self, topic: str, payload: bytes, *, retain: bool, received_ns: int, wall_ns: int
    ) -> Sequence[MeterReading]:
        del topic, payload, retain, received_ns, wall_ns
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome

    def tick(self, *, received_ns: int, wall_ns: int) -> Sequence[MeterReading]:
        del received_ns, wall_ns
        return ()

    def requests(self) -> Sequence[Request]:
        return ()


def power(source_ns: int, meter: str = "m", received_ns: int = 0) -> MeterReading:
    return MeterReading(
        meter=meter,
        quantity=Quantity.POWER,
        value=1.0,
        source_ns=source_ns,
        received_ns=received_ns,
    )


def test_the_first_decoder_that_wants_it_gets_it() -> None:
    rig = Rig(Fixed("a/b", [power(1, "first")]), Fixed("a", [power(1, "second")]))
    assert [one.meter for one in rig.send("a/b/c", b"")] == ["first"]
    assert [one.meter for one in rig.send("a/c", b"")] == ["second"]
    assert rig.send("z", b"") == []
    assert rig.rejected() == {"unmapped": 1}


def test_subscriptions_are_told_once_with_the_highest_quality() -> None:
    one, two = Fixed("a"), Fixed("b")
    two.subscriptions = (Subscription("a/#", 1), Subscription("c", 0))
    wanted = {s.topic: s.qos for s in MeterInbox([one, two]).subscriptions}
    assert wanted == {"a/#": 1, "b/#": 1, "c": 0}


def test_what_a_restart_knows_is_not_taken_again() -> None:
    key = ("m", Quantity.POWER, "")
    rig = Rig(Fixed("a", [power(NOW_NS)]), last={key: NOW_NS})
    assert rig.send("a", b"") == []
    assert rig.rejected() == {"replayed": 1}
    newer = Rig(Fixed("a", [power(NOW_NS + 1)]), last={key: NOW_NS})
    assert len(newer.send("a", b"")) == 1
    assert newer.inbox.last == {key: NOW_NS + 1}


def test_one_decoder_does_not_add_to_another() -> None:
    rig = Rig(Fixed("a", [power(1)]), Fixed("b", [power(2)]))
    assert len(rig.send("a", b"")) == 1
    assert rig.send("b", b"") == []
    assert rig.rejected() == {"ambiguous": 1}


def test_a_message_that_is_good_in_part_is_taken_in_part() -> None:
    wrong = Rejected(
        Reason.NOT_FINITE,
        "x",
        readings=[power(1)],
        others=[Rejected(Reason.NO_VALUE, "y"), Rejected(Reason.NO_VALUE, "z")],
    )
    rig = Rig(Fixed("a", wrong))
    assert len(rig.send("a", b"")) == 1
    assert rig.rejected() == {"not_finite": 1, "no_value": 2}


def test_a_bug_drops_its_message_and_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    rig = Rig(Fixed("a", ZeroDivisionError("oops")))
    for _ in range(5):
        assert rig.send("a", b"") == []
    assert rig.rejected() == {"bug": 5}
    assert sum(record.exc_info is not None for record in caplog.records) == 1


def test_a_reason_is_told_when_it_starts_and_after_it_was_gone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    now = 0.0
    rejections = Rejections(lambda: now)
    for _ in range(1000):
        rejections.add(Reason.NOT_JSON, "a/b", "no JSON")
        now += 1.0
    assert len(caplog.records) == 1
    now += 600.0
    rejections.add(Reason.NOT_JSON, "a/b", "no JSON")
    rejections.add(Reason.FUTURE, "a/b", "too early")
    assert len(caplog.records) == 3
    assert rejections.counts == {"not_json": 1001, "future": 1}
    assert caplog.records[0].levelno == logging.WARNING


def test_topics_in_the_log_cannot_forge_lines(caplog: pytest.LogCaptureFixture) -> None:
    Rig(Fixed("a")).send("evil\nERROR all is lost\x1b[31m" + "x" * 500, b"")
    (record,) = caplog.records
    text = record.getMessage()
    assert "\n" not in text
    assert "\x1b" not in text
    assert len(text) < 400
    assert shown("plain/topic") == "plain/topic"


def test_an_endless_topic_is_not_looked_at() -> None:
    rig = Rig(Fixed("a", [power(1)]))
    assert rig.send("a" * 1025, b"") == []
    assert rig.rejected() == {"bad_topic": 1}
