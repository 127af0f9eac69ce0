"""A node: what does it draw, and are its GPUs well?"""

from dashboards.parts import colours, units
from dashboards.parts.board import Board, Row
from dashboards.parts.panel import Column, Lines, Stat, Table
from dashboards.parts.queries import Query, one
from dashboards.parts.shared import ENERGY_MONTH, ENERGY_TODAY, xid_table
from dashboards.parts.variables import ONE_NODE, down_to

_ENERGY = "sum by (node) (increase(host_input_energy_joules_total{@node}[$__range])) / 3600"
_GPU_ENERGY = (
    'sum by (node) (increase(gpu_energy_joules_total{@node,scope="gpu"}[$__range])) / 3600'
)
_EACH = "{{node}} {{gpu}}"


def _by_gpu(expr: str, how: str = "max") -> str:
    return f"{how} by (node, gpu) ({expr})"


def _energy(title: str, says: str, expr: str, since: str) -> Stat:
    """Energy since a moment, as one number."""
    return Stat(
        title=title,
        says=says,
        queries=one(expr, "{{node}}"),
        unit=units.WATT_HOUR,
        time_from=since,
    )


NOW = Row(
    "Now",
    (
        Stat(
            title="Node power",
            says="What the node draws from outside, by the best source that answers in full.",
            queries=one("host_input_power_watts{@node}", "{{node}}"),
            no_value="no sensor",
        ),
        Stat(
            title="GPU power",
            says="Mean power of the node's GPUs together, over the trailing window.",
            queries=one("node:gpu_power_watts:sum{@node}", "{{node}}"),
        ),
        Stat(
            title="GPUs reporting",
            says="GPUs whose power is known, as a share of those that the node must have.",
            queries=one(
                "node:gpus_reporting:count{@node} / node:gpus_expected:last{@node}", "{{node}}"
            ),
            unit=units.RATIO,
            steps=colours.COVERAGE,
        ),
        Stat(
            title="Age of the data",
            says="Time since the oldest of the GPUs' last good readings.",
            queries=one("node:gpu_sample_age_seconds:max{@node}", "{{node}}"),
            steps=colours.Steps(colours.QUIET, ((10, colours.WARNING),)),
        ),
        _energy("Energy today", "Drawn from outside since midnight.", _ENERGY, ENERGY_TODAY),
        _energy(
            "Energy this month",
            "Drawn from outside since the month began, as far back as Prometheus remembers.",
            _ENERGY,
            ENERGY_MONTH,
        ),
        _energy(
            "GPU energy today", "Of the GPUs alone, since midnight.", _GPU_ENERGY, ENERGY_TODAY
        ),
        _energy(
            "GPU energy this month",
            "Of the GPUs alone, since the month began.",
            _GPU_ENERGY,
            ENERGY_MONTH,
        ),
        Stat(
            title="Degrees left",
            says="Before the first GPU of the node slows down.",
            queries=one("node:gpu_temperature_margin_celsius:min{@node}", "{{node}}"),
            steps=colours.MARGIN,
        ),
        Stat(
            title="GPUs lost",
            says="GPUs that the node must have and the driver does not show.",
            queries=one("node:gpus_lost:sum{@node}", "{{node}}"),
            unit=units.COUNT,
            steps=colours.ANY_IS_TROUBLE,
        ),
        Stat(
            title="GPUs down",
            says="GPUs that the driver shows but that do not answer.",
            queries=one("node:gpus_down:sum{@node}", "{{node}}"),
            unit=units.COUNT,
            steps=colours.ANY_IS_TROUBLE,
        ),
        Stat(
            title="Parts not well",
            says="What `/healthz` of the node lists.",
            queries=one("wattkeeper_faults{@node}", "{{node}}"),
            steps=colours.ANY_IS_TROUBLE,
        ),
    ),
)

GPUS = Row(
    "GPUs",
    (
        Table(
            title="GPUs of the node",
            says="Newest values. Shares are of the GPU's own limits.",
            rows=("node", "gpu"),
            columns=(
                Column(
                    title="Power",
                    expr=_by_gpu('gpu_power_window_watts{@node,scope="gpu",stat="mean"}'),
                ),
                Column(
                    title="Share of limit",
                    expr=_by_gpu('gpu_power_window_watts{@node,scope="gpu",stat="mean"}')
                    + " / "
                    + _by_gpu('gpu_power_limit_watts{@node,limit="enforced"}'),
                    unit=units.RATIO,
                ),
                Column(
                    title="Temperature",
                    expr=_by_gpu('gpu_temperature_celsius{@node,sensor="gpu"}'),
                ),
                Column(
                    title="Degrees left",
                    expr=_by_gpu("gpu_temperature_margin_celsius{@node}", "min"),
                    steps=colours.MARGIN,
                ),
                Column(title="Busy", expr=_by_gpu('gpu_utilization_ratio{@node,engine="sm"}')),
                Column(
                    title="Memory used",
                    expr=_by_gpu('gpu_memory_bytes{@node,state="used"}')
                    + " / "
                    + _by_gpu("gpu_memory_total_bytes{@node}"),
                    unit=units.RATIO,
                ),
                Column(title="SM clock", expr=_by_gpu('gpu_clock_hertz{@node,domain="sm"}')),
                Column(
                    title="Sampled",
                    expr=_by_gpu("gpu_power_coverage_ratio{@node}", "min"),
                    steps=colours.COVERAGE,
                ),
                Column(
                    title="Up",
                    expr=_by_gpu("gpu_up{@node}", "min"),
                    unit=units.PLAIN,
                    steps=colours.UP,
                ),
            ),
            sort_by="GPU",
            ascending=True,
            height=9,
        ),
        Table(
            title="Who they are",
            says="Model, driver and place of each GPU.",
            rows=("node", "gpu", "model", "driver_version", "serial", "pci_bus_id", "simulated"),
            columns=(
                Column(
                    title="Count",
                    expr="""
                    count by (node, gpu, model, driver_version, serial, pci_bus_id, simulated) (
                      gpu_info{@node}
                    )
                    """,
                ),
            ),
            sort_by="GPU",
            ascending=True,
        ),
    ),
)

POWER = Row(
    "Power and energy",
    (
        Lines(
            title="Power of the node",
            says="From outside, and of its GPUs: the latter is a part of the former.",
            queries=(
                Query("host_input_power_watts{@node}", "{{node}} from outside"),
                Query("node:gpu_power_watts:sum{@node}", "{{node}} GPUs"),
            ),
            calcs=("lastNotNull", "min", "mean", "max"),
        ),
        Lines(
            title="Power of each GPU",
            says="Mean over the trailing window.",
            queries=(
                Query('gpu_power_window_watts{@node,scope="gpu",stat="mean"}', _EACH),
                Query('max by (node) (gpu_power_limit_watts{@node,limit="enforced"})', "Limit"),
            ),
            dashed=("Limit",),
            leads_to=("node", "gpu"),
        ),
        Lines(
            title="Power by sensor of the machine",
            says="Sensors contain each other: they are compared here, never added.",
            queries=one("host_power_watts{@node}", "{{source}} {{scope}} {{device}}"),
            width=8,
        ),
        Table(
            title="Source of the node's power",
            says="1 for the source and scope that the node's power comes from now.",
            rows=("node", "source", "scope"),
            columns=(
                Column(
                    title="Used",
                    expr="max by (node, source, scope) (host_input_source{@node})",
                    unit=units.PLAIN,
                ),
                Column(
                    title="Age",
                    expr="""
                    max by (node, source, scope) (
                      0 * host_input_source{@node}
                        + on (node, source) group_left ()
                      max by (node, source) (host_sample_age_seconds{@node})
                    )
                    """,
                    unit=units.SECONDS,
                ),
            ),
            width=8,
        ),
        Lines(
            title="Energy of each hour",
            says="Drawn from outside, and of the GPUs alone.",
            queries=(
                Query(
                    "sum by (node) (increase(host_input_energy_joules_total{@node}[1h])) / 3600",
                    "{{node}} from outside",
                ),
                Query(
                    "sum by (node)"
                    ' (increase(gpu_energy_joules_total{@node,scope="gpu"}[1h])) / 3600',
                    "{{node}} GPUs",
                ),
            ),
            unit=units.WATT_HOUR,
            bars=True,
            step="1h",
            width=8,
        ),
        Lines(
            title="Energy that was not measured",
            says="Share of the last hour's energy that was neither counted nor measured, of the "
            "node and of its GPUs.",
            queries=(
                Query(
                    "sum by (node) (increase(host_input_energy_estimated_joules_total{@node}[1h]))"
                    " / sum by (node) (increase(host_input_energy_joules_total{@node}[1h]))",
                    "{{node}} from outside",
                ),
                Query(
                    "sum by (node)"
                    ' (increase(gpu_energy_estimated_joules_total{@node,scope="gpu"}[1h]))'
                    ' / sum by (node) (increase(gpu_energy_joules_total{@node,scope="gpu"}[1h]))',
                    "{{node}} GPUs",
                ),
            ),
            unit=units.RATIO,
            width=8,
        ),
        Lines(
            title="Energy by sensor of the machine",
            says="Power by each sensor's energy; of it, what was not measured.",
            queries=(
                Query(
                    "rate(host_energy_joules_total{@node}[$__rate_interval])",
                    "{{source}} {{scope}} {{device}}",
                ),
                Query(
                    "rate(host_energy_estimated_joules_total{@node}[$__rate_interval])",
                    "not measured: {{source}} {{scope}} {{device}}",
                ),
            ),
            unit=units.WATT,
            width=8,
        ),
        Lines(
            title="GPUs that must be there, and are",
            says="As configured, or the most ever seen; and what the driver shows now.",
            queries=(
                Query("host_gpus_expected{@node}", "Expected {{node}}"),
                Query("host_gpus_visible{@node}", "{{node}} visible"),
            ),
            dashed=("Expected",),
            width=8,
        ),
    ),
)

LOAD = Row(
    "Heat, clocks, load",
    (
        Lines(
            title="Temperature of each GPU",
            says="The GPU's own sensor; limits are in Thermals and on the GPU's dashboard.",
            queries=one('gpu_temperature_celsius{@node,sensor="gpu"}', _EACH),
            from_zero=False,
            width=8,
            leads_to=("node", "gpu"),
        ),
        Lines(
            title="SM clock of each GPU",
            queries=one('gpu_clock_hertz{@node,domain="sm"}', _EACH),
            says="Falls when a reason beside it holds it down.",
            width=8,
            leads_to=("node", "gpu"),
        ),
        Lines(
            title="GPUs slowed, by reason",
            says="GPUs whose clocks a reason holds down now.",
            queries=one(
                "sum by (node, reason)"
                ' (gpu_clock_event_active{@node,reason!~"idle|applications_clocks"})',
                "{{node}} {{reason}}",
            ),
            unit=units.COUNT,
            width=8,
        ),
        Lines(
            title="How busy each GPU is",
            says="Share of the driver's last sampling period in which the GPU had work.",
            queries=one('gpu_utilization_ratio{@node,engine="sm"}', _EACH),
            width=8,
            leads_to=("node", "gpu"),
        ),
        Lines(
            title="Memory used by each GPU",
            says="Of what the GPU has in all.",
            queries=(
                Query('gpu_memory_bytes{@node,state="used"}', _EACH),
                Query("max by (node) (gpu_memory_total_bytes{@node})", "In all"),
            ),
            dashed=("In all",),
            width=8,
        ),
        Lines(
            title="Traffic over NVLink and PCIe",
            says="Of all the node's GPUs together.",
            queries=(
                Query(
                    "sum by (node, direction)"
                    " (rate(gpu_nvlink_bytes_total{@node}[$__rate_interval]))",
                    "NVLink {{node}} {{direction}}",
                ),
                Query(
                    "sum by (node, direction)"
                    " (rate(gpu_pcie_bytes_total{@node}[$__rate_interval]))",
                    "PCIe {{node}} {{direction}}",
                ),
            ),
            unit=units.BYTES_PER_SECOND,
            width=8,
        ),
    ),
)

ERRORS = Row(
    "Errors",
    (
        xid_table("node", width=12),
        Lines(
            title="Reads that failed",
            says="Reads a second that failed, of GPUs and of the machine's sensors.",
            queries=(
                Query(
                    "sum by (node, sensor, error)"
                    " (rate(gpu_read_errors_total{@node}[$__rate_interval])) > 0",
                    "{{node}} {{sensor}}: {{error}}",
                ),
                Query(
                    "sum by (node, source, error)"
                    " (rate(host_read_errors_total{@node}[$__rate_interval])) > 0",
                    "{{node}} {{source}}: {{error}}",
                ),
            ),
            unit=units.PER_SECOND,
            no_value="none",
        ),
    ),
)

BOARD = Board(
    uid="wk-node",
    title="Node",
    question="What does this node draw, are its GPUs well, and can its figures be believed?",
    variables=(*down_to("rack"), ONE_NODE),
    rows=(NOW, GPUS, POWER, LOAD, ERRORS),
)
