"""Files that people have of their meters: read, with the line of everything that is wrong."""

from exporters.utility.meterfile.history import read_history
from exporters.utility.meterfile.meters import check_meter_changes, meter_changes
from exporters.utility.meterfile.multiplier import check_multiplier
from exporters.utility.meterfile.readings import read_readings

__all__ = [
    "check_meter_changes",
    "check_multiplier",
    "meter_changes",
    "read_history",
    "read_readings",
]
