"""Hands results on: Prometheus and the live page; InfluxDB, MQTT and the utility follow."""
