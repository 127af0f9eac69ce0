"""Publishes every window over MQTT 5: `encode` makes the outbox rows, `sender` delivers them."""
