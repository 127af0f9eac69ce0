"""Brokers that end with their test."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Protocol

import pytest

from tests.mqtt.broker import Broker, Subscriber

MakeBroker = Callable[[Iterable[str]], Broker]


class Subscribe(Protocol):
    """Makes a subscriber to a topic; `more` are arguments of mosquitto_sub."""

    def __call__(
        self, broker: Broker, topic: str, *more: str, session: str = "reader"
    ) -> Subscriber: ...


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing is logged, by asyncio or the client: only the delivery loop tells faults."""
    yield
    logged = [one for one in caplog.get_records("call") if not one.name.startswith("exporters.del")]
    assert not logged


@pytest.fixture
def make_broker(tmp_path: Path) -> Iterator[MakeBroker]:
    """Makes a broker with these lines in its configuration, and starts it."""
    brokers: list[Broker] = []

    def make(lines: Iterable[str]) -> Broker:
        brokers.append(Broker(tmp_path, lines).start())
        return brokers[-1]

    yield make
    for broker in brokers:
        broker.kill()


@pytest.fixture
def broker(make_broker: MakeBroker) -> Broker:
    """A broker that lets everybody in."""
    return make_broker(["allow_anonymous true"])


@pytest.fixture
def subscribe() -> Iterator[Subscribe]:
    """Makes subscribers that end with the test."""
    made: list[Subscriber] = []

    def make(broker: Broker, topic: str, *more: str, session: str = "reader") -> Subscriber:
        made.append(Subscriber(broker, topic, more, session=session))
        return made[-1]

    yield make
    for subscriber in made:
        subscriber.stop()
