"""The readings themselves as JSON: columns, whole watt-hours, null where there is none."""

import json
from collections.abc import Sequence
from typing import BinaryIO

from exporters.utility.intervals.quality import SLOT_SECONDS, Quality
from exporters.utility.intervals.series import Series

FORMAT = "wattkeeper-intervals/1"


def write_intervals_json(site: str, meters: Sequence[Series], stream: BinaryIO) -> None:
    """Write readings as JSON, a meter after the other.

    Each meter has `start` (of the first quarter-hour, with its offset), `energy_wh` and `quality`
    (ESPI's codes), an entry for every quarter-hour; both are null where a reading is missing.
    """
    head = json.dumps({"format": FORMAT, "site": site, "interval_seconds": SLOT_SECONDS})
    stream.write(f'{head[:-1]}, "meters": ['.encode())
    for number, series in enumerate(meters):
        present = series.present.tolist()
        watt_hours, codes = series.watt_hours.tolist(), series.quality.tolist()
        part = {
            "meter": series.meter,
            "zone": series.grid.zone.key,
            "start": series.grid.local(0).isoformat(),
            "energy_wh": [
                value if there else None for value, there in zip(watt_hours, present, strict=True)
            ],
            "quality": [None if code == Quality.MISSING else code for code in codes],
        }
        text = json.dumps(part, ensure_ascii=False)
        stream.write(f"{',' if number else ''}\n{text}".encode())
    stream.write(b"\n]}\n")
