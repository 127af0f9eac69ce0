"""MQTT: the payload, its schema, and delivery to a real Mosquitto."""
