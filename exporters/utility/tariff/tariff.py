"""One version of a tariff, ready to be asked: which band and price is at an instant, and why."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from exporters.utility.tariff.calendar import Calendar
from exporters.utility.tariff.charges import DayType, DiscountSpec, Tier, in_force
from exporters.utility.tariff.checks import applies
from exporters.utility.tariff.errors import UnknownTariffError
from exporters.utility.tariff.hours import SLOT_MINUTES, day_of_bands, slots_of
from exporters.utility.tariff.shelf import Shelved, from_file, shelf
from exporters.utility.tariff.spec import FileSpec, Meta
from exporters.utility.tariff.text import FileRef


@dataclass(frozen=True, slots=True)
class Day:
    """How a tariff sees one day.

    Attributes:
        bands: the band of each quarter-hour.
        discounts: for each quarter-hour, the ids of the discounts that apply.
    """

    season: str
    day_type: DayType
    holiday: str
    bands: tuple[str, ...]
    discounts: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where an instant lies in a tariff."""

    local: datetime
    day: Day
    slot: int

    @property
    def band(self) -> str:
        """Its band."""
        return self.day.bands[self.slot]

    @property
    def discounts(self) -> tuple[str, ...]:
        """Ids of the discounts that apply."""
        return self.day.discounts[self.slot]


@dataclass(frozen=True, slots=True)
class Tariff:
    """One version of a tariff."""

    shelved: Shelved
    zone: ZoneInfo
    calendar: Calendar
    _days: dict[date, Day] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, shelved: Shelved) -> "Tariff":
        """A tariff from what a file says."""
        spec = shelved.spec
        return cls(shelved, ZoneInfo(spec.meta.zone), Calendar(spec.calendar))

    @classmethod
    def load(
        cls, tariff_id: str, on: date, *, own: Path | None = None, deferred: bool = False
    ) -> "Tariff":
        """The version of a tariff that is valid on a day.

        Args:
            tariff_id: for example `kepco-industrial-eul-hv-b-2`.
            on: the day, in the tariff's time zone.
            own: a folder, or one file, with tariffs of one's own.
            deferred: whether the customer kept the old version for as long as was allowed.

        Raises:
            UnknownTariffError: no file has this tariff, or none for this day.
            TariffFileError: a tariff file is wrong.
        """
        versions = cls.versions(tariff_id, own=own)
        late = [each for each in versions if deferred and each.deferred_covers(on)]
        for version in [*late, *versions]:
            if version.covers(on) or version in late:
                return version
        raise UnknownTariffError(
            f"no file says what {tariff_id} costs on {on}; there is "
            + "; ".join(version.validity for version in versions)
        )

    @classmethod
    def versions(cls, tariff_id: str, *, own: Path | None = None) -> tuple["Tariff", ...]:
        """Every version of a tariff, oldest first.

        Raises:
            UnknownTariffError: no file has this tariff.
            TariffFileError: a tariff file is wrong.
        """
        if own is not None and own.is_file():
            known: Mapping[str, tuple[Shelved, ...]] = {
                each.option.id: (each,) for each in from_file(own)
            }
        else:
            known = shelf(own)
        if tariff_id not in known:
            raise UnknownTariffError(
                f"there is no tariff {tariff_id!r} with a source; there are {', '.join(known)}"
            )
        return tuple(cls.of(each) for each in known[tariff_id])

    @property
    def id(self) -> str:
        """Its id; all its versions have the same."""
        return self.shelved.option.id

    @property
    def name(self) -> str:
        """What the utility calls it."""
        return self.shelved.option.name

    @property
    def spec(self) -> FileSpec:
        """What its file says."""
        return self.shelved.spec

    @property
    def meta(self) -> Meta:
        """What its file is."""
        return self.shelved.spec.meta

    @property
    def files(self) -> tuple[FileRef, ...]:
        """The files it was read from."""
        return self.shelved.files

    @property
    def validity(self) -> str:
        """When it is valid, and by which file."""
        end = f"to {self.meta.valid_to}" if self.meta.valid_to else "on"
        return f"{self.files[0].name} from {self.meta.valid_from} {end}"

    def covers(self, day: date) -> bool:
        """Whether it is valid on a day."""
        return in_force(self.meta.valid_from, self.meta.valid_to, day)

    def deferred_covers(self, day: date) -> bool:
        """Whether it is valid on a day for a customer who kept it."""
        last = self.meta.deferred_to
        return last is not None and in_force(self.meta.valid_from, last, day)

    def season(self, day: date) -> str:
        """The season of a day."""
        return next(each.name for each in self.spec.season if day.month in each.months)

    def day(self, day: date) -> Day:
        """How it sees a day."""
        if day not in self._days:
            season = self.season(day)
            day_type, holiday = self.calendar.day_type(day)
            (bands,) = (each for each in self.spec.bands if applies(each, season, day_type))
            quarters = day_of_bands(bands.hours)
            applying = [
                (each.id, set(slots_of(each.hours)))
                for each in self.spec.discount
                if _discounts(each, day, season, day_type)
            ]
            discounts = tuple(
                tuple(name for name, slots in applying if slot in slots)
                for slot in range(len(quarters))
            )
            self._days[day] = Day(season, day_type, holiday, quarters, discounts)
        return self._days[day]

    def place(self, at: datetime) -> Place:
        """Where an instant lies. A time without an offset is the tariff's local time."""
        local = at.replace(tzinfo=self.zone) if at.tzinfo is None else at.astimezone(self.zone)
        slot = (local.hour * 60 + local.minute) // SLOT_MINUTES
        return Place(local, self.day(local.date()), slot)

    def tiers(self, season: str, band: str) -> tuple[Tier, ...]:
        """The price of energy, per kWh: one tier or several."""
        price = self.shelved.option.energy[season][band]
        return price if isinstance(price, tuple) else (Tier(rate=price),)

    def discount(self, discount_id: str) -> DiscountSpec:
        """A discount by its id."""
        return next(each for each in self.spec.discount if each.id == discount_id)

    def unit_discount(self, discount_id: str, rate: Decimal) -> Decimal:
        """What a discount takes off one kWh at this price."""
        discount = self.discount(discount_id)
        amount = rate * discount.ratio
        return discount.unit_rounding.of(amount) if discount.unit_rounding else amount


def _discounts(discount: DiscountSpec, day: date, season: str, day_type: DayType) -> bool:
    return (
        in_force(discount.valid_from or day, discount.valid_to, day)
        and day_type in discount.days
        and (not discount.seasons or season in discount.seasons)
    )


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days of a bill that one version prices; `end` is the day after the last."""

    tariff: Tariff
    start: date
    end: date

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.end - self.start).days

    def each_day(self) -> list[date]:
        """Its days."""
        return [self.start + timedelta(days=n) for n in range(self.days)]
