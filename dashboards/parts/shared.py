"""What several dashboards have in common."""

from collections.abc import Mapping

from collector.catalogue import BY_NAME, CATALOGUE, Kind, Subject, Unit
from collector.catalogue.xids import XIDS
from dashboards.parts import units
from dashboards.parts.panel import Column, Lines, Meaning, Panel, Table
from dashboards.parts.queries import PLACES, Query, names
from dashboards.parts.words import metric_in

XID_MEANINGS: Mapping[str, Meaning] = {
    str(code): Meaning(f"{code}: {xid.meaning}", "red" if xid.fatal else "")
    for code, xid in XIDS.items()
}
"""By code, as the catalogue of XIDs has it; red after which somebody must act."""

_FREE = Meaning("free", "#3d4450")
HELD = {"0": _FREE, "1": Meaning("held down", "blue")}
"""Of `gpu_clock_event_active`."""
HELD_BY_TROUBLE = {"(thermal|brake|slowdown)$": {"0": _FREE, "1": Meaning("held down", "orange")}}
"""By the reasons that are no everyday ones."""
YES_NO = {"1": Meaning("yes"), "0": Meaning("no")}
"""Of what is 1 or 0."""

_RATES: Mapping[Unit, str] = {
    Unit.BYTES: units.BYTES_PER_SECOND,
    Unit.JOULES: units.WATT,
    Unit.SECONDS: units.RATIO,
}
"""What a counter's rate is measured in; of other counters the increase is shown."""

ENERGY_TODAY, ENERGY_MONTH = "now/d", "now/M"


def energy(scope: str, level: str) -> str:
    """Energy of the GPUs over the panel's range, in watt-hours, by node and GPU.

    Args:
        scope: `gpu` or `module`.
        level: the narrowest variable.
    """
    return (
        "sum by (site, node, gpu) "
        f'(increase(gpu_energy_joules_total{{@{level},scope="{scope}"}}[$__range])) / 3600'
    )


def xid_table(level: str, *, width: int) -> Table:
    """The XID errors of GPUs, with what they mean.

    Args:
        level: the narrowest variable.
        width: of 24.
    """
    rows = "max by (node, gpu, xid)"
    return Table(
        title="XID errors",
        says="Errors that the driver reported, over the life of the ledger, newest first. "
        "Red ones leave the GPU unfit for work until somebody acts.",
        rows=("node", "gpu", "xid"),
        columns=(
            Column(
                title="Last seen",
                expr=f"{rows} (gpu_xid_last_seen_timestamp_seconds{{@{level}}}) * 1000",
                unit=units.MOMENT,
                width=165,
            ),
            Column(
                title="Times",
                expr=f"{rows} (gpu_xid_errors_total{{@{level}}}) > 0",
                unit=units.COUNT,
                width=70,
            ),
        ),
        label_meanings={"xid": XID_MEANINGS},
        no_value="none ever seen",
        width=width,
    )


def raw(name: str, level: str, *, most: int = 0) -> Lines:
    """A panel of one metric as it is, all from the catalogue: title, description, unit, legend.

    Args:
        name: the metric.
        level: the narrowest variable.
        most: how many series at most, the highest at the end of the range; 0 for all.
    """
    metric = BY_NAME[name]
    selector = f"{name}{{@{level}}}"
    expr, at_end, unit = selector, f"{selector} @ end()", ""
    says = "" if metric.default_on else "Read only when `sampling.enable` names it."
    if metric.kind is Kind.COUNTER:
        unit = _RATES.get(metric.unit, "")
        how, span = ("rate", "$__rate_interval") if unit else ("increase", "1h")
        expr = f"{how}({selector}[{span}])"
        at_end = f"{how}({selector}[{span}] @ end())"
        says = says or ("" if unit else "Within the hour before.")
    if most:
        expr = f"{expr}\nand\ntopk({most}, {at_end})"
    own = [label for label in PLACES if label in ("node", *metric.all_labels)]
    named = (f"GPU {{{{{one}}}}}" if one == "gpu" else f"{{{{{one}}}}}" for one in own)
    legend = " ".join((*named, *(f"{{{{{label}}}}}" for label in metric.labels)))
    if most:
        says = f"{says} The {most} highest at the end of the range.".strip()
    return Lines(queries=(Query(expr, legend),), unit=unit, says=says, width=8)


def rest(
    subject: Subject, level: str, panels: tuple[Panel, ...], *, most: int = 0
) -> tuple[Panel, ...]:
    """A panel for each metric of a subject that no other panel shows, itself or by a rule.

    So a metric that is new in the catalogue has its panel without anybody drawing one.

    Args:
        subject: whose metrics.
        level: the narrowest variable.
        panels: what is there already.
        most: how many series a panel has at most; 0 for all.
    """
    seen = {
        metric_in(name)
        for panel in panels
        for query in panel.shown
        if isinstance(query, Query)
        for name in names(query.text)
    }
    return tuple(
        raw(metric.name, level, most=most)
        for metric in CATALOGUE
        if metric.subject is subject and metric.kind is not Kind.INFO and metric not in seen
    )
