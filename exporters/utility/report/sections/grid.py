"""The evidence that a grid-impact assessment asks for: peaks, ramps, load factor, power factor."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from exporters.utility.report.blocks import Block, Heading, Table, Text
from exporters.utility.report.numbers import percent
from exporters.utility.report.sections.context import Context, kw, minute
from exporters.utility.report.values import Peak


def grid_section(context: Context) -> Iterator[Block]:
    """Two tables."""
    say, found = context.words, context.impact
    yield Heading(say("grid"))
    yield Text(say("grid_how"), small=True)
    power = "; ".join(
        text
        for text in (
            _factors(say("lagging"), [bill.lagging_percent for bill in context.content.bills]),
            _factors(say("leading"), [bill.leading_percent for bill in context.content.bills]),
        )
        if text
    )
    yield Table(
        align=("left", "wrap"),
        rows=[
            (say("highest"), _peak(found.peaks[0] if found.peaks else None)),
            (
                say("load_factor"),
                "-"
                if found.load_factor is None
                else f"{percent(found.load_factor)} ({say('mean_kw', kw=kw(found.mean_kw))})",
            ),
            (say("ramp_up"), _peak(found.ramp_up)),
            (say("ramp_down"), _peak(found.ramp_down)),
            (say("power_factor"), power or say("not_metered")),
        ],
    )
    yield Heading(say("peaks"), 2)
    yield Table(
        align=("right", "left", "right"),
        header=(say("rank"), say("begin"), say("kw")),
        rows=[(str(n), minute(peak.at), kw(peak.kw)) for n, peak in enumerate(found.peaks, 1)],
        small=True,
    )


def _peak(peak: Peak | None) -> str:
    return "-" if peak is None else f"{kw(peak.kw)} kW ({minute(peak.at)})"


def _factors(name: str, percents: Sequence[Decimal | None]) -> str:
    """The months' power factors, lowest to highest; empty where none is known."""
    known = [value for value in percents if value is not None]
    if not known:
        return ""
    low, high = min(known), max(known)
    return f"{name}: {low:f} %" if low == high else f"{name}: {low:f} ~ {high:f} %"
