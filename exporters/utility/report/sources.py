"""Hashes of what a report was made from, so that it can be made again and compared."""

import hashlib
from pathlib import Path

import numpy as np

from exporters.utility.intervals.series import Series


def file_sha256(path: Path) -> str:
    """Of a file.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def series_sha256(series: Series) -> str:
    """Of a meter's quarter-hours.

    It is over the beginning in UTC seconds, then each energy in millijoules (0 where it is
    missing), then each quality code; 64-bit little-endian integers, the codes 8-bit.
    """
    found = hashlib.sha256(series.grid.start_s.to_bytes(8, "little"))
    energy = np.where(series.present, series.energy_mj, 0)
    found.update(energy.astype("<i8").tobytes())
    found.update(series.quality.astype("i1").tobytes())
    return found.hexdigest()
