"""Prometheus rules, their promtool tests, Alertmanager configuration, runbooks."""
