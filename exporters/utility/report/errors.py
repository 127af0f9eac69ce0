"""What can keep a report's pages from being made."""

from exporters.utility.tariff.errors import TariffError


class ReportError(TariffError):
    """The pages cannot be made. The text says why."""
