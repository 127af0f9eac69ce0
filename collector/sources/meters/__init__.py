"""The facility's meters: three ways in over MQTT, one shape out."""
