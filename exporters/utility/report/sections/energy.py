"""Energy and cost by band, by month and quarter, and pictures of the load."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from exporters.utility.report.blocks import Block, Heading, Picture, Table, Text
from exporters.utility.report.charts.cost import cost_chart
from exporters.utility.report.charts.heat import heat_map
from exporters.utility.report.charts.load import duration_curve, load_curve
from exporters.utility.report.numbers import bare, number, percent, unit_price
from exporters.utility.report.sections.context import Context, kw
from exporters.utility.tariff.bill import Bill


def energy_section(context: Context) -> Iterator[Block]:
    """Tables and pictures."""
    say, series = context.words, context.series
    yield Heading(say("energy_by_band"))
    yield _bands(context)
    wide = "load_daily" if len(series.grid) > 7 * 96 else "load_curve"
    yield Picture(load_curve(series, say), say(wide), say("load_curve"))
    yield Picture(heat_map(series, say), say("heat"), say("heat_alt"))
    yield Picture(duration_curve(series, say), say("duration"), say("duration"), narrow=True)
    yield Picture(
        cost_chart(context.content.bills, say), say("band_picture"), say("band_alt"), narrow=True
    )
    if len(context.content.bills) > 1:
        yield Heading(say("quarters"), 2)
        yield _table(context, "quarter", _by_quarter(context.content.bills))
        yield Heading(say("months"), 2)
        yield Text(say("by_billing_month"), small=True)
        yield _table(context, "month", {str(b.period.month): [b] for b in context.content.bills})


def _bands(context: Context) -> Table:
    say, bills, currency = context.words, context.content.bills, context.currency
    energy = {
        band: (_sum(bill.hours.get(band) for bill in bills),
               _sum(bill.energy_kwh.get(band) for bill in bills),
               _sum(line.amount for b in bills for line in b.lines if line.id == f"energy_{band}"))
        for band in dict.fromkeys(band for bill in bills for band in bill.energy_kwh)
    }  # fmt: skip
    whole = tuple(_sum(row[n] for row in energy.values()) for n in range(3))
    rows = [
        (
            name,
            number(hours, 2).removesuffix(".00"),
            number(used, 0),
            percent(used / whole[1]) if whole[1] else "-",
            bare(cost, currency),
            unit_price(cost / used, currency, say) if used else "-",
        )
        for name, (hours, used, cost) in (
            *((say.band(band), row) for band, row in energy.items()),
            (say("total"), (whole[0], whole[1], whole[2])),
        )
    ]
    return Table(
        align=("left", *["right"] * 5),  # type: ignore[arg-type]  # a list of literals is of str
        header=(
            say("band"), say("hours"), say("kwh"), say("share"),
            say("energy_cost", currency=currency), say("mean_rate"),
        ),
        rows=rows,
        strong=(len(rows) - 1,),
    )  # fmt: skip


def _by_quarter(bills: Sequence[Bill]) -> dict[str, list[Bill]]:
    found: dict[str, list[Bill]] = {}
    for bill in bills:
        month = bill.period.month
        found.setdefault(f"{month.year}-Q{(month.month + 2) // 3}", []).append(bill)
    return found


def _table(context: Context, kind: str, groups: dict[str, list[Bill]]) -> Table:
    say, currency = context.words, context.currency
    bills = [bill for group in groups.values() for bill in group]
    rows = [_row(context, name, group) for name, group in (*groups.items(), (say("total"), bills))]
    return Table(
        align=("left", "right", "right", "right", "right"),
        header=(
            say(kind), say("kwh"), say("peak_kw"), say("billed_kw"), say("cost", currency=currency)
        ),
        rows=rows,
        strong=(len(rows) - 1,),
    )  # fmt: skip


def _row(context: Context, name: str, bills: list[Bill]) -> tuple[str, ...]:
    billed = [bill.billing_demand_kw for bill in bills if bill.billing_demand_kw is not None]
    return (
        name,
        number(_sum(used for bill in bills for used in bill.energy_kwh.values()), 0),
        kw(max(bill.highest_kw for bill in bills)),
        kw(max(billed, default=None)),
        bare(_sum(bill.total for bill in bills), context.currency),
    )


def _sum(values: Iterable[Decimal | None]) -> Decimal:
    return sum((value for value in values if value is not None), Decimal(0))
