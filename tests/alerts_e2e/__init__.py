"""Faults on real daemons, through real Prometheus and Alertmanager, to whoever is told."""
