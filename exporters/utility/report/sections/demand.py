"""Billing demand and how it comes about, excess, power factor."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from exporters.utility.report.blocks import Block, Heading, Picture, Table
from exporters.utility.report.charts.demand import demand_chart
from exporters.utility.report.sections.context import Context, kw, minute
from exporters.utility.report.sections.front import origin_words
from exporters.utility.tariff.bill import Bill


def demand_section(context: Context) -> Iterator[Block]:
    """A picture, and what each bill's demand comes from."""
    say, bills, contract = context.words, context.content.bills, context.extras.contract_kw
    yield Heading(say("demand"))
    yield Picture(
        demand_chart(context.series, bills, contract, say),
        say("demand_picture"),
        say("demand_alt"),
    )
    rows = [row for bill in bills for row in _rows(context, bill)]
    if rows:
        yield Table(
            align=("left", "left", "right", "left", "right", "wrap"),
            header=(
                say("month"), say("charge"), say("measured"), say("measured_at"),
                say("billed_kw"), say("origin"),
            ),
            rows=rows,
            small=True,
        )  # fmt: skip
    yield Table(
        align=("left", "right", "right", "left", "right", "right"),
        header=(
            say("month"), say("contract_kw"), say("peak_kw"), say("excess"), say("lagging"),
            say("leading"),
        ),
        rows=[_factors(context, bill, contract) for bill in bills],
        small=True,
    )  # fmt: skip


def _rows(context: Context, bill: Bill) -> Iterator[tuple[str, ...]]:
    for demand in bill.demands:
        at = datetime.fromisoformat(demand.measured_at) if demand.measured_at else None
        yield (
            str(bill.period.month),
            context.line(demand.id),
            kw(demand.measured_kw),
            minute(at) if at else "-",
            kw(demand.billed_kw),
            origin_words(context, demand.billed_from),
        )


def _factors(context: Context, bill: Bill, contract: Decimal | None) -> tuple[str, ...]:
    say = context.words
    over = contract is not None and bill.highest_kw > contract
    excess = say("excess_kw", kw=kw(bill.highest_kw - (contract or Decimal(0))))
    return (
        str(bill.period.month),
        say("unknown") if contract is None else f"{kw(contract)} kW",
        kw(bill.highest_kw),
        excess if over else say("unknown") if contract is None else say("none"),
        *(
            say("not_metered") if value is None else f"{value:f} %"
            for value in (bill.lagging_percent, bill.leading_percent)
        ),
    )
