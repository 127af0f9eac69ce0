"""The order in which a broker is told what it may forget."""

from collections.abc import Sequence

from collector.sources.meters.listener.acknowledgements import Acknowledgements


class Connection:
    """Remembers what was acknowledged."""

    def __init__(self) -> None:
        self.told: list[int] = []

    def acknowledge(self, messages: Sequence[int]) -> None:
        self.told += messages


async def test_a_batch_waits_for_those_before_it() -> None:
    waiting, connection = Acknowledgements(), Connection()
    first, second = waiting.add(connection, [1, 2]), waiting.add(connection, [3])
    second()
    assert connection.told == []
    first()
    assert connection.told == [1, 2, 3]
    await waiting.settled()


async def test_a_broker_is_never_left_to_wait_until_it_sends_no_more() -> None:
    waiting, connection = Acknowledgements(most_waiting=100), Connection()
    dones = [waiting.add(connection, [number]) for number in range(1000)]
    assert connection.told == list(range(900))
    assert waiting.early_total == 900
    for done in dones:
        done()
    assert connection.told == list(range(1000))
    assert len(waiting) == 0
    await waiting.settled()
