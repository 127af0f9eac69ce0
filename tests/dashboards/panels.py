"""What is in the committed dashboards."""

import json
from collections.abc import Iterator
from typing import Any

from dashboards.committed import committed

Json = dict[str, Any]


def dashboards() -> dict[str, Json]:
    """By uid, every committed dashboard."""
    found = (json.loads(text) for text in committed().values())
    return {one["uid"]: one for one in found}


def panels(dashboard: Json) -> Iterator[Json]:
    """All its panels but rows; those of folded rows too."""
    for panel in dashboard["panels"]:
        if panel["type"] == "row":
            yield from panel["panels"]
        else:
            yield panel


def every_panel() -> list[tuple[str, Json]]:
    """Each panel of each dashboard, with the dashboard's uid."""
    return [(uid, panel) for uid, one in dashboards().items() for panel in panels(one)]


def is_promql(target: Json) -> bool:
    """Whether a target is for Prometheus."""
    return bool(target["datasource"]["type"] == "prometheus")
