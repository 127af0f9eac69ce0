"""What every section needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import numpy as np

from exporters.utility.intervals.arrays import Mask
from exporters.utility.intervals.quality import Quality
from exporters.utility.intervals.series import Series
from exporters.utility.report.content import ReportContent
from exporters.utility.report.impact import impact
from exporters.utility.report.values import Extras, GridImpact
from exporters.utility.report.words import Words

_YEAR, _QUARTER = 12, 3


@dataclass(frozen=True, slots=True)
class Context:
    """A report, its words, and what several sections say.

    Attributes:
        titles: what the tariff's files call their charges, by id.
        estimated_wh: energy of quarter-hours that are estimated or edited.
        estimated_quarters: how many they are.
    """

    content: ReportContent
    words: Words
    impact: GridImpact
    titles: Mapping[str, str]
    estimated_wh: int
    estimated_quarters: int

    @classmethod
    def of(cls, content: ReportContent, words: Words) -> "Context":
        """Work out what several sections say."""
        series = content.metering.billed
        watt_hours = series.watt_hours
        estimated = _estimated(content)
        return cls(
            content,
            words,
            impact(series),
            _titles(content),
            int(watt_hours[estimated].sum()),
            int(estimated.sum()),
        )

    @property
    def extras(self) -> Extras:
        """PUE, carbon, split, sources."""
        return self.content.extras

    @property
    def series(self) -> Series:
        """What is billed."""
        return self.content.metering.billed

    @property
    def currency(self) -> str:
        """Of all amounts."""
        return self.content.currency

    @property
    def kind(self) -> str:
        """`month`, `quarter` or `year`."""
        return {_YEAR: "year", _QUARTER: "quarter"}.get(len(self.content.bills), "month")

    @property
    def energy_wh(self) -> int:
        """All that was metered, in watt-hours."""
        return int(self.series.watt_hours.sum())

    @property
    def coverage(self) -> float:
        """The share of quarter-hours that there are."""
        return float(self.series.present.mean())

    def line(self, line_id: str) -> str:
        """The name of a line of the bill."""
        return self.words.line(line_id, self.titles)


def minute(at: datetime) -> str:
    """A local time."""
    return f"{at:%Y-%m-%d %H:%M}"


def kw(value: Decimal | None) -> str:
    """Power in kW; a dash where it is not known."""
    return "-" if value is None else f"{value:,.1f}".removesuffix(".0")


def _estimated(content: ReportContent) -> Mask:
    """Where a meter that is billed was not told of, and what is handed on is an estimate."""
    codes = [code for code in Quality if code.estimated]
    parts = [np.isin(each.series.quality, codes) for each in content.metering.meters.values()]
    found: Mask = np.logical_or.reduce(parts) & content.metering.billed.present
    return found


def _titles(content: ReportContent) -> dict[str, str]:
    found: dict[str, str] = {}
    for bill in content.bills:
        for stretch in bill.stretches:
            spec = stretch.tariff.spec
            found |= {charge.id: charge.title for charge in spec.demand}
            found |= {charge.id: charge.title for charge in spec.fixed}
            found |= {charge.id: charge.title for charge in spec.adder}
            found |= {charge.id: charge.title for charge in spec.discount}
            found |= {charge.id: charge.title for charge in spec.levy}
    return found
