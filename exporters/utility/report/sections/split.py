"""Whose energy, cost and carbon it is."""

from collections.abc import Iterator, Sequence

from exporters.utility.report.blocks import Block, Heading, Table, Text
from exporters.utility.report.numbers import bare, kwh, percent
from exporters.utility.report.sections.context import Context
from exporters.utility.split.document import money
from exporters.utility.split.values import Cut, Kind, Share, Split

_SHOWN = 40
_KG = 1000


def split_section(context: Context) -> Iterator[Block]:
    """A table for each cut; of long ones the largest shares, and the rest as one line."""
    say, split = context.words, context.extras.split
    if split is None:
        return
    yield Heading(say("split"))
    yield Text(say(f"split_{split.rule}"))
    yield Text(
        say("split_from", server=split.server, share=percent(split.coverage_ratio)), small=True
    )
    for note in split.notes:
        yield Text(note, small=True)
    for cut in Cut:
        shares = split.cuts[cut]
        if any(share.kind is Kind.NAMED for share in shares):
            yield Heading(say(f"cut_{cut.value}"), 2)
            yield _table(context, split, shares)


def _table(context: Context, split: Split, shares: Sequence[Share]) -> Table:
    say, currency = context.words, context.currency
    named = [share for share in shares if share.kind is Kind.NAMED]
    others = [share for share in shares if share.kind is not Kind.NAMED]
    largest = sorted(named, key=lambda share: -share.cost)[:_SHOWN]
    shown = [share for share in named if share in largest]
    rest = [share for share in named if share not in largest]
    lines = [(share.name, [share]) for share in shown]
    lines += [(say("rest", count=len(rest)), rest)] if rest else []
    lines += [(say(f"kind_{share.kind.value}"), [share]) for share in others]
    lines.append((say("total"), [*named, *others]))
    return Table(
        align=("wrap", "right", "right", "right", "right", "right", "right"),
        header=(
            say("name"), say("nodes"), say("it_kwh"), say("share_kwh"),
            say("share_cost", currency=currency), say("share_kg"), say("coverage"),
        ),
        rows=[_row(name, group, split) for name, group in lines],
        strong=(len(lines) - 1,),
        small=True,
    )  # fmt: skip


def _row(name: str, shares: Sequence[Share], split: Split) -> tuple[str, ...]:
    nodes = sum(share.nodes for share in shares)
    known = sum(share.nodes * (share.coverage_ratio or 0.0) for share in shares)
    carbon = [share.carbon_g for share in shares if share.carbon_g is not None]
    return (
        name,
        f"{nodes:,}" if nodes else "-",
        kwh(sum(share.it_wh for share in shares)) if nodes else "-",
        kwh(sum(share.energy_wh for share in shares)),
        bare(money(sum(share.cost for share in shares), split.cost_digits), split.currency),
        f"{sum(carbon) / _KG:,.0f}" if carbon else "-",
        percent(known / nodes) if nodes else "-",
    )
