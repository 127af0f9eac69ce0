"""How good the data is: coverage, estimates, gaps, and what the program has to say."""

from collections.abc import Iterator

from exporters.utility.intervals.quality import Quality
from exporters.utility.intervals.values import Checked
from exporters.utility.report.blocks import Block, Heading, Table, Text
from exporters.utility.report.numbers import kwh
from exporters.utility.report.sections.context import Context, minute

_GAPS = 20
_METERS = 40
_COLUMNS: tuple[tuple[str, tuple[Quality, ...]], ...] = (
    ("q_validated", (Quality.VALIDATED,)),
    ("q_raw", (Quality.RAW,)),
    ("q_derived", (Quality.DERIVED,)),
    ("q_estimated", (Quality.REFERENCE_DAY, Quality.INTERPOLATED)),
    ("q_edited", (Quality.EDITED,)),
    ("q_missing", (Quality.MISSING,)),
)


def quality_section(context: Context) -> Iterator[Block]:
    """Tables of quality and gaps, and notes."""
    say, metering = context.words, context.content.metering
    yield Heading(say("quality"))
    yield Text(say("quality_how"), small=True)
    meters = [*metering.meters.items(), *metering.others.items()]
    yield Table(
        align=("left", *["right"] * len(_COLUMNS), "right"),  # type: ignore[arg-type]  # literals
        header=(say("meter"), *(say(name) for name, _ in _COLUMNS), say("kwh")),
        rows=[_row(name, checked) for name, checked in meters[:_METERS]],
        small=True,
    )
    if len(meters) > _METERS:
        yield Text(say("more", count=len(meters) - _METERS), small=True)
    if holes := context.series.holes():
        yield Heading(say("gap_list"), 2)
        yield Table(
            align=("left", "left", "right"),
            header=(say("start"), say("end"), say("quarter_hours")),
            rows=[(minute(h.start), minute(h.end), f"{h.quarters:,}") for h in holes[:_GAPS]],
            small=True,
        )
        if len(holes) > _GAPS:
            yield Text(say("more", count=len(holes) - _GAPS), small=True)
    notes = [
        *metering.notes,
        *context.extras.notes,
        *(note for bill in context.content.bills for note in bill.notes),
    ]
    if notes or metering.findings:
        yield Heading(say("notes"), 2)
    if metering.findings:
        yield Text(say("findings", count=f"{len(metering.findings):,}"), small=True)
    for note in dict.fromkeys(notes):
        yield Text(note, small=True)


def _row(name: str, checked: Checked) -> tuple[str, ...]:
    counts = checked.series.counts()
    return (
        name,
        *(
            f"{sum(counts.get(code.name.lower(), 0) for code in codes):,}"
            for _, codes in _COLUMNS
        ),
        kwh(int(checked.series.watt_hours.sum())),
    )  # fmt: skip
