"""A report as tables, for a terminal or a file."""

import sys
from itertools import groupby
from typing import TextIO

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from collector.catalogue import BY_NAME
from collector.check.host_table import show_host
from collector.check.model import Buffer, GpuReport, Power, Report, Series
from collector.check.units import shown, shown_cost, shown_period

_NARROWEST, _WIDEST = 80, 120
_LEAST_NAME, _MOST_NAME, _LEAST_WAY = 24, 30, 20


def show(report: Report, stream: TextIO = sys.stdout) -> None:
    """Print a report. Colours and emphasis only on a terminal.

    Args:
        report: what to print.
        stream: where to.
    """
    terminal = stream.isatty()
    console = Console(
        file=stream,
        force_terminal=terminal,
        no_color=None if terminal else True,
        highlight=False,
        markup=False,
        emoji=False,
    )
    console.width = min(max(console.width, _NARROWEST), _WIDEST)
    mark = " - SIMULATED" if report.simulated else ""
    with console.capture() as printed:
        for gpu in report.gpus:
            _gpu(console, gpu, mark)
        if report.host is not None:
            show_host(console, report.host)
        _summary(console, report, mark)
    lines = printed.get().splitlines()
    if not terminal:
        # Tables are padded to their width; a file need not keep that.
        lines = [line.rstrip() for line in lines]
    stream.writelines(f"{line}\n" for line in lines)


def _gpu(console: Console, gpu: GpuReport, mark: str) -> None:
    if gpu.problem:
        name = f" ({gpu.identity.model}, {gpu.identity.uuid})" if gpu.identity is not None else ""
        console.print(
            Text(
                f"GPU {gpu.index}{name}{mark}: {gpu.problem}. Run 'nvidia-smi -i {gpu.index}' and "
                "look into the kernel log for Xid messages.",
                style="bold red",
            )
        )
        console.print()
        return
    console.print(_identity(gpu, mark))
    console.print(_sensors(gpu, mark))
    console.print(_measured(gpu, mark))
    for warning in gpu.warnings:
        console.print(Text(f"! {warning}", style="bold yellow"))
    for consequence in gpu.consequences:
        console.print(Text(f"- {consequence}"))
    console.print()


def _table(title: str) -> Table:
    return Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        expand=False,
    )


def _identity(gpu: GpuReport, mark: str) -> Table:
    table = _table(f"GPU {gpu.index}: who it is{mark}")
    table.add_column("what")
    table.add_column("says", overflow="fold")
    who = gpu.identity
    if who is not None:
        for name, text in (
            ("model", who.model),
            ("architecture", who.architecture),
            ("UUID", who.uuid),
            ("serial", who.serial),
            ("PCI bus", who.pci_bus_id),
            ("driver", who.driver_version),
            ("VBIOS", who.vbios_version),
        ):
            table.add_row(name, Text(text or "not said"))
    return table


def _sensors(gpu: GpuReport, mark: str) -> Table:
    table = _table(f"GPU {gpu.index}: sensors{mark}")
    # Series named by long ids are broken: the value and the way it is read are worth more.
    table.add_column("series", overflow="fold", min_width=_LEAST_NAME, max_width=_MOST_NAME)
    table.add_column("value", justify="right", no_wrap=True)
    table.add_column("µs med / max", justify="right", no_wrap=True)
    table.add_column("read by", overflow="fold", min_width=_LEAST_WAY)
    for metric, group in groupby(gpu.series, key=lambda series: series.metric):
        for row, series in enumerate(group):
            if series.labels and not row:
                table.add_row(_short(metric))
            table.add_row(
                Text("  " + " ".join(series.labels) if series.labels else _short(metric)),
                Text(_value(series)),
                shown_cost(series.cost if series.offered else None),
                Text(series.short if series.offered else ""),
                style=None if series.offered else "dim",
            )
    return table


def _short(name: str) -> str:
    metric = BY_NAME.get(name)
    return (name if metric is None else metric.key).removeprefix("gpu_")


def _value(series: Series) -> str:
    metric = BY_NAME.get(series.metric)
    if series.value is not None and metric is not None:
        return shown(metric, series.value)
    return series.error if series.offered else "not offered"


def _measured(gpu: GpuReport, mark: str) -> Table:
    table = _table(f"GPU {gpu.index}: power and energy{mark}")
    table.add_column("what")
    table.add_column("found", overflow="fold")
    power, counter = gpu.power, gpu.counter
    if power is not None:
        table.add_row("scopes read", ", ".join(power.scopes))
        table.add_row("power: cost of a read", f"{shown_cost(power.cost)} µs (median / max)")
        table.add_row(
            "power: renewed every",
            f"{shown_period(power.refresh_seconds)} (looked every "
            f"{shown_period(power.poll_seconds)} for {power.looked_seconds:.1f} s)",
        )
        if power.mean_watts is not None:
            instant = (
                f"{power.mean_watts:.1f} W (from {power.minimum_watts:.1f} to "
                f"{power.maximum_watts:.1f} W)"
            )
            table.add_row("power: mean over the check", instant)
        table.add_row("power: the driver's average", _average(power))
        table.add_row("power: read by", _way(power.buffer))
    if counter is None:
        table.add_row("energy counter", "not offered")
        return table
    table.add_row("counter: cost of a read", f"{shown_cost(counter.cost)} µs (median / max)")
    step = "" if counter.step_joules is None else f", by {counter.step_joules:.3g} J"
    table.add_row("counter: renewed every", f"{shown_period(counter.refresh_seconds)}{step}")
    table.add_row(
        "counter against integral",
        "not known: a check of 6 s or more tells"
        if counter.ratio is None
        else f"{counter.ratio:.4f} over {counter.span_seconds:.1f} s",
    )
    table.add_row("counter: counts scope", counter.scope or "not known")
    return table


def _average(power: Power) -> str:
    if power.average_watts is None:
        return "not offered"
    beside = power.beside_average_watts
    text = f"{power.average_watts:.1f} W"
    return text if beside is None else f"{text} (the instant power meanwhile: {beside:.1f} W)"


def _way(buffer: Buffer | None) -> str:
    if buffer is None:
        return "polling: the driver keeps no samples of its own"
    kept = (
        f"one every {shown_period(buffer.period_seconds)}, {buffer.depth} kept "
        f"({buffer.period_seconds * buffer.depth:.1f} s)"
    )
    if buffer.refused:
        return f"polling, and not the driver's own samples ({kept}): {buffer.refused}"
    return (
        f"the driver's own samples: {kept}; {buffer.compared - buffer.apart} of "
        f"{buffer.compared} comparisons with the sensor agreed"
    )


def _summary(console: Console, report: Report, mark: str) -> None:
    answered = sum(not gpu.problem for gpu in report.gpus)
    text = f"{answered} of {len(report.gpus)} GPUs answered{mark}."
    share = report.core_share_ratio
    if share is not None:
        text += f" Reading them at the configured rates takes {100 * share:.2g} % of a core."
    console.print(Text(text, style="bold"))
