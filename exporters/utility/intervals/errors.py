"""What can be wrong with interval data. Every text is for people."""

from exporters.utility.tariff.errors import TariffError


class IntervalError(TariffError):
    """Interval data, or what belongs to it, cannot be used. The text says what, where, what to do.

    It is a `TariffError` so that a command has one kind of failure to tell people of.
    """
