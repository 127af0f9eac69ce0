"""Which band and price is at an instant, and why."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from exporters.utility.tariff.case import counts
from exporters.utility.tariff.charges import AdderSpec, in_force
from exporters.utility.tariff.hours import in_words
from exporters.utility.tariff.money import plain
from exporters.utility.tariff.period import Month
from exporters.utility.tariff.tariff import Place, Tariff


@dataclass(frozen=True, slots=True)
class Explanation:
    """A band, its price, and why; money per kWh in the tariff's currency."""

    tariff: Tariff
    place: Place

    @property
    def rate(self) -> Decimal:
        """The price of energy; of the first tier where there are several."""
        return self.tariff.tiers(self.place.day.season, self.place.band)[0].rate

    @property
    def discounts(self) -> dict[str, Decimal]:
        """What each discount takes off a kWh, by its title."""
        return {
            self.tariff.discount(name).title: self.tariff.unit_discount(name, self.rate)
            for name in self.place.discounts
        }

    @property
    def adders(self) -> dict[str, Decimal | None]:
        """What is added to a kWh, by title; None where no source says."""
        return {each.title: self._adder(each) for each in self.tariff.spec.adder}

    @property
    def demand(self) -> tuple[str, ...]:
        """Demand charges that demand counts for now."""
        return tuple(each.id for each in self.tariff.spec.demand if counts(each, self.place))

    def _adder(self, adder: AdderSpec) -> Decimal | None:
        """By the calendar's month where it goes by bills: the reading day is not known here."""
        day = self.place.local.date()
        for value in adder.values:
            start, end = value.valid_from, value.valid_to
            month = Month.of(day)
            by_month = Month.of(start) <= month and (end is None or month <= Month.of(end))
            if in_force(start, end, day) if adder.by == "date" else by_month:
                return value.value
        return None

    def as_dict(self) -> dict[str, Any]:
        """All of it, for JSON."""
        meta, day = self.tariff.meta, self.place.day
        return {
            "at": self.place.local.isoformat(),
            "tariff": self.tariff.id,
            "name": self.tariff.name,
            "band": self.place.band,
            "price": self.rate,
            "currency": meta.currency,
            "season": day.season,
            "day_type": day.day_type,
            "holiday": day.holiday or None,
            "band_hours": self._hours,
            "discounts": self.discounts,
            "adders": self.adders,
            "counts_for_demand": list(self.demand),
            "valid_from": meta.valid_from.isoformat(),
            "valid_to": meta.valid_to.isoformat() if meta.valid_to else None,
            "files": [{"name": file.name, "sha256": file.sha256} for file in self.tariff.files],
            "sources": [f"{each.what} ({each.where}; seen: {each.seen})" for each in meta.sources],
            "verified": meta.verified,
            "verified_how": meta.verified_how,
            "unverified": list(meta.unverified),
        }

    @property
    def _hours(self) -> str:
        bands = self.place.day.bands
        return in_words(slot for slot, band in enumerate(bands) if band == self.place.band)

    def as_text(self) -> str:
        """All of it, for people."""
        meta, day, local = self.tariff.meta, self.place.day, self.place.local
        months = next(each.months for each in self.tariff.spec.season if each.name == day.season)
        unit = f"{meta.currency}/kWh"
        reductions = [f"{name} -{plain(amount)}" for name, amount in self.discounts.items()]
        additions = [
            f"{name} {'no source says' if amount is None else f'+{plain(amount)}'}"
            for name, amount in self.adders.items()
        ]
        rows = {
            "tariff": f"{self.tariff.id} ({self.tariff.name})",
            "season": f"{day.season}: months {', '.join(map(str, months))}",
            "day": f"{local:%A}: {day.day_type}" + (f", {day.holiday}" if day.holiday else ""),
            "band": f"{self.place.band}: {self._hours} on such a day",
            "price": f"{plain(self.rate)} {unit} for energy",
            "discounts": ", ".join(reductions) or "none now",
            "adders": ", ".join(additions) or "none",
            "demand": f"counts for {', '.join(self.demand)}" if self.demand else "does not count",
            "valid": self.tariff.validity.split(" ", 1)[1],
            "files": ", ".join(f"{f.name} (sha256 {f.sha256[:12]})" for f in self.tariff.files),
            "sources": "\n            ".join(f"{s.what}: {s.where}" for s in meta.sources),
            "verified": f"{'yes' if meta.verified else 'NO'}: {meta.verified_how}",
        }
        head = f"{local:%Y-%m-%d %H:%M} {meta.zone}: {self.place.band}, {plain(self.rate)} {unit}"
        return "\n".join([head, *(f"  {name:<9} {text}" for name, text in rows.items())])


def explain(tariff: Tariff, at: datetime) -> Explanation:
    """Say which band and price is at an instant; a time without an offset is local."""
    return Explanation(tariff, tariff.place(at))
