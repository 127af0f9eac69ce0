"""PUE with its category and coverage, and carbon by dated factors."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from exporters.utility.report.blocks import Block, Heading, Table, Text
from exporters.utility.report.numbers import kwh, number, percent
from exporters.utility.report.sections.context import Context
from exporters.utility.report.values import Pue

_GRAMS_PER_KG = 1000
_METERS = 12


def efficiency_section(context: Context) -> Iterator[Block]:
    """Two tables."""
    say, extras = context.words, context.extras
    yield Heading(say("efficiency"))
    yield Heading(say("pue"), 2)
    if extras.pue is None:
        yield Text(say("no_pue"))
    else:
        yield _pue(context, extras.pue)
        yield Text(say("pue_how"), small=True)
    yield Heading(say("carbon"), 2)
    if not extras.carbon:
        yield Text(say("no_carbon"))
        return
    yield Table(
        align=("left", "left", "right", "right", "right", "wrap"),
        header=(
            say("name"), say("period"), say("kwh"), say("factor"), say("kg"), say("source")
        ),
        rows=[
            (
                carbon.name,
                f"{part.start} ~ {part.end - timedelta(days=1)}",
                kwh(part.energy_wh),
                f"{part.kg_per_kwh:f}",
                number(Decimal(part.grams) / _GRAMS_PER_KG, 0),
                f"{part.source} ({say('valid_from')} {part.valid_from})",
            )
            for carbon in extras.carbon
            for part in carbon.parts
        ],
        small=True,
    )  # fmt: skip


def _pue(context: Context, pue: Pue) -> Table:
    say = context.words
    rows = [
        (say("pue"), say("unknown") if pue.value is None else number(pue.value, 3)),
        (say("category_name"), say(f"category_{pue.category}")),
        (say("coverage"), percent(pue.coverage_ratio, 2)),
        (say("dc_energy"), f"{kwh(pue.dc_wh)} kWh, {_names(context, pue.dc_meters)}"),
        (say("it_energy"), f"{kwh(pue.it_wh)} kWh, {_names(context, pue.it_meters)}"),
    ]
    if pue.interim:
        rows[0] = (rows[0][0], f"{rows[0][1]} ({say('interim')})")
    return Table(align=("left", "wrap"), rows=rows)


def _names(context: Context, meters: tuple[str, ...]) -> str:
    say = context.words
    names = ", ".join(meters[:_METERS])
    if len(meters) > _METERS:
        names += f" {say('more', count=len(meters) - _METERS)}"
    return say("meters", names=names)
