"""Every line of every bill, with how it comes about."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from exporters.utility.report.blocks import Block, Heading, Table
from exporters.utility.report.formula import korean
from exporters.utility.report.numbers import bare
from exporters.utility.report.sections.context import Context
from exporters.utility.tariff.bill import Bill, Kind


def bill_section(context: Context) -> Iterator[Block]:
    """The sums first where there are several months, then each month."""
    say, content = context.words, context.content
    yield Heading(say("bill"))
    if len(content.bills) > 1:
        yield Heading(say("sums"), 2)
        yield _sums(context)
    for bill in content.bills:
        if len(content.bills) > 1:
            period = bill.period
            month, start, end = str(period.month), period.start, period.last
            yield Heading(say("bill_of", month=month, start=start, end=end), 2)
        yield _lines(context, bill)
    if content.what_if:
        yield Heading(say("what_if"), 2)
        yield _what_if(context)


def _lines(context: Context, bill: Bill) -> Table:
    say, currency = context.words, context.currency
    rows = []
    strong = []
    for kind in Kind:
        for line in bill.lines:
            if line.kind is kind:
                formula = korean(line.formula) if say.korean else line.formula
                rows.append((context.line(line.id), bare(line.amount, currency), formula))
        if kind is Kind.CHARGE:
            strong.append(len(rows))
            rows.append((say("before_levies"), bare(bill.before_levies, currency), ""))
    strong.append(len(rows))
    rows.append((say("bill_total"), bare(bill.total, currency), ""))
    return Table(
        align=("left", "right", "wrap"),
        header=(say("line"), say("amount", currency=currency), say("formula")),
        rows=rows,
        strong=strong,
        small=True,
    )


def _sums(context: Context) -> Table:
    say, bills, currency = context.words, context.content.bills, context.currency
    rows, strong = [], []
    for kind in Kind:
        ids = dict.fromkeys(line.id for b in bills for line in b.lines if line.kind is kind)
        for line_id in ids:
            amounts = [line.amount for b in bills for line in b.lines if line.id == line_id]
            rows.append((context.line(line_id), bare(_sum(amounts), currency)))
        if kind is Kind.CHARGE:
            strong.append(len(rows))
            rows.append(
                (say("before_levies"), bare(_sum([b.before_levies for b in bills]), currency))
            )
    strong.append(len(rows))
    rows.append((say("bill_total"), bare(_sum([b.total for b in bills]), currency)))
    return Table(
        align=("wrap", "right"),
        header=(say("line"), say("amount", currency=currency)),
        rows=rows,
        strong=strong,
        small=True,
    )


def _what_if(context: Context) -> Table:
    say, content, currency = context.words, context.content, context.currency
    return Table(
        align=("wrap", "right", "right"),
        header=(say("tariff"), say("amount", currency=currency), say("difference")),
        rows=[
            (
                f"{others[-1].stretches[-1].tariff.name} ({name})",
                bare(_sum([bill.total for bill in others]), currency),
                bare(_sum([bill.total for bill in others]) - content.total, currency),
            )
            for name, others in content.what_if.items()
        ],
    )


def _sum(values: Sequence[Decimal]) -> Decimal:
    return sum(values, Decimal(0))
