"""Files that people have of their meters: read, with the line of everything that is wrong."""

from exporters.utility.meterfile.history import read_history
from exporters.utility.meterfile.multiplier import check_multiplier
from exporters.utility.meterfile.readings import read_readings

__all__ = ["check_multiplier", "read_history", "read_readings"]
