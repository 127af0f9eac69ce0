"""A building management system, in a process of its own: publishes DSX meters to a broker.

`python -m tests.meters.publisher --port 1883 --meters 20`. Each meter publishes its power when it
changes, and every 100 s when it does not; metadata is retained and repeated every 100 s; the
heartbeat beats every 10 s. The last line says how many values were sent, and their sum in watts.
"""

import argparse
import json
import math
import signal
import time
from types import FrameType

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

ROOT = "BMS/v1/PUB"
REPUBLISH_SECONDS = 100.0
HEARTBEAT_SECONDS = 10.0


def meter_id(number: int) -> str:
    """The contract's object id of a meter."""
    return f"EM-{number:04d}"


def watts(number: int, step: int) -> int:
    """What a meter measures at a step: every third meter changes seldom, the others each time."""
    slow = step // 60 if number % 3 == 0 else step
    return 100_000 + 1_000 * (number % 50) + round(20_000 * math.sin(slow / 7 + number))


class Bms:
    """Publishes.

    Args:
        client: connected.
        meters: how many.
        qos: of the values.
    """

    def __init__(self, client: mqtt.Client, meters: int, qos: int) -> None:
        self._client = client
        self._meters = meters
        self._qos = qos
        self._said: dict[int, tuple[int, float]] = {}
        self._described_at = self._beat_at = -math.inf
        self._at_ms = 0
        self.sent = 0
        self.sum_watts = 0

    def step(self, step: int) -> None:
        """All that is due now."""
        now = time.monotonic()
        # On a busy machine steps are made up for within a millisecond: each has a time of its own.
        self._at_ms = max(round(time.time() * 1000), self._at_ms + 1)
        if now - self._described_at >= REPUBLISH_SECONDS:
            self._described_at = now
            self._describe()
        if now - self._beat_at >= HEARTBEAT_SECONDS:
            self._beat_at = now
            self._say("System/HeartbeatTimestampBms/bms", round(time.time() * 1000))
        for number in range(self._meters):
            power = watts(number, step)
            said, at = self._said.get(number, (None, -math.inf))
            if power != said or now - at >= REPUBLISH_SECONDS:
                self._said[number] = (power, now)
                self._say(f"PowerMeter/ActivePower/plant/{meter_id(number)}", power / 1000)
                self.sent += 1
                self.sum_watts += power

    def _describe(self) -> None:
        self._retain("System/HeartbeatTimestampBms/bms", {"objectType": "System"})
        for number in range(self._meters):
            said = {
                "objectType": "PowerMeter",
                "pointType": "ActivePower",
                "engUnit": "kW",
                "objectName": f"Meter {number}",
                "objectId": meter_id(number),
                "servesId": [meter_id(2 * number + one) for one in (1, 2)],
            }
            self._retain(f"PowerMeter/ActivePower/plant/{meter_id(number)}", said)

    def _say(self, path: str, value: float) -> None:
        said = {"value": value, "timestamp": self._at_ms, "quality": 1}
        self._client.publish(f"{ROOT}/Value/{path}", json.dumps(said), self._qos)

    def _retain(self, path: str, said: object) -> None:
        self._client.publish(f"{ROOT}/Metadata/{path}", json.dumps(said), 1, retain=True)


def main() -> None:
    """Publish until the time is over, or SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=1883)
    parser.add_argument("--meters", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=math.inf)
    parser.add_argument("--period", type=float, default=1.0, help="seconds between steps")
    parser.add_argument("--qos", type=int, choices=(0, 1), default=0)
    asked = parser.parse_args()
    over = False

    def end(signum: int, frame: FrameType | None) -> None:
        nonlocal over
        del signum, frame
        over = True

    signal.signal(signal.SIGTERM, end)
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.max_inflight_messages_set(65_535)
    client.max_queued_messages_set(0)
    client.connect(asked.host, asked.port)
    client.loop_start()
    bms = Bms(client, asked.meters, asked.qos)
    start = time.monotonic()
    step = 0
    while not over and step * asked.period < asked.seconds:
        bms.step(step)
        step += 1
        time.sleep(max(0.0, start + step * asked.period - time.monotonic()))
    last = client.publish("tests/meters/end", b"", 1)
    last.wait_for_publish(30)
    client.disconnect()
    client.loop_stop()
    print(json.dumps({"sent": bms.sent, "sum_watts": bms.sum_watts}), flush=True)  # noqa: T201 - its result


if __name__ == "__main__":
    main()
