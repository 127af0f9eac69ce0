"""A node: what does it draw, and are its GPUs well?"""

from dashboards.node_now import NOW
from dashboards.parts import colours, units
from dashboards.parts.board import Board, Row
from dashboards.parts.panel import Bars, Column, Lines, Table
from dashboards.parts.queries import Query, one
from dashboards.parts.shared import YES_NO, xid_table
from dashboards.parts.variables import ONE_NODE, down_to

_EACH = "{{node}} GPU {{gpu}}"
_SLOWED = 'reason=~"power_cap|power_brake|hardware_slowdown|.*thermal"'


def _by_gpu(expr: str, how: str = "max") -> str:
    return f"{how} by (node, gpu) ({expr})"


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
                    meanings=YES_NO,
                ),
            ),
            sort_by="GPU",
            ascending=True,
            height=10,
        ),
        Table(
            title="Who they are",
            says="Model, driver and place of each GPU.",
            rows=("node", "gpu", "model", "driver_version", "serial", "pci_bus_id", "simulated"),
            columns=(
                Column(
                    title="",
                    expr="""
                    count by (node, gpu, model, driver_version, serial, pci_bus_id, simulated) (
                      gpu_info{@node}
                    )
                    """,
                ),
            ),
            label_meanings={"simulated": YES_NO},
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
                Query("host_gpu_power_watts{@node}", "{{node}} GPUs"),
            ),
            tints={"from outside$": colours.OUTSIDE, "GPUs$": colours.GPUS},
            calcs=("lastNotNull", "min", "mean", "max"),
        ),
        Lines(
            title="Power of each GPU",
            says="Mean over the trailing window.",
            queries=(
                Query('gpu_power_window_watts{@node,scope="gpu",stat="mean"}', _EACH),
                Query('max by (node) (gpu_power_limit_watts{@node,limit="enforced"})', "Limit"),
            ),
            dashed={"Limit": colours.LIMIT},
            leads_to=("node", "gpu"),
        ),
        Lines(
            title="Power by sensor of the machine",
            says="Sensors contain each other: they are compared here, never added.",
            queries=one("host_power_watts{@node}", "{{source}} {{scope}} {{device}}"),
        ),
        Lines(
            title="Energy by sensor of the machine",
            says="Power by each sensor's energy; of it, the most that any sensor did not measure.",
            queries=(
                Query(
                    "rate(host_energy_joules_total{@node}[$__rate_interval])",
                    "{{source}} {{scope}} {{device}}",
                ),
                Query(
                    "max by (node, source)"
                    " (rate(host_energy_estimated_joules_total{@node}[$__rate_interval]))",
                    "not measured: {{source}}",
                ),
            ),
            unit=units.WATT,
        ),
        Table(
            title="Source of the node's power",
            says="The source and scope that the node's power comes from now, and how old it is.",
            rows=("node", "source", "scope"),
            columns=(
                Column(
                    title="Used",
                    expr="max by (node, source, scope) (host_input_source{@node})",
                    unit=units.PLAIN,
                    meanings=YES_NO,
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
            tints={"from outside$": colours.OUTSIDE, "GPUs$": colours.GPUS},
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
                f"sum by (node, reason) (gpu_clock_event_active{{@node,{_SLOWED}}})",
                "{{node}} {{reason}}",
            ),
            unit=units.COUNT,
            tints=colours.REASONS,
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
            dashed={"In all": colours.SCALE},
            width=8,
        ),
        Lines(
            title="Traffic over NVLink and PCIe",
            says="Of all the node's GPUs together.",
            queries=(
                Query(
                    "sum by (node, direction)"
                    " (rate(host_gpu_nvlink_bytes_total{@node}[$__rate_interval]))",
                    "NVLink {{node}} {{direction}}",
                ),
                Query(
                    "sum by (node, direction)"
                    " (rate(host_gpu_pcie_bytes_total{@node}[$__rate_interval]))",
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
        Bars(
            title="Cost of a read, by sensor",
            says="Mean time that a read spends in the driver now; the 12 longest.",
            queries=one(
                """
                topk(12,
                  sum by (sensor) (
                    rate(wattkeeper_timed_read_seconds_total{@node}[$__rate_interval])
                  )
                    /
                  sum by (sensor) (rate(wattkeeper_timed_reads_total{@node}[$__rate_interval]))
                )
                """,
                "{{sensor}}",
            ),
            unit=units.SECONDS,
            steps=colours.Steps("blue"),
            full=None,
            width=12,
        ),
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
        Lines(
            title="GPUs that must be there, and are",
            says="As configured, or the most ever seen; and what the driver shows now.",
            queries=(
                Query("host_gpus_expected{@node}", "Expected {{node}}"),
                Query("host_gpus_visible{@node}", "{{node}} visible"),
            ),
            dashed={"Expected": colours.SCALE},
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
