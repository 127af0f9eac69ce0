"""Interval data as Parquet, for analysts: a row for each quarter-hour of each meter."""

from collections.abc import Iterable
from typing import BinaryIO

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from exporters.utility.intervals.arrays import Ints, Mask
from exporters.utility.intervals.quality import MJ_PER_WH, SLOT_SECONDS
from exporters.utility.intervals.values import Checked

SCHEMA = pa.schema(
    [
        pa.field("meter", pa.dictionary(pa.int32(), pa.string()), nullable=False),
        pa.field("start", pa.timestamp("s", "UTC"), nullable=False),
        pa.field("end", pa.timestamp("s", "UTC"), nullable=False),
        pa.field("energy_wh", pa.int64()),
        pa.field("energy_mj", pa.int64()),
        pa.field("quality", pa.int8()),
        pa.field("found_wh", pa.int64()),
        pa.field("found_quality", pa.int8()),
    ]
)
"""`energy_mj` is in millijoules; `found` is what there was before validation and estimation."""


def write_parquet(meters: Iterable[Checked], stream: BinaryIO, *, about: dict[str, str]) -> None:
    """Write every quarter-hour, those that are missing as null; a row group for each meter.

    Args:
        meters: before and after.
        stream: where to.
        about: what to say in the file's metadata.
    """
    schema = SCHEMA.with_metadata(about)
    with parquet.ParquetWriter(stream, schema, compression="zstd") as writer:
        for checked in meters:
            writer.write_table(_table(checked, schema))


def _table(checked: Checked, schema: pa.Schema) -> pa.Table:
    series, before = checked.series, checked.before
    starts = series.grid.start_s + np.arange(len(series.grid), dtype=np.int64) * SLOT_SECONDS
    name = pa.DictionaryArray.from_arrays(
        pa.array(np.zeros(len(series.grid), dtype=np.int32)), pa.array([series.meter])
    )
    return pa.table(
        [
            name,
            pa.array(starts, pa.timestamp("s", "UTC")),
            pa.array(starts + SLOT_SECONDS, pa.timestamp("s", "UTC")),
            _or_null(series.watt_hours, series.present),
            _or_null(series.energy_mj, series.present),
            pa.array(series.quality, mask=~series.present),
            _or_null(before.energy_mj // MJ_PER_WH, before.present),
            pa.array(before.quality, mask=~before.present),
        ],
        schema=schema,
    )


def _or_null(values: Ints, there: Mask) -> pa.Array:
    return pa.array(values, pa.int64(), mask=~there)
