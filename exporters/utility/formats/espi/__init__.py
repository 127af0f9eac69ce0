"""Green Button: interval data as an Atom feed of ESPI (NAESB REQ.21), valid by its schema."""

from exporters.utility.formats.espi.feed import write_espi

__all__ = ["write_espi"]
