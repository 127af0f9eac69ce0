"""Faults: which GPUs are broken, how, and what is to be done?"""

from dashboards.parts import colours, units
from dashboards.parts.board import Board, Row
from dashboards.parts.panel import Column, Lines, Meaning, Stat, Table
from dashboards.parts.queries import Query, one, top
from dashboards.parts.shared import XID_MEANINGS
from dashboards.parts.variables import down_to

_GPU = ("hall", "row", "rack", "node", "gpu")
_BY_GPU = "by (hall, row, rack, node, gpu)"
_RACK = ("hall", "row", "rack")


def _count(title: str, says: str, expr: str, steps: colours.Steps = colours.ANY_IS_TROUBLE) -> Stat:
    return Stat(
        title=title,
        says=says,
        queries=one(f"sum by (site) ({expr})", "{{site}}"),
        unit=units.COUNT,
        steps=steps,
        width=3,
    )


def _by_rack(title: str, name: str, steps: colours.Steps = colours.ANY_IS_TROUBLE) -> Column:
    return Column(
        title=title,
        expr=f"topk(60, max by (hall, row, rack) ({name}{{@rack}}) > 0)",
        unit=units.COUNT,
        steps=steps,
    )


NOW = Row(
    "Now",
    (
        _count(
            "Fatal XID errors",
            "GPUs with an XID error of the last 15 minutes after which somebody must act.",
            "rack:gpus_xid_fatal:count{@rack}",
        ),
        _count(
            "GPUs lost",
            "GPUs that a node must have and its driver does not show.",
            "rack:gpus_lost:sum{@rack}",
        ),
        _count(
            "GPUs down",
            "GPUs that the driver shows but that do not answer.",
            "rack:gpus_down:sum{@rack}",
        ),
        _count(
            "ECC uncorrected",
            "GPUs with uncorrected memory errors in the last 15 minutes.",
            "rack:gpus_ecc_uncorrected:count{@rack}",
        ),
        _count(
            "Remaps failed",
            "GPUs whose memory could not be repaired: due for exchange.",
            "rack:gpus_row_remap_failure:sum{@rack}",
        ),
        _count(
            "Remaps pending",
            "GPUs that wait for a reset so that rows are replaced.",
            "rack:gpus_row_remap_pending:sum{@rack}",
            colours.ANY_IS_WARNING,
        ),
        _count(
            "NVLinks down",
            "GPUs with an NVLink that is down and should not be.",
            "rack:gpus_nvlinks_down:count{@rack}",
        ),
        _count(
            "GPUs reporting",
            "GPUs whose power is known now.",
            "rack:gpus_reporting:sum{@rack}",
            colours.NEUTRAL,
        ),
    ),
)

RACKS = Row(
    "By rack and in time",
    (
        Table(
            title="Racks with faults",
            says="GPUs of each rack that something is wrong with; only racks that have any.",
            rows=_RACK,
            columns=(
                _by_rack("Fatal XIDs", "rack:gpus_xid_fatal:count"),
                _by_rack("Lost", "rack:gpus_lost:sum"),
                _by_rack("Down", "rack:gpus_down:sum"),
                _by_rack("ECC", "rack:gpus_ecc_uncorrected:count"),
                _by_rack("Remap failed", "rack:gpus_row_remap_failure:sum"),
                _by_rack(
                    "Remap pending", "rack:gpus_row_remap_pending:sum", colours.ANY_IS_WARNING
                ),
                _by_rack("NVLinks down", "rack:gpus_nvlinks_down:count"),
                _by_rack("NVLink errors", "rack:gpus_nvlink_errors:count", colours.ANY_IS_WARNING),
                _by_rack(
                    "PCIe lanes lost", "rack:gpus_pcie_degraded:count", colours.ANY_IS_WARNING
                ),
            ),
            no_value="none",
        ),
        Lines(
            title="GPUs with XID errors, by code",
            says="GPUs that had the code within the last 15 minutes, fatal or not.",
            queries=one("sum by (xid) (site:gpus_xid_recent:count{@site})", "XID {{xid}}"),
            unit=units.COUNT,
            no_value="none",
            width=8,
        ),
        Lines(
            title="GPUs missing and broken",
            says="Lost, down, with uncorrected errors, with fatal XIDs.",
            queries=(
                Query("site:gpus_lost:sum{@site}", "{{site}} lost"),
                Query("site:gpus_down:sum{@site}", "{{site}} down"),
                Query("site:gpus_ecc_uncorrected:sum{@site}", "{{site}} uncorrected ECC"),
                Query("site:gpus_xid_fatal:sum{@site}", "{{site}} fatal XID"),
            ),
            unit=units.COUNT,
            width=8,
        ),
        Lines(
            title="Links",
            says="GPUs with NVLink errors, NVLinks down, PCIe lanes lost.",
            queries=(
                Query("site:gpus_nvlink_errors:sum{@site}", "{{site}} NVLink errors"),
                Query("site:gpus_nvlinks_down:sum{@site}", "{{site}} NVLinks down"),
                Query("site:gpus_pcie_degraded:sum{@site}", "{{site}} PCIe lanes lost"),
            ),
            unit=units.COUNT,
            width=8,
        ),
    ),
)

GPUS = Row(
    "GPUs that something is wrong with",
    (
        Table(
            title="XID errors of the last 15 minutes",
            says="With what they mean; red ones leave the GPU unfit for work until somebody acts. "
            "100 at most.",
            rows=(*_GPU, "xid"),
            columns=(
                Column(
                    title="Age",
                    expr="bottomk(100, min by (hall, row, rack, node, gpu, xid)"
                    " (gpu:xid_recent:age_seconds{@gpu}))",
                ),
            ),
            label_meanings={"xid": XID_MEANINGS},
            ascending=True,
            no_value="none",
            width=14,
        ),
        Table(
            title="What the driver asks for",
            says="GPUs that the driver wants to have reset, drained or looked after.",
            rows=(*_GPU, "action"),
            columns=(
                Column(
                    title="",
                    expr="topk(60, max by (hall, row, rack, node, gpu, action)"
                    " (gpu:recovery_action:wanted{@gpu}))",
                ),
            ),
            no_value="none",
            width=10,
        ),
        Table(
            title="Nodes with GPUs lost or down",
            says="Lost: the driver does not show it. Down: it shows it and gets no answer.",
            rows=("hall", "row", "rack", "node"),
            columns=(
                Column(
                    title="Lost",
                    expr="topk(60, max by (hall, row, rack, node) (host_gpus_lost{@node}) > 0)",
                    unit=units.COUNT,
                    steps=colours.ANY_IS_TROUBLE,
                ),
                Column(
                    title="Down",
                    expr="topk(60, max by (hall, row, rack, node) (host_gpus_down{@node}) > 0)",
                    unit=units.COUNT,
                    steps=colours.ANY_IS_TROUBLE,
                ),
            ),
            no_value="none",
            width=12,
        ),
        Table(
            title="Memory errors and repairs",
            says="Uncorrected errors of the last 15 minutes; rows that wait to be replaced, or "
            "could not be.",
            rows=_GPU,
            columns=(
                Column(
                    title="Uncorrected",
                    expr=f"topk(60, max {_BY_GPU} (gpu:ecc_uncorrected:increase15m{{@gpu}}))",
                    unit=units.COUNT,
                    decimals=0,
                    steps=colours.ANY_IS_TROUBLE,
                ),
                Column(
                    title="Remap pending",
                    expr=f"topk(60, max {_BY_GPU} (gpu:row_remap_pending:active{{@gpu}}))",
                    unit=units.PLAIN,
                    steps=colours.ANY_IS_WARNING,
                ),
                Column(
                    title="Remap failed",
                    expr=f"topk(60, max {_BY_GPU} (gpu:row_remap_failure:active{{@gpu}}))",
                    unit=units.PLAIN,
                    steps=colours.ANY_IS_TROUBLE,
                ),
            ),
            no_value="none",
            width=12,
        ),
        Table(
            title="Links with errors or lost width",
            says="NVLink errors a second, NVLinks down, PCIe lanes and generations lost, packets "
            "sent again within 15 minutes.",
            rows=_GPU,
            columns=tuple(
                Column(
                    title=title,
                    expr=f"topk(60, max {_BY_GPU} ({name}{{@gpu}}))",
                    unit=unit,
                    steps=colours.ANY_IS_WARNING,
                )
                for title, name, unit in (
                    ("NVLink errors", "gpu:nvlink_errors:increase15m", units.COUNT),
                    ("NVLinks down", "gpu:nvlinks_down:sum", units.COUNT),
                    ("Lanes lost", "gpu:pcie_lanes_lost:sum", units.COUNT),
                    ("Generations lost", "gpu:pcie_generations_lost:sum", units.COUNT),
                    ("PCIe replays", "gpu:pcie_replays:increase15m", units.COUNT),
                )
            ),
            no_value="none",
            width=16,
        ),
        Table(
            title="NVLink fabric",
            says="What is wrong with a GPU's place in its fabric.",
            rows=(*_GPU, "condition"),
            columns=(
                Column(
                    title="",
                    expr="topk(60, max by (hall, row, rack, node, gpu, condition)"
                    " (gpu:fabric_condition:active{@gpu}))",
                ),
            ),
            no_value="none",
            width=8,
        ),
        Lines(
            title="NVLink errors of the worst GPUs",
            says="Errors within 15 minutes; the 16 highest at the end of the range.",
            queries=one(top(16, "gpu:nvlink_errors:increase15m{@gpu}"), "{{node}} GPU {{gpu}}"),
            unit=units.COUNT,
            no_value="none",
            leads_to=("node", "gpu"),
        ),
        Table(
            title="Alerts that fire",
            says="All severities; 100 rules at most.",
            rows=("alertname", "severity", "site"),
            columns=(
                Column(
                    title="Firing",
                    expr="""
                    topk(100,
                      count by (alertname, severity, site) (ALERTS{@site,alertstate="firing"})
                    )
                    """,
                    unit=units.COUNT,
                ),
            ),
            label_meanings={
                "severity": {
                    "page": Meaning("page", colours.TROUBLE),
                    "ticket": Meaning("ticket", colours.WARNING),
                    "info": Meaning("info"),
                }
            },
            no_value="none",
            width=12,
        ),
    ),
)

BOARD = Board(
    uid="wk-faults",
    title="Faults",
    question="Which GPUs are broken, how, since when, and what is to be done?",
    variables=down_to("gpu"),
    rows=(NOW, RACKS, GPUS),
)
