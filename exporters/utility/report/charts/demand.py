"""The highest quarter-hour of each day, beside the contract and what is billed."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

from exporters.utility.intervals.series import Series
from exporters.utility.report.charts.drawing import INK, LIMIT, LOAD, PEAK
from exporters.utility.report.charts.frame import Frame
from exporters.utility.report.charts.load import MJ_PER_KW, day_labels
from exporters.utility.report.words import Words
from exporters.utility.tariff.bill import Bill


def demand_chart(
    series: Series, bills: Sequence[Bill], contract_kw: Decimal | None, words: Words
) -> str:
    """A bar for each day; one above the contract stands out. Days without readings have none."""
    grid, present = series.grid, series.present
    kw = series.energy_mj / MJ_PER_KW
    peaks = [
        float(kw[low:high][present[low:high]].max()) if present[low:high].any() else None
        for low, high in pairwise(grid.edges.tolist())
    ]
    billed = [float(bill.billing_demand_kw) for bill in bills if bill.billing_demand_kw is not None]
    contract = None if contract_kw is None else float(contract_kw)
    known = [peak for peak in peaks if peak is not None]
    frame = Frame(max([*known, *billed, contract or 0.0, 1.0]), "kW")
    width = 1 / len(peaks)
    for day, peak in enumerate(peaks):
        if peak is not None:
            over = contract is not None and peak > contract
            left, right = frame.x((day + 0.12) * width), frame.x((day + 0.88) * width)
            top = frame.y(peak)
            frame.drawing.box(left, top, right - left, frame.bottom - top, PEAK if over else LOAD)
    for bill in bills:
        if bill.billing_demand_kw is not None:
            start, end = ((day - grid.first).days * width
                          for day in (bill.period.start, bill.period.end))  # fmt: skip
            y = frame.y(float(bill.billing_demand_kw))
            frame.drawing.line(frame.x(start), y, frame.x(end), y, INK, dash="5 3", width=1.5)
    key = [(LOAD, words("daily_peak")), (INK, words("billed"))]
    if contract is not None:
        y = frame.y(contract)
        frame.drawing.line(frame.left, y, frame.right, y, LIMIT, width=1.5)
        key.append((LIMIT, words("contract")))
    frame.x_labels(day_labels(grid))
    frame.key(key)
    return frame.drawing.svg(words("demand_alt"))
