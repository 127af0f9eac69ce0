"""What energy cost in each band: a stack for each month, or a bar for each band of one month."""

from collections.abc import Sequence

from exporters.utility.report.charts.drawing import BANDS
from exporters.utility.report.charts.frame import HEIGHT, WIDTH, Frame
from exporters.utility.report.words import Words
from exporters.utility.tariff.bill import Bill

_SCALES = ((1e9, {"en": "bn", "ko": "십억"}), (1e6, {"en": "m", "ko": "백만"}),
           (1e3, {"en": "k", "ko": "천"}), (1.0, {"en": "", "ko": ""}))  # fmt: skip


def cost_chart(bills: Sequence[Bill], words: Words) -> str:
    """The energy charge by band."""
    bands = list(dict.fromkeys(band for bill in bills for band in bill.energy_kwh))
    costs = [[energy_charge(bill, band) for band in bands] for bill in bills]
    stacked = len(bills) > 1
    high = max((sum(row) if stacked else max(row, default=0.0) for row in costs), default=0.0)
    scale, names = next(each for each in _SCALES if high >= each[0] or each[0] == 1.0)
    currency = (
        ("원" if words.korean else "KRW") if bills[0].currency == "KRW" else bills[0].currency
    )
    unit = f"{names[words.language]}{'' if words.korean else ' '}{currency}".strip()
    frame = Frame(high / scale, unit, width=WIDTH // 2, height=HEIGHT - 20)
    groups = costs if stacked else [[value] for value in costs[0]]
    for index, group in enumerate(groups):
        left, right = frame.x((index + 0.18) / len(groups)), frame.x((index + 0.82) / len(groups))
        base = 0.0
        for number, value in enumerate(group):
            top, below = frame.y((base + value) / scale), frame.y(base / scale)
            colour = BANDS[(number if stacked else index) % len(BANDS)]
            frame.drawing.box(left, top, right - left, below - top, colour)
            base += value
    if stacked:
        labels = [f"{bill.period.month.month}" for bill in bills]
        frame.key((BANDS[n % len(BANDS)], words.band(band)) for n, band in enumerate(bands))
    else:
        labels = [words.band(band) for band in bands]
    frame.x_labels(((n + 0.5) / len(groups), text) for n, text in enumerate(labels))
    return frame.drawing.svg(words("band_alt"))


def energy_charge(bill: Bill, band: str) -> float:
    """The line of a band's energy; 0 where the bill has none."""
    return float(sum(line.amount for line in bill.lines if line.id == f"energy_{band}"))
