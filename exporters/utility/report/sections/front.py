"""Page one: what this is, the key figures, and what nobody may overlook."""

from collections.abc import Iterator
from decimal import Decimal

from exporters.utility.report.blocks import Block, Figures, Heading, Notice, Table, Text
from exporters.utility.report.numbers import kwh, money, number, percent, unit_price
from exporters.utility.report.sections.context import Context, kw, minute
from exporters.utility.tariff.bill import Bill


def front_section(context: Context) -> Iterator[Block]:
    """Title, whose report it is, notices, key figures."""
    content, say = context.content, context.words
    first, last = content.bills[0].period.start, content.bills[-1].period.last
    zone = context.series.grid.zone
    tariff = content.bills[-1].stretches[-1].tariff
    days = (content.bills[-1].period.end - first).days
    kind = say(f"kind_{context.kind}")
    period = f"{content.period} ({kind}): {first} ~ {last}, {say('days', days=days)}, {zone.key}"
    yield Heading(say("title"), 0)
    yield Table(
        align=("left", "wrap"),
        rows=[
            (say("site"), content.site),
            (say("period"), period),
            (say("tariff"), f"{tariff.name} ({tariff.id})"),
            (say("data"), content.metering.source),
            (say("made"), f"{minute(content.made_at.astimezone(zone))} {zone.key}"),
        ],
    )
    yield from notices(context)
    yield Figures(list(_figures(context)))
    yield Text(say("shadow"), small=True)


def notices(context: Context) -> Iterator[Notice]:
    """What nobody may overlook."""
    yield from _data_notices(context)
    yield from _bill_notices(context)
    say, extras = context.words, context.extras
    if extras.pue and extras.pue.value is None:
        yield Notice(say("pue_missing", coverage=percent(extras.pue.coverage_ratio)))
    for carbon in extras.carbon:
        if carbon.without_wh:
            day = carbon.parts[0].valid_from if carbon.parts else context.series.grid.end
            amount = kwh(carbon.without_wh)
            yield Notice(say("no_factor", kwh=amount, day=day, name=carbon.name))
    if extras.split_missing:
        yield Notice(say("no_split", why=extras.split_missing))


def _data_notices(context: Context) -> Iterator[Notice]:
    say = context.words
    if holes := context.series.holes():
        missing = sum(hole.quarters for hole in holes)
        yield Notice(
            say(
                "gaps",
                quarters=f"{missing:,}",
                hours=number(Decimal(missing) / 4, 2),
                holes=len(holes),
                start=minute(holes[0].start),
                end=minute(holes[0].end),
            )
        )
    if context.estimated_quarters:
        share = context.estimated_wh / context.energy_wh if context.energy_wh else 0.0
        yield Notice(
            say(
                "estimated",
                share=percent(share, 2),
                kwh=kwh(context.estimated_wh),
                quarters=f"{context.estimated_quarters:,}",
            ),
            "info",
        )


def _bill_notices(context: Context) -> Iterator[Notice]:
    say, bills = context.words, context.content.bills
    unverified = dict.fromkeys(
        stretch.tariff.files[0].name
        for bill in bills
        for stretch in bill.stretches
        if not stretch.tariff.meta.verified
    )
    if unverified:
        yield Notice(say("unverified", files=", ".join(unverified)))
    for line_id in dict.fromkeys(line.id for b in bills for line in b.lines if line.assumed):
        yield Notice(say("assumed", line=context.line(line_id)), "info")
    contract = context.extras.contract_kw
    highest = max(bill.highest_kw for bill in bills)
    if contract and highest > contract:
        yield Notice(say("exceeded", highest=kw(highest), contract=kw(contract)))


def _figures(context: Context) -> Iterator[tuple[str, str, str]]:
    say, content, extras = context.words, context.content, context.extras
    bills = content.bills
    energy = sum((sum(bill.energy_kwh.values(), Decimal(0)) for bill in bills), Decimal(0))
    price = unit_price(content.total / energy, content.currency, say) if energy else ""
    yield say("total"), money(content.total, content.currency, say), say("incl_levies")
    yield say("energy"), f"{energy:,.0f} kWh", say("mean_price", price=price) if price else ""
    billed = max(bills, key=lambda bill: bill.billing_demand_kw or Decimal(0))
    if billed.billing_demand_kw is not None:
        yield say("billing_demand"), f"{kw(billed.billing_demand_kw)} kW", origin(context, billed)
    if peaks := context.impact.peaks:
        yield say("highest"), f"{kw(peaks[0].kw)} kW", minute(peaks[0].at)
    if context.impact.load_factor is not None:
        mean = say("mean_kw", kw=kw(context.impact.mean_kw))
        yield say("load_factor"), percent(context.impact.load_factor), mean
    yield _power_factor(context, bills[-1])
    if pue := extras.pue:
        value = say("unknown") if pue.value is None else number(pue.value, 3)
        remarks = [say("category", category=pue.category)]
        remarks.append(say("coverage_of", coverage=percent(pue.coverage_ratio)))
        remarks += [say("interim")] if pue.interim else []
        yield say("pue"), value, ", ".join(remarks)
    for carbon in extras.carbon:
        tonnes = number(Decimal(carbon.grams) / 1_000_000, 1)
        yield say("carbon"), f"{tonnes} tCO2eq", carbon.name
    series = context.series
    known, count = int(series.present.sum()), len(series.grid)
    remark = say("quarters_known", known=f"{known:,}", all=f"{count:,}")
    yield say("coverage"), percent(context.coverage, 2), remark
    share = context.estimated_wh / context.energy_wh if context.energy_wh else 0.0
    yield say("estimated_share"), percent(share, 2), say("of_energy")


def origin(context: Context, bill: Bill) -> str:
    """Where a bill's billing demand comes from."""
    return origin_words(context, bill.billing_demand_from or "")


def origin_words(context: Context, source: str) -> str:
    """Where a billed demand comes from: `current`, `floor`, `given` or a month."""
    say = context.words
    if source in {"current", "floor", "given"}:
        return say(f"from_{source}")
    return say("from_month", month=source)


def _power_factor(context: Context, bill: Bill) -> tuple[str, str, str]:
    """Of the last month, where somebody knows it."""
    say = context.words
    parts = [
        (percent_, say(name))
        for percent_, name in ((bill.lagging_percent, "lagging"), (bill.leading_percent, "leading"))
        if percent_ is not None
    ]
    if not parts:
        return say("power_factor"), say("not_metered"), ""
    values = " / ".join(f"{value:f} %" for value, _ in parts)
    return say("power_factor"), values, " / ".join(name for _, name in parts)
