"""What the host's sources of power say, as a table and in sentences."""

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from collector.check.model import HostReport, HostSensor, HostSourceReport
from collector.check.units import shown_period


def show_host(console: Console, report: HostReport) -> None:
    """Print it."""
    if any(source.sensors for source in report.sources):
        console.print(_table(report))
    for source in report.sources:
        if source.nothing_here:
            console.print(Text(f"- {source.name}: this machine has none.", style="dim"))
        elif source.problem:
            action = f"; {source.action}" if source.action else ""
            console.print(Text(f"! {source.name}: {source.problem}{action}.", style="bold yellow"))
        else:
            console.print(
                Text(
                    f"- {source.name}: found in {shown_period(source.find_seconds)}; a read of all "
                    f"of it takes {shown_period(source.read_seconds)}, every "
                    f"{source.every_seconds:g} s."
                )
            )
    best = report.input
    console.print(
        Text(
            "- The node's input is not known: no source tells what goes into it."
            if best is None
            else f"- The node draws {best.milliwatts / 1000:.1f} W by {best.source} ({best.scope}: "
            f"{', '.join(best.devices)})."
        )
    )
    console.print()


def _table(report: HostReport) -> Table:
    table = Table(
        title="The machine around the GPUs",
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        expand=False,
    )
    for name in ("source", "scope"):
        table.add_column(name, no_wrap=True)
    table.add_column("device", overflow="fold")
    table.add_column("value", justify="right", no_wrap=True)
    table.add_column("read", justify="right", no_wrap=True)
    table.add_column("read by", overflow="fold")
    for source in report.sources:
        for row, sensor in enumerate(source.sensors):
            table.add_row(*_row(source, sensor, is_first=row == 0))
    return table


def _row(source: HostSourceReport, sensor: HostSensor, *, is_first: bool) -> tuple[Text, ...]:
    value = sensor.error or ("-" if sensor.watts is None else f"{sensor.watts:.1f} W")
    cells = (
        source.name if is_first else "",
        sensor.scope,
        sensor.device,
        value,
        shown_period(source.read_seconds) if is_first else "",
        sensor.via,
    )
    return tuple(Text(cell) for cell in cells)
