"""The vocabulary that the dashboards are written in.

Boards are plain values (`board`, `panel`, `queries`, `variables`); `draw` and `assemble` turn them
into Grafana's models, and nothing else knows Grafana's JSON.
"""

import warnings

# The classic form is the one that every Grafana from 10 on reads; importing it, the SDK advises
# the next one.
with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import grafana_foundation_sdk.models.dashboard  # noqa: F401 - imported for its warning
