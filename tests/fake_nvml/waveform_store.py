"""Writes waveforms into the state file."""

from tests.fake_nvml import layout
from tests.fake_nvml.layout import SegmentState, State
from tests.fake_nvml.waveforms import AnyWaveform, Constant, Sine, Square, Table


class WaveformStore:
    """The tables of waveforms that the state file holds, shared by all GPUs."""

    def __init__(self) -> None:
        self._table_points = 0
        self._tables: dict[int, tuple[Table, int]] = {}

    def store(self, state: State, raw: SegmentState, waveform: AnyWaveform) -> None:
        """Write a waveform into a segment.

        Raises:
            ValueError: there is no room for its table.
        """
        raw.phase_nanoseconds = waveform.phase_nanoseconds
        match waveform:
            case Constant():
                raw.kind = 0
                raw.low_milliwatts = waveform.milliwatts
            case Square():
                raw.kind = 1
                raw.period_nanoseconds = waveform.period_nanoseconds
                raw.high_nanoseconds = waveform.high_nanoseconds
                raw.low_milliwatts = waveform.low_milliwatts
                raw.high_milliwatts = waveform.high_milliwatts
            case Sine():
                raw.kind = 2
                raw.period_nanoseconds = waveform.period_nanoseconds
                raw.low_milliwatts = waveform.low_milliwatts
                raw.high_milliwatts = waveform.high_milliwatts
            case Table():
                raw.kind = 3
                raw.period_nanoseconds = waveform.period_nanoseconds
                raw.table_first = self._store_table(state, waveform)
                raw.table_count = len(waveform.steps)

    def _store_table(self, state: State, table: Table) -> int:
        known = self._tables.get(id(table))
        if known is not None:
            return known[1]
        first = self._table_points
        if first + len(table.steps) > layout.TABLE_POINTS_MAX:
            raise ValueError("no room for so many table points")
        offset = energy = 0
        for slot, (duration, power) in enumerate(table.steps, first):
            point = state.table[slot]
            point.offset_nanoseconds = offset
            point.power_milliwatts = power
            point.energy_before_picojoules = energy
            offset += duration
            energy += duration * power
        self._table_points += len(table.steps)
        # Held, so that its id stays its own.
        self._tables[id(table)] = (table, first)
        return first
