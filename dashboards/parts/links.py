"""Links from a place to the dashboard that shows it; time range and variables go along."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dashboards.parts.queries import PLACES

BOARD_OF: Mapping[str, str] = {
    "site": "wk-site",
    "hall": "wk-site",
    "row": "wk-tree",
    "rack": "wk-tree",
    "branch": "wk-tree",
    "node": "wk-node",
    "gpu": "wk-gpu",
}
"""By a label, the uid of the dashboard that shows what it names."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link of a value in a panel.

    Attributes:
        title: what it says.
        url: with Grafana's variables.
    """

    title: str
    url: str


def link_to(label: str, values: Mapping[str, str], kept: Iterable[str]) -> Link:
    """The link to what a label names.

    Args:
        label: one of `BOARD_OF`.
        values: by variable, Grafana's expression for its new value.
        kept: the variables of the dashboard at hand; those above the label keep their values.
    """
    above = PLACES[: PLACES.index(label)] if label in PLACES else PLACES[:1]
    carried = [v for v in kept if v not in values and (v in above or v == "datasource")]
    parts = ["${__url_time_range}"]
    parts += [f"${{{variable}:queryparam}}" for variable in carried]
    parts += [f"var-{variable}={value}" for variable, value in values.items()]
    return Link(f"Show this {label}", f"/d/{BOARD_OF[label]}?" + "&".join(parts))


def from_labels(labels: Iterable[str], kept: Iterable[str]) -> Link | None:
    """The link of a series that has labels: to the narrowest place among them."""
    labels = [label for label in labels if label in BOARD_OF]
    if not labels:
        return None
    narrowest = max(labels, key=lambda one: PLACES.index(one) if one in PLACES else 0)
    return link_to(narrowest, {one: f"${{__field.labels.{one}}}" for one in labels}, kept)
