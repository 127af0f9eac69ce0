"""Telemetry health: can the other dashboards be believed?"""

from collector.catalogue import Subject
from dashboards.parts import colours, units
from dashboards.parts.board import Board, Row
from dashboards.parts.panel import Bars, Column, Lines, Meaning, Panel, Stat, Table
from dashboards.parts.queries import Query, one, top
from dashboards.parts.shared import rest
from dashboards.parts.variables import down_to
from dashboards.servers import SERVERS

_BY_NODE = "by (hall, row, rack, node)"
_MISSING = {"1": Meaning("missing", colours.WARNING)}

NOW = Row(
    "Are the figures whole?",
    (
        Stat(
            title="Nodes reporting",
            says="Share of the nodes that there should be that answer.",
            queries=one("site:nodes_up:sum{@site} / site:nodes:count{@site}", "{{site}}"),
            unit=units.RATIO,
            steps=colours.COVERAGE,
        ),
        Stat(
            title="GPUs reporting",
            says="Share of the GPUs that there should be whose power is known.",
            queries=one("site:gpu_power_watts:coverage_ratio{@site}", "{{site}}"),
            steps=colours.COVERAGE,
        ),
        Stat(
            title="Nodes with power",
            says="Share of the nodes that say what they draw from outside.",
            queries=one("site:it_power_watts:coverage_ratio{@site}", "{{site}}"),
            steps=colours.COVERAGE,
        ),
        Stat(
            title="Oldest reading",
            says="Time since the last good reading, of the GPU where it is longest ago.",
            queries=one("site:gpu_sample_age_seconds:max{@site}", "{{site}}"),
            steps=colours.AGE,
        ),
        Stat(
            title="Late reads",
            says="Share of the reads that came over half a period late, or not at all.",
            queries=one("site:late_ticks:ratio5m{@site}", "{{site}}"),
            steps=colours.LATE,
        ),
        Stat(
            title="Ledgers down",
            says="Daemons whose ledger does not take writes. Energy is kept, in memory only.",
            queries=one("sum by (site) (site:ledgers_down:sum{@site})", "{{site}}"),
            unit=units.COUNT,
            steps=colours.ANY_IS_TROUBLE,
        ),
        Stat(
            title="Site daemons up",
            says="One is enough; two stand in for each other.",
            queries=one("site:daemons_up:sum{@site}", "{{site}}"),
            unit=units.COUNT,
            steps=colours.UP,
        ),
        Stat(
            title="Meters bad",
            says="Meters whose newest reading is bad or stale.",
            queries=one("site:meters_bad:sum{@site}", "{{site}}"),
            unit=units.COUNT,
            steps=colours.ANY_IS_WARNING,
        ),
        Stat(
            title="Undelivered",
            says="What waits in the outboxes of all daemons.",
            queries=one("sum by (site) (site:outbox_bytes:sum{@site})", "{{site}}"),
        ),
        Stat(
            title="Oldest undelivered",
            says="Age of the oldest row that waits.",
            queries=one("max by (site) (site:outbox_oldest_age_seconds:max{@site})", "{{site}}"),
            steps=colours.Steps(colours.QUIET, ((900, colours.WARNING),)),
            no_value="none waits",
        ),
        Stat(
            title="Dropped in the last hour",
            says="Rows that were dropped because too much waited.",
            queries=one("sum by (site) (site:dropped:increase1h{@site})", "{{site}}"),
            unit=units.COUNT,
            decimals=0,
            steps=colours.ANY_IS_TROUBLE,
        ),
        Stat(
            title="Error budget burnt",
            says="How many times faster than the objective allows telemetry went missing, in 1 h.",
            queries=one("site:telemetry_burn:ratio1h{@site}", "{{site}}"),
            unit=units.PLAIN,
            decimals=1,
            steps=colours.Steps(colours.QUIET, ((1, colours.WARNING), (14.4, colours.TROUBLE))),
        ),
    ),
)

NODES = Row(
    "Nodes",
    (
        Lines(
            title="Nodes that answer",
            says="By hall; dashed, those that there should be.",
            queries=(
                Query("hall:nodes_up:sum{@hall}", "{{hall}}"),
                Query("hall:nodes:count{@hall}", "Should be {{hall}}"),
            ),
            unit=units.COUNT,
            dashed={"Should be": colours.SCALE},
            width=8,
            leads_to=("hall",),
        ),
        Table(
            title="Nodes that do not answer",
            says="As Prometheus sees it; 60 at most.",
            rows=("hall", "row", "rack", "node"),
            columns=(
                Column(
                    title="",
                    expr="topk(60, 1 - max by (hall, row, rack, node)"
                    ' (up{@node,job="wattkeeper-node"}) > 0)',
                ),
            ),
            no_value="none",
            width=8,
        ),
        Bars(
            title="Racks with fewest GPUs reporting",
            says="Share of the rack's GPUs whose power is known; the 12 lowest.",
            queries=one(
                "bottomk(12, rack:gpu_power_watts:coverage_ratio{@rack})",
                "{{hall}} {{row}} {{rack}}",
            ),
            steps=colours.COVERAGE_FILL,
            width=8,
            leads_to=("hall", "row", "rack"),
        ),
        Table(
            title="What nodes do not tell",
            says="Of nodes that answer. Power from outside, though other nodes of the site tell "
            "it; the temperature of any GPU; GPUs whose driver unloads when nothing runs, so that "
            "their energy counters start anew. 60 at most.",
            rows=("hall", "row", "rack", "node"),
            columns=(
                Column(
                    title="Power",
                    expr=f"""
                    topk(60, max {_BY_NODE} (
                      up{{@node,job="wattkeeper-node"}} == 1
                        unless on (site, node) host_input_power_watts{{@node}}
                        and on (site) site:it_power_watts:sum{{@site}}
                    ))
                    """,
                    unit=units.PLAIN,
                    meanings=_MISSING,
                ),
                Column(
                    title="Temperature",
                    expr=f"""
                    topk(60, max {_BY_NODE} (
                      host_gpus_up{{@node}} > bool 0
                        unless on (site, node)
                      host_gpu_temperature_celsius{{@node,sensor="gpu"}}
                    ) > 0)
                    """,
                    unit=units.PLAIN,
                    meanings=_MISSING,
                ),
                Column(
                    title="Persistence off",
                    expr=f"topk(60, max {_BY_NODE} (node:gpus_persistence_off:sum{{@node}}) > 0)",
                    unit=units.COUNT,
                ),
            ),
            no_value="none",
            width=8,
        ),
        Table(
            title="Oldest readings",
            says="The 30 nodes with the oldest last good reading of a GPU.",
            rows=("hall", "row", "rack", "node"),
            columns=(
                Column(
                    title="Age",
                    expr="topk(30, max by (hall, row, rack, node)"
                    " (host_gpu_sample_age_seconds{@node}))",
                    steps=colours.AGE,
                ),
            ),
            width=8,
        ),
        Lines(
            title="Late reads of the worst nodes",
            says="Share of a node's reads that came late; the site, and its 8 worst nodes at the "
            "end of the range.",
            queries=(
                Query("site:late_ticks:ratio5m{@site}", "{{site}}"),
                Query(top(8, "wattkeeper_recent_late_ticks_ratio{@node}"), "{{node}}"),
            ),
            width=8,
        ),
        Lines(
            title="Sampling, worst GPU of each rack",
            says="Share of the window between samples close enough; the 12 lowest at the end of "
            "the range.",
            queries=one(
                """
                rack:gpu_power_coverage_ratio:min{@rack}
                and
                bottomk(12, rack:gpu_power_coverage_ratio:min{@rack} @ end())
                """,
                "{{rack}}",
            ),
            width=12,
            leads_to=("rack",),
        ),
        Table(
            title="Energy counter against integral",
            says="GPUs whose energy counter and integral of power differ by more than the setting "
            "allows; 30 at most.",
            rows=("hall", "row", "rack", "node", "gpu"),
            columns=(
                Column(
                    title="Difference",
                    expr="topk(30, max by (hall, row, rack, node, gpu)"
                    " (gpu:energy_mismatch:ratio{@node}))",
                    unit=units.RATIO,
                    steps=colours.ANY_IS_WARNING,
                ),
            ),
            no_value="none",
            width=12,
        ),
        Bars(
            title="Energy that was not measured",
            says="Share of the last hour's GPU energy that was neither counted nor measured; the "
            "12 racks with most.",
            queries=one(
                """
                topk(12,
                  sum by (hall, row, rack) (
                    increase(gpu_energy_estimated_joules_total{@rack,scope="gpu"}[1h])
                  )
                    /
                  sum by (hall, row, rack) (rack:gpu_energy_joules:increase1h{@rack})
                )
                """,
                "{{rack}}",
            ),
            unit=units.RATIO,
            steps=colours.Steps(colours.GOOD, ((0.01, colours.WARNING),)),
            width=12,
            leads_to=("hall", "row", "rack"),
        ),
        Table(
            title="Energy counters that stepped",
            says="GPUs whose counter started anew or was refused within a day; 30 at most.",
            rows=("hall", "row", "rack", "node", "gpu"),
            columns=(
                Column(
                    title="Resets",
                    expr="topk(30, sum by (hall, row, rack, node, gpu)"
                    " (increase(gpu_energy_resets_total{@node}[1d])) > 0)",
                    decimals=0,
                ),
                Column(
                    title="Refusals",
                    expr="topk(30, sum by (hall, row, rack, node, gpu)"
                    " (increase(gpu_energy_refusals_total{@node}[1d])) > 0)",
                    decimals=0,
                ),
            ),
            no_value="none",
            width=12,
        ),
    ),
)

DELIVERY = Row(
    "Delivery",
    (
        Lines(
            title="Waiting to be delivered",
            says="Bytes in the outboxes of all daemons.",
            queries=one("site:outbox_bytes:sum{@site}", "{{site}} {{exporter}}"),
            width=8,
        ),
        Lines(
            title="Delivered",
            says="Rows a second; what is sent anew counts again.",
            queries=one("site:delivered:rate5m{@site}", "{{site}} {{exporter}}"),
            unit=units.PER_SECOND,
            width=8,
        ),
        Lines(
            title="Dropped and refused",
            says="Rows in the last hour that were dropped because too much waited, or that a "
            "receiver refused for good.",
            queries=(
                Query("site:dropped:increase1h{@site}", "{{site}} {{exporter}} dropped"),
                Query("site:quarantined:increase1h{@site}", "{{site}} {{exporter}} refused"),
            ),
            unit=units.COUNT,
            width=8,
        ),
        Lines(
            title="Exporters that fail",
            says="Daemons whose last delivery did not succeed.",
            queries=one("site:exporters_down:sum{@site}", "{{site}} {{exporter}}"),
            unit=units.COUNT,
            width=8,
        ),
        Lines(
            title="Telemetry missing, against the objective",
            says="How many times faster than the objective allows, over windows of several "
            "lengths.",
            queries=(
                Query("site:telemetry_burn:ratio1h{@site}", "{{site}} 1 h"),
                Query("site:telemetry_burn:ratio6h{@site}", "{{site}} 6 h"),
                Query("site:telemetry_burn:ratio3d{@site}", "{{site}} 3 d"),
            ),
            unit=units.PLAIN,
            width=8,
        ),
        Bars(
            title="Oldest meter readings",
            says="Time since a meter's newest reading; the 12 oldest.",
            queries=one("topk(12, meter:site_meter_age_seconds:min{@site})", "{{meter}}"),
            full=None,
            width=8,
        ),
    ),
)

_DRAWN: tuple[Panel, ...] = tuple(
    panel for row in (NOW, NODES, DELIVERY, SERVERS) for panel in row.panels
)

REST = Row(
    "What each daemon says of itself",
    rest(Subject.DAEMON, "node", _DRAWN, most=12),
    folded=True,
)

BOARD = Board(
    uid="wk-telemetry",
    title="Telemetry health",
    question="Can the figures of the other dashboards be believed, and does everything arrive?",
    variables=down_to("node"),
    rows=(NOW, NODES, DELIVERY, SERVERS, REST),
)
