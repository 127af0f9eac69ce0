"""What can be wrong with a tariff or with what is to be priced. Every text is for people."""


class TariffError(Exception):
    """A bill cannot be worked out as asked. The text says what, where and what to do."""


class UnknownTariffError(TariffError):
    """No file has this tariff, or none for these days."""


class TariffFileError(TariffError):
    """A tariff file is wrong. The text names the file and, where it can, the line."""


class HolidaysMissingError(TariffError):
    """The library that knows public holidays is not installed."""


class ReadingsError(TariffError):
    """Readings or demand history cannot be believed. The text names the lines."""
