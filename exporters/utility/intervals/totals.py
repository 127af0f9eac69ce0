"""Energy of months, quarters and years: sums of the same watt-hours, so they agree exactly."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from exporters.utility.intervals.series import Series


@dataclass(frozen=True, slots=True)
class Totals:
    """Energy in watt-hours, by calendar month (2027-11), quarter (2027-Q4) and year (2027)."""

    months: Mapping[str, int]

    @property
    def quarters(self) -> dict[str, int]:
        """By quarter."""
        return self._by(lambda month: f"{month[:4]}-Q{(int(month[5:]) + 2) // 3}")

    @property
    def years(self) -> dict[str, int]:
        """By year."""
        return self._by(lambda month: month[:4])

    @property
    def total_wh(self) -> int:
        """All of it."""
        return sum(self.months.values())

    def _by(self, name: Callable[[str], str]) -> dict[str, int]:
        found: dict[str, int] = {}
        for month, watt_hours in self.months.items():
            found[name(month)] = found.get(name(month), 0) + watt_hours
        return found


def totals(series: Series) -> Totals:
    """Sum a meter's quarter-hours up; what is missing is in no sum."""
    watt_hours = series.watt_hours
    return Totals({month: int(watt_hours[part].sum()) for month, part in series.grid.months()})
