"""A GPU: its power against its limit, and what holds it down."""

from dataclasses import replace

from collector.catalogue import Subject
from dashboards.parts import colours, units
from dashboards.parts.board import Board, Row
from dashboards.parts.panel import Column, Lines, Meaning, Panel, Stat, Table, Timeline
from dashboards.parts.queries import Query, one
from dashboards.parts.shared import (
    ENERGY_MONTH,
    ENERGY_TODAY,
    HELD,
    HELD_BY_TROUBLE,
    energy,
    raw,
    rest,
    xid_table,
)
from dashboards.parts.variables import ONE_GPU, ONE_NODE, down_to

_GPU = "{{node}} GPU {{gpu}}"
_MEAN = 'gpu_power_window_watts{@gpu,scope="gpu",stat="mean"}'

NOW = Row(
    "Now",
    (
        Stat(
            title="Power",
            says="Mean over the trailing window.",
            queries=one(_MEAN, _GPU),
        ),
        Stat(
            title="Share of its limit",
            says="Mean power as a share of the limit in force. A GPU at its limit is at work, not "
            "in trouble.",
            queries=one(
                f"max by (node, gpu) ({_MEAN})"
                ' / max by (node, gpu) (gpu_power_limit_watts{@gpu,limit="enforced"})',
                _GPU,
            ),
            unit=units.RATIO,
        ),
        Stat(
            title="Degrees left",
            says="Before the GPU slows down.",
            queries=one("gpu_temperature_margin_celsius{@gpu}", _GPU),
            steps=colours.MARGIN,
        ),
        Stat(
            title="Up",
            says="While power and telemetry are fresh.",
            queries=one("gpu_up{@gpu}", _GPU),
            unit=units.PLAIN,
            steps=colours.UP,
            meanings={"1": Meaning("up"), "0": Meaning("down")},
        ),
        Stat(
            title="Energy today",
            says="Since midnight.",
            queries=one(energy("gpu", "gpu"), _GPU),
            unit=units.WATT_HOUR,
            time_from=ENERGY_TODAY,
        ),
        Stat(
            title="Energy this month",
            says="Since the month began, as far back as Prometheus remembers.",
            queries=one(energy("gpu", "gpu"), _GPU),
            unit=units.WATT_HOUR,
            time_from=ENERGY_MONTH,
        ),
        Table(
            title="Who it is",
            says="Join by the UUID: an index is used again.",
            rows=("node", "gpu", "model", "uuid", "serial", "driver_version", "vbios_version"),
            columns=(
                Column(
                    title="",
                    expr="""
                    count by (node, gpu, model, uuid, serial, driver_version, vbios_version) (
                      gpu_info{@gpu}
                    )
                    """,
                ),
            ),
            height=4,
        ),
    ),
)

POWER = Row(
    "Power",
    (
        Lines(
            title="Power: least, mean, most, and the limits",
            says="Over the trailing window, all samples in it; the limit in force and the default.",
            queries=(
                Query('gpu_power_window_watts{@gpu,scope="gpu"}', f"{_GPU} {{{{stat}}}}"),
                Query('gpu_power_limit_watts{@gpu,limit="default"}', f"Default limit {_GPU}"),
                Query('gpu_power_limit_watts{@gpu,limit="enforced"}', f"Limit {_GPU}"),
            ),
            dashed={"Limit": colours.LIMIT, "Default limit": colours.SCALE},
            tints={"mean$": colours.GPUS, "(min|max)$": colours.SCALE},
            calcs=("lastNotNull", "min", "mean", "max"),
            height=12,
        ),
        Lines(
            title="Power by scope",
            says="Latest reading, and the driver's own average. A module contains its GPU.",
            queries=(
                Query("gpu_power_watts{@gpu}", f"{_GPU} {{{{scope}}}}"),
                Query("gpu_power_average_watts{@gpu}", f"{_GPU} driver's average"),
            ),
            calcs=("lastNotNull", "min", "mean", "max"),
            height=12,
        ),
        raw("gpu_power_ramp_watts", "gpu"),
        Lines(
            title="Energy of each hour",
            says="By the hardware's counter where there is one.",
            queries=one('increase(gpu_energy_joules_total{@gpu,scope="gpu"}[1h]) / 3600', _GPU),
            unit=units.WATT_HOUR,
            bars=True,
            step="1h",
            width=8,
        ),
        Lines(
            title="How well power is known",
            says="Share of the window between samples close enough; energy counter over the "
            "integral of power.",
            queries=(
                Query("gpu_power_coverage_ratio{@gpu}", f"{_GPU} sampled"),
                Query("gpu_energy_counter_ratio{@gpu}", f"{_GPU} counter over integral"),
            ),
            unit=units.RATIO,
            width=8,
        ),
    ),
)

HEAT = Row(
    "Heat and clocks",
    (
        Lines(
            title="Temperature against its own limits",
            says="Of the GPU and its memory; dashed, what each should stay below, where this GPU "
            "slows down, and where it shuts down.",
            queries=(
                Query("gpu_temperature_celsius{@gpu}", f"{_GPU} {{{{sensor}}}}"),
                Query("gpu_temperature_limit_celsius{@gpu}", f"Limit {{{{limit}}}} {_GPU}"),
            ),
            dashed={
                "Limit shutdown": colours.LIMIT,
                "Limit slowdown": colours.GOAL,
                "Limit (gpu|memory)_max": colours.SCALE,
            },
            from_zero=False,
            width=8,
        ),
        raw("gpu_temperature_margin_celsius", "gpu"),
        Lines(
            title="Clocks and their highest",
            says="SM and memory clock; dashed, the highest that each may have.",
            queries=(
                Query('gpu_clock_hertz{@gpu,domain=~"sm|memory"}', f"{_GPU} {{{{domain}}}}"),
                Query(
                    'gpu_clock_max_hertz{@gpu,domain=~"sm|memory"}',
                    f"Highest {{{{domain}}}} {_GPU}",
                ),
            ),
            dashed={"Highest": colours.SCALE},
            width=8,
        ),
        Timeline(
            title="What holds the clocks down",
            says="Each reason over time. A power cap, blue, means the GPU is at its limit; orange "
            "ones are trouble. Idle is none and is left out.",
            queries=one(
                'gpu_clock_event_active{@gpu,reason!~"idle|applications_clocks|display_clocks"}',
                f"{_GPU} {{{{reason}}}}",
            ),
            meanings=HELD,
            special=HELD_BY_TROUBLE,
            width=16,
        ),
        Lines(
            title="Share of time held down",
            says="By the driver's own count, which sees what lies between two readings.",
            queries=one(
                'rate(gpu_clock_event_seconds_total{@gpu,reason!="idle"}[$__rate_interval])',
                f"{_GPU} {{{{reason}}}}",
            ),
            unit=units.RATIO,
            tints=colours.REASONS,
            width=8,
        ),
    ),
)

LOAD = Row(
    "Load",
    (
        raw("gpu_utilization_ratio", "gpu"),
        raw("gpu_activity_ratio", "gpu"),
        Lines(
            title="Memory by state",
            says="Used, free and reserved; dashed, all of it.",
            queries=(
                Query("gpu_memory_bytes{@gpu}", f"{_GPU} {{{{state}}}}"),
                Query("gpu_memory_total_bytes{@gpu}", f"In all {_GPU}"),
            ),
            dashed={"In all": colours.SCALE},
            width=8,
        ),
        raw("gpu_nvlink_bytes_total", "gpu"),
        raw("gpu_pcie_bytes_total", "gpu"),
        raw("gpu_processes", "gpu"),
    ),
)

ERRORS = Row(
    "Errors and links",
    (
        replace(xid_table("gpu", width=14), height=6),
        Table(
            title="What the driver asks for",
            says="The action that is due; `none` is what one wants to see.",
            rows=("node", "gpu", "action"),
            columns=(
                Column(
                    title="",
                    expr="max by (node, gpu, action) (gpu_recovery_action{@gpu} == 1)",
                ),
            ),
            width=10,
            height=6,
        ),
        Table(
            title="Links",
            says="NVLinks up and down; lanes lost of PCIe, its generation now and at most.",
            rows=("node", "gpu"),
            columns=(
                Column(
                    title="NVLinks up",
                    expr='sum by (node, gpu) (gpu_nvlink_links{@gpu,state="up"})',
                ),
                Column(
                    title="Down",
                    expr='sum by (node, gpu) (gpu_nvlink_links{@gpu,state="down"})',
                    steps=colours.ANY_IS_TROUBLE,
                ),
                Column(
                    title="Lanes lost",
                    expr="max by (node, gpu)"
                    " (gpu_pcie_link_width_max{@gpu} - gpu_pcie_link_width{@gpu})",
                    unit=units.COUNT,
                    steps=colours.ANY_IS_TROUBLE,
                ),
                Column(
                    title="PCIe now",
                    expr="max by (node, gpu) (gpu_pcie_link_generation{@gpu})",
                    unit=units.PLAIN,
                ),
                Column(
                    title="PCIe at most",
                    expr="max by (node, gpu) (gpu_pcie_link_generation_max{@gpu})",
                    unit=units.PLAIN,
                ),
            ),
            height=5,
        ),
        raw("gpu_ecc_errors_total", "gpu"),
        raw("gpu_row_remaps_total", "gpu"),
        raw("gpu_nvlink_errors_total", "gpu"),
    ),
)

_DRAWN: tuple[Panel, ...] = tuple(
    panel for row in (NOW, POWER, HEAT, LOAD, ERRORS) for panel in row.panels
)

REST = Row(
    "Everything else that is known of a GPU",
    rest(Subject.GPU, "gpu", _DRAWN),
    folded=True,
)

BOARD = Board(
    uid="wk-gpu",
    title="GPU",
    question="What does this GPU draw against its limit, what holds it down, and is it well?",
    variables=(*down_to("rack"), ONE_NODE, ONE_GPU),
    rows=(NOW, POWER, HEAT, LOAD, ERRORS, REST),
)
