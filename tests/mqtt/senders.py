"""Senders that fit a test broker."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

from exporters.mqtt.options import MqttOptions
from exporters.mqtt.sender import MqttSender
from tests.mqtt.broker import HOST
from tests.mqtt.values import BASE, NODE, PLACE


def options(port: int, **more: Any) -> MqttOptions:
    """Options with short times; `more` are the fields of `MqttOptions`."""
    made = MqttOptions(host=HOST, port=port, timeout_seconds=2.0, keepalive_seconds=5)
    return replace(made, **more)


@contextlib.asynccontextmanager
async def sender(port: int, **more: Any) -> AsyncIterator[MqttSender]:
    """A sender that is closed at the end."""
    made = MqttSender(NODE, BASE, options(port, **more), PLACE, "1.2.3")
    try:
        yield made
    finally:
        await made.close()
