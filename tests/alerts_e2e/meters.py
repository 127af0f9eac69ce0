"""The building's meters, whose power a test sets while they speak."""

import json
import threading
import time
from types import TracebackType
from typing import Self

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from tests.e2e.site import METERS
from tests.meters.publisher import ROOT, meter_id

_BEAT = "System/HeartbeatTimestampBms/bms"


class Meters:
    """Publishes the meters of the small site every second; a context manager.

    Args:
        port: of the broker, on this machine.

    Attributes:
        kilowatts: of each meter from now on.
    """

    def __init__(self, port: int) -> None:
        self.kilowatts = [200.0, 100.0, 100.0]
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self._client.connect("127.0.0.1", port)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self) -> Self:
        self._client.loop_start()
        self._thread.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join(5)
        self._client.disconnect()
        self._client.loop_stop()

    def _work(self) -> None:
        step = 0
        while not self._over.wait(1.0):
            if step % 60 == 0:
                self._describe()
            if step % 10 == 0:
                self._say(_BEAT, round(time.time() * 1000))
            for number, kilowatts in enumerate(self.kilowatts):
                self._say(_point(number), kilowatts + 0.1 * (step % 2))
            step += 1

    def _describe(self) -> None:
        self._publish(f"Metadata/{_BEAT}", {"objectType": "System"}, retain=True)
        for number in range(len(METERS)):
            said = {
                "objectType": "PowerMeter",
                "pointType": "ActivePower",
                "engUnit": "kW",
                "objectName": f"Meter {number}",
                "objectId": meter_id(number),
                "servesId": [],
            }
            self._publish(f"Metadata/{_point(number)}", said, retain=True)

    def _say(self, path: str, value: float) -> None:
        said = {"value": value, "timestamp": round(time.time() * 1000), "quality": 1}
        self._publish(f"Value/{path}", said, retain=False)

    def _publish(self, path: str, said: object, *, retain: bool) -> None:
        self._client.publish(f"{ROOT}/{path}", json.dumps(said), 1, retain=retain)


def _point(number: int) -> str:
    return f"PowerMeter/ActivePower/plant/{meter_id(number)}"
