"""The exporter's words for trouble with a broker, put right for the facility's broker."""

import re
from collections.abc import Mapping, Sequence

import aiomqtt

from collector.sources.meters.decoder import Subscription
from collector.sources.meters.listener.connection import MeterConnection
from exporters.delivery import DeliveryError
from exporters.mqtt.options import MqttOptions
from exporters.mqtt.reasons import connect_error, lost_error

_KEY = re.compile(r"(?<![\w.])mqtt\.(?=host\b|port\b|username\b|password_file\b|tls\b)")
_TABLE = "[mqtt.tls]"
_OF_FILES = frozenset({"password", "tls"})
_ACTIONS: Mapping[str, str] = {
    "unauthorized": "check meters.mqtt.username and meters.mqtt.password_file",
    "not_allowed": "allow this user in the broker's access list",
    "taken_over": "another client uses the same identifier: give every site daemon its own "
    "node.name",
}


def renamed(error: DeliveryError) -> DeliveryError:
    """The same with the keys of `[meters.mqtt]`."""
    action = _ACTIONS.get(error.word) or _KEY.sub("meters.mqtt.", error.action).replace(
        _TABLE, "[meters.mqtt.tls]"
    )
    text = error.text
    if error.word in _OF_FILES and text.startswith("mqtt."):  # elsewhere it may be a host's name
        text = _KEY.sub("meters.mqtt.", text)
    return DeliveryError(
        error.word, text, action=action, retry_after_seconds=error.retry_after_seconds
    )


def not_connected(
    error: aiomqtt.MqttError, options: MqttOptions, connection: MeterConnection
) -> DeliveryError:
    """Why there is no connection."""
    return renamed(connect_error(error, options, "", reached=connection.reached))


def lost(options: MqttOptions, connection: MeterConnection) -> DeliveryError:
    """Why a connection that stood is gone."""
    return renamed(lost_error(options, connection.code))


def silent(options: MqttOptions) -> DeliveryError:
    """The broker does not answer the subscription."""
    return DeliveryError(
        "timeout",
        f"the MQTT broker at {options.address} did not answer a subscription for "
        f"{options.timeout_seconds:g} s",
        action="check that the broker is well, and the network to it",
    )


def refused(options: MqttOptions, subscriptions: Sequence[Subscription]) -> tuple[str, str]:
    """Problem and action: the broker does not let us read."""
    user = f"user {options.username}" if options.username else "a client without a user name"
    topics = ", ".join(one.topic for one in subscriptions)
    return (
        f"the MQTT broker at {options.address} does not let {user} read {topics}",
        "allow these topics in the broker's access list",
    )
