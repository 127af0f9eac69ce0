"""A report's content to write in every form."""

from datetime import UTC, datetime
from decimal import Decimal

from exporters.utility.formats.content import Content
from exporters.utility.intervals.file_source import to_intervals
from exporters.utility.intervals.metering import Metering
from exporters.utility.intervals.series import Raw
from exporters.utility.intervals.vee import check
from exporters.utility.tariff import Contract, Tariff
from exporters.utility.tariff.months import Order, bills
from tests.utility.intervals.support import days, wavy
from tests.utility.tariff.support import B2, history, month

MADE_AT = datetime(2027, 12, 2, 3, 4, 5, tzinfo=UTC)


def content(name: str = "border") -> Content:
    """November 2027 with a gap that is estimated and one that is too near the end for it."""
    grid = days("2027-11-01", 30)
    energy = wavy(grid)
    present = energy > 0
    present[1000:1004] = False
    present[2876:] = False
    checked = check(Raw.whole(name, energy, present), grid)
    metering = Metering(
        site="north",
        source="ledger x",
        grid=grid,
        billed=checked.series,
        meters={name: checked},
        notes=("=1+1 is a note",),
    )
    period = month("2027-11")
    order = Order(
        intervals=to_intervals(checked.series),
        periods=(period,),
        contract=Contract(kw=Decimal(40_000)),
        history=history(period),
        adder=Decimal(14),
        allow_gaps=True,
    )
    return Content(
        period="2027-11",
        made_at=MADE_AT,
        metering=metering,
        bills=bills(order, Tariff.versions(B2)),
    )
