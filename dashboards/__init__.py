"""Grafana dashboards as code, and the JSON they generate.

`python -m dashboards` writes `generated/`, which is committed: to use the dashboards nobody needs
Python or the SDK. One module a dashboard, to be read from top to bottom; `parts` is the vocabulary.
"""
