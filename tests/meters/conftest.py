"""Brokers that end with their test."""

from tests.mqtt.conftest import broker, make_broker

__all__ = ["broker", "make_broker"]
