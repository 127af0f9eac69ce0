"""Which version of a tariff prices which days of a bill."""

from collections.abc import Sequence
from datetime import date, timedelta

from exporters.utility.tariff.errors import UnknownTariffError
from exporters.utility.tariff.period import BillingPeriod, Month
from exporters.utility.tariff.tariff import Stretch, Tariff


def stretches(
    versions: Sequence[Tariff], period: BillingPeriod, *, deferred: bool = False
) -> tuple[Stretch, ...]:
    """The days of a bill by version.

    Args:
        versions: of one tariff, oldest first.
        period: the bill.
        deferred: whether the customer kept the old version for as long as was allowed.

    Raises:
        UnknownTariffError: a day has no version.
    """
    found: list[Stretch] = []
    day = period.start
    while day < period.end:
        version = _version(versions, period.month, day, deferred=deferred)
        if version is None:
            raise UnknownTariffError(
                f"no file says what {versions[0].id} costs on {day}, which the bill of "
                f"{period.month} covers; there is " + "; ".join(each.validity for each in versions)
            )
        after = day + timedelta(days=1)
        if found and found[-1].tariff is version:
            found[-1] = Stretch(version, found[-1].start, after)
        else:
            found.append(Stretch(version, day, after))
        day = after
    return tuple(found)


def _version(
    versions: Sequence[Tariff], month: Month, day: date, *, deferred: bool
) -> Tariff | None:
    for version in versions:
        if deferred and version.deferred_covers(day):
            return version
    for version in reversed(versions):
        meta = version.meta
        if meta.takes_effect == "billing_month":
            ended = meta.valid_to is not None and Month.of(meta.valid_to) < month
            if Month.of(meta.valid_from) <= month and not ended:
                return version
        elif version.covers(day):
            return version
    return None
