"""Why a broker did not do what was asked, in words for people.

The codes are MQTT 5's reason codes (OASIS MQTT 5.0, 2.4).
"""

import socket
import ssl
from collections.abc import Mapping

import aiomqtt
from paho.mqtt.reasoncodes import ReasonCode

from exporters.delivery import DeliveryError
from exporters.mqtt.options import MqttOptions

FAILED_FROM = 0x80
"""Reason codes from here up say that it failed."""
NOT_AUTHORIZED = 0x87
_WAIT: Mapping[int, str] = {
    0x80: "server",  # unspecified: may pass, and a row must not be given up for that
    NOT_AUTHORIZED: "not_allowed",
    0x91: "server",  # packet identifier in use
    0x97: "throttled",
}
"""PUBACK codes that concern every row, by word. The others concern the one row."""

_WORDS: Mapping[int, str] = {
    0x84: "protocol",
    0x85: "client_id",
    0x86: "unauthorized",
    NOT_AUTHORIZED: "unauthorized",
    0x88: "server",
    0x89: "throttled",
    0x8A: "banned",
    0x8B: "server",
    0x8C: "unauthorized",
    0x8E: "taken_over",
    0x97: "throttled",
    0x9A: "retain",
    0x9F: "throttled",
}
_ACTIONS: Mapping[int, str] = {
    0x84: "the broker must speak MQTT 5: update it, or switch version 5 on",
    0x85: "let the broker accept client identifiers that begin with wattkeeper-",
    0x86: "check mqtt.username and mqtt.password_file",
    0x8A: "ask who runs the broker why this client is banned",
    0x8C: "check mqtt.username and mqtt.password_file",
    0x8E: "another client uses the same identifier: give every node its own node.name",
    0x9A: "let the broker retain messages: the node's status topic needs it",
}
_RETRY_SECONDS: Mapping[str, float] = {"taken_over": 10.0}


class ClosedEarlyError(aiomqtt.MqttError):
    """The broker closed the connection without an answer. The text may say more, or be empty."""


def connect_error(
    error: aiomqtt.MqttError, options: MqttOptions, will_topic: str, *, reached: bool
) -> DeliveryError:
    """Why there is no connection.

    Args:
        error: what aiomqtt raised.
        options: whom it was with.
        will_topic: the topic of the will, which a broker also checks.
        reached: whether there was a connection to send on, TLS included.
    """
    if isinstance(error, aiomqtt.MqttCodeError) and isinstance(error.rc, ReasonCode):
        return _refusal(error.rc, options, will_topic)
    if isinstance(error, ClosedEarlyError):
        return _closed_early(options, str(error))
    # aiomqtt keeps the text alone; the error itself hangs on as what it was raised in answer to.
    cause = error.__context__
    if isinstance(cause, OSError) and not reached:
        return _no_connection(cause, options)
    return DeliveryError(
        "timeout",
        f"the MQTT broker at {options.address} took the connection and then said nothing for "
        f"{options.timeout_seconds:g} s",
        action="check that the broker is well, and that this is its MQTT port",
    )


def lost_error(options: MqttOptions, code: ReasonCode | None) -> DeliveryError:
    """Why a connection that stood is gone.

    Args:
        options: whom it was with.
        code: what the broker said at the end; None when it said nothing.
    """
    if code is None or code.value < FAILED_FROM:
        return DeliveryError(
            "lost",
            f"the connection to the MQTT broker at {options.address} was lost",
            action="check that the broker runs and can be reached",
            lost_connection=True,
        )
    word = _WORDS.get(code.value, "server")
    action = _ACTIONS.get(code.value, "")
    if code.value == NOT_AUTHORIZED:
        word, action = "not_allowed", _allow(options)
    return DeliveryError(
        word,
        f"the MQTT broker at {options.address} closed the connection: {code}",
        action=action,
        retry_after_seconds=_RETRY_SECONDS.get(word),
        lost_connection=True,
    )


def silent_error(options: MqttOptions) -> DeliveryError:
    """The connection stands, and nothing comes back."""
    return DeliveryError(
        "timeout",
        f"the MQTT broker at {options.address} acknowledged nothing for "
        f"{options.timeout_seconds:g} s",
        action="check that the broker is well, and the network to it",
        lost_connection=True,
    )


def publish_error(
    options: MqttOptions, topic: str, code: ReasonCode, words: str
) -> DeliveryError | None:
    """What a refused message says of all of them; None when it concerns that message alone.

    Args:
        options: whom it was with.
        topic: where the message was to go.
        code: the broker's reason code.
        words: the broker's own words; may be empty.
    """
    word = _WAIT.get(code.value)
    if word is None:
        return None
    said = f"{code}: {words}" if words else f"{code}"
    if word != "not_allowed":
        return DeliveryError(word, f"the MQTT broker at {options.address} answered: {said}")
    user = f"user {options.username}" if options.username else "a client without a user name"
    return DeliveryError(
        word,
        f"the MQTT broker at {options.address} does not let {user} publish to {topic} ({said})",
        action=_allow(options),
    )


def _allow(options: MqttOptions) -> str:
    return (
        "allow it in the broker's access list: write to the node's topics below "
        f"{options.topic_prefix}/node/"
    )


def _refusal(code: ReasonCode, options: MqttOptions, will_topic: str) -> DeliveryError:
    word = _WORDS.get(code.value, "refused")
    action = _ACTIONS.get(code.value, "see the broker's log")
    if code.value == NOT_AUTHORIZED:
        action = (
            "check mqtt.username and mqtt.password_file, and that the broker lets this user "
            f"publish to {will_topic}"
        )
    user = f"user {options.username}" if options.username else "a client without a user name"
    return DeliveryError(
        word, f"the MQTT broker at {options.address} refused {user}: {code}", action=action
    )


def _no_connection(cause: OSError, options: MqttOptions) -> DeliveryError:
    broker = f"the MQTT broker at {options.address}"
    if isinstance(cause, socket.gaierror):
        return DeliveryError(
            "unknown_host",
            f"the MQTT broker's name {options.host} is not known ({cause.strerror})",
            action="check mqtt.host, and this node's DNS",
        )
    if isinstance(cause, ssl.SSLCertVerificationError):
        return DeliveryError(
            "tls",
            f"the certificate of {broker} is refused: {cause.verify_message}",
            action="check mqtt.tls.ca_file, and that the certificate is made out to mqtt.host",
        )
    if isinstance(cause, ssl.SSLError) or (options.tls and isinstance(cause, ConnectionResetError)):
        why = getattr(cause, "reason", None) or cause.strerror or str(cause)
        return DeliveryError(
            "tls",
            f"no TLS with {broker}: {why.replace('_', ' ').lower()}",
            action="check that mqtt.port is its TLS port",
        )
    if isinstance(cause, ConnectionRefusedError):
        return DeliveryError(
            "refused",
            f"nothing listens at {options.address}, where the MQTT broker should be",
            action="start the broker, or check mqtt.host and mqtt.port",
        )
    if isinstance(cause, TimeoutError):
        return DeliveryError(
            "timeout",
            f"{broker} does not answer",
            action="check mqtt.host and mqtt.port, and the firewalls on the way",
        )
    return DeliveryError(
        "unreachable",
        f"{broker} cannot be reached: {cause.strerror or cause}",
        action="check the network to it",
    )


def _closed_early(options: MqttOptions, detail: str) -> DeliveryError:
    said = f" ({detail})" if detail else ""
    text = f"the MQTT broker at {options.address} closed the connection without an answer{said}"
    if not options.tls:
        return DeliveryError(
            "closed", text, action="if it speaks TLS on this port, add the table [mqtt.tls]"
        )
    if options.cert_file is None:
        action = "it may want a client certificate: set mqtt.tls.cert_file and mqtt.tls.key_file"
    else:
        action = (
            "it may not trust the client certificate of mqtt.tls.cert_file: check who signed it"
        )
    return DeliveryError("tls", text, action=action)
