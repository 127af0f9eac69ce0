"""The dashboards: their JSON by Grafana's own rules, their queries by real servers."""
