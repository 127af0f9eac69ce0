"""The variables of the dashboards, each narrowed by those before it."""

from dataclasses import dataclass, replace

from dashboards.parts.queries import PLACES, matchers

_NODES = "rack:nodes:count"
"""A recording rule with a series a rack: cheap to list, and silent nodes stay in it."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of a dashboard.

    Attributes:
        name: as in the URL, `var-NAME`.
        label: what stands before it.
        kind: `prometheus`, `influxdb` (data sources), `query` or `text`.
        text: the query, or the text box's first value.
        says: one sentence.
        has_all: whether all values can be chosen together, as they are at first.
    """

    name: str
    label: str
    kind: str
    text: str = ""
    says: str = ""
    has_all: bool = True


DATASOURCE = Variable("datasource", "Prometheus", "prometheus", says="Where the metrics are.")
INFLUXDB = Variable("influxdb", "InfluxDB", "influxdb", says="Where the windows are (InfluxQL).")
SITE = Variable("site", "Site", "query", 'label_values(up{job=~"wattkeeper-.*"}, site)')
HALL = Variable("hall", "Hall", "query", f"label_values({_NODES}{{{matchers('site')}}}, hall)")
ROW = Variable("row", "Row", "query", f"label_values({_NODES}{{{matchers('hall')}}}, row)")
RACK = Variable("rack", "Rack", "query", f"label_values({_NODES}{{{matchers('row')}}}, rack)")
NODE = Variable(
    "node",
    "Node",
    "query",
    f'label_values(up{{job="wattkeeper-node",{matchers("rack")}}}, node)',
)
GPU = Variable("gpu", "GPU", "query", f"label_values(gpu_up{{{matchers('node')}}}, gpu)")
BRANCH = Variable(
    "branch",
    "Branch",
    "query",
    "label_values(branch:site_power_coverage_ratio:max"
    f'{{{matchers("site")},level!="rack"}}, branch)',
    "Feeds, substations, switchboards, UPSs and busways.",
)
ONE_NODE = replace(NODE, has_all=False, says="One node or a few, each GPU by itself.")
ONE_GPU = replace(GPU, has_all=False, says="One GPU, or a few to compare.")
PLACE_VARIABLES = dict(zip(PLACES, (SITE, HALL, ROW, RACK, NODE, GPU), strict=True))


def down_to(level: str) -> tuple[Variable, ...]:
    """The data source and the variables of every place down to a level."""
    last = PLACES.index(level)
    return (DATASOURCE, *(PLACE_VARIABLES[place] for place in PLACES[: last + 1]))
