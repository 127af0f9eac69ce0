"""The band of the site's tariff at a time, for the peaks by band."""

from datetime import date, datetime

from collector.daemon.run import StartError
from collector.site.peaks import Band
from collector.sitefile.model import Site
from exporters.utility.tariff import Tariff, TariffError


def bands(site: Site) -> Band:
    """What `collector.site` asks: the band of a local time.

    A time that no version of the tariff covers has the band `unknown`: a peak is never dropped.

    Raises:
        StartError: there is no such tariff, or it cannot be read.
    """
    try:
        zone = Tariff.versions(site.tariff)[-1].zone
    except TariffError as error:
        raise StartError(f"the site file's tariff: {error}") from None
    by_day: dict[date, Tariff | None] = {}

    def valid(day: date) -> Tariff | None:
        if day not in by_day:
            if len(by_day) > 1000:  # noqa: PLR2004 - a bound on memory; days come in order
                by_day.clear()
            try:
                by_day[day] = Tariff.load(site.tariff, day)
            except TariffError:
                by_day[day] = None
        return by_day[day]

    def band(at: datetime) -> str:
        local = at.astimezone(zone)
        tariff = valid(local.date())
        return "unknown" if tariff is None else tariff.place(local).band

    return band
