"""A broker of the old version, such as NATS, and one that refuses."""

import asyncio
import json
import time

from tests.meters.dsx_bus import ROOT, metadata
from tests.meters.listening import Heard, dsx, listening, until
from tests.meters.old_broker import OldBroker
from tests.meters.publisher import meter_id

POINT = f"PowerMeter/ActivePower/plant/{meter_id(0)}"


def messages(count: int) -> list[tuple[str, bytes]]:
    start = round(time.time() * 1000)
    values = [{"value": n, "timestamp": start + n, "quality": 1} for n in range(count)]
    described = json.dumps(metadata(meter_id(0), "W")).encode()
    return [
        (f"{ROOT}/Metadata/{POINT}", described),
        *((f"{ROOT}/Value/{POINT}", json.dumps(one).encode()) for one in values),
    ]


async def test_it_is_spoken_to_in_its_version_with_a_session() -> None:
    broker = OldBroker(publish=messages(30))
    heard = Heard(safe=False)  # the sink never says that anything is safe
    async with broker.run() as port, listening(port, heard) as listener:
        await until(lambda: len(heard.readings) == 30, "all values")
        # It may hold back the rest until then: acknowledged when handed over.
        await until(lambda: len(broker.acknowledged) == 31, "acknowledged")
        assert listener.status.waiting_batches == 0
    assert broker.levels == [5, 4]
    assert not broker.clean
    assert broker.acknowledged == list(range(1, 32))
    assert heard.watts == list(range(30))


async def test_a_refused_subscription_is_told_and_the_rest_goes_on() -> None:
    refused = f"{ROOT}/Value/CDU/#"
    broker = OldBroker(refused={refused}, publish=messages(1))
    heard = Heard()
    async with broker.run() as port, listening(port, heard, username="site") as listener:
        await until(lambda: heard.readings, "a value")
        problem, action = heard.reports[-1]
        assert f"does not let user site read {refused}" in str(problem)
        assert "access list" in action
        assert listener.status.connected


async def test_a_topic_that_is_no_text_is_counted_and_acknowledged() -> None:
    broker = OldBroker(publish=[("BMS/\udcff", b"1"), *messages(1)])
    heard = Heard()
    inbox = dsx()
    async with broker.run() as port, listening(port, heard, inbox=inbox):
        await until(lambda: heard.readings, "a value")
        await until(lambda: broker.acknowledged == [1, 2, 3], "acknowledged")
        await asyncio.sleep(0)
    assert inbox.rejected == {"bad_topic": 1}
