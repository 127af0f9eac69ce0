"""The values of nvmlDeviceGetFieldValues that a test or a profile sets."""

import ctypes
import enum
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, cast

from tests.fake_nvml import layout
from tests.fake_nvml.codes import UINT32_MAX, UINT64_MAX
from tests.fake_nvml.groups import Group
from tests.fake_nvml.layout import FieldState, GpuState
from tests.fake_nvml.part import Machine, Part

ALL_LINKS: Final = UINT32_MAX
"""The scope that stands for the sum over all links."""
_ANY_SCOPE: Final = 0xFFFFFFFE
_NO_SCOPE: Final = 0xFFFFFFFD
_IS_SUM: Final = 1
_IS_HIDDEN: Final = 2


class ValueType(enum.IntEnum):
    """NVML_VALUE_TYPE_*."""

    DOUBLE = 0
    UINT = 1
    ULONG = 2
    ULONGLONG = 3
    LONGLONG = 4
    INT = 5
    USHORT = 6


@dataclass(frozen=True, slots=True)
class FieldSeed:
    """A field's value to begin with.

    Attributes:
        scope: of which scope; None: of any.
        is_sum: the value is the sum over the field's other scopes.
        is_hidden: the driver does not know the field, but a function of its own does.
    """

    field: int
    value: int = 0
    scope: int | None = None
    kind: ValueType = ValueType.ULONGLONG
    group: Group = Group.OTHER_FIELDS
    is_sum: bool = False
    is_hidden: bool = False


def _raw_scope(scope: int | None) -> int:
    return _ANY_SCOPE if scope is None else scope


def _bits(value: float, kind: ValueType) -> int:
    if kind is ValueType.DOUBLE:
        return int.from_bytes(struct.pack("<d", value), "little")
    return int(value) & UINT64_MAX


class FieldTable:
    """Seeds as the bytes that go into the state file: made once, copied for each GPU.

    Attributes:
        entries: the entries, one after another.
        heads: for each field its last entry, the first of a chain.
        places: where the entry of a field and raw scope is.
    """

    def __init__(self, seeds: Sequence[FieldSeed]) -> None:
        if len(seeds) > layout.FIELDS_MAX:
            raise ValueError("no room for so many fields")
        heads = (ctypes.c_uint32 * layout.FIELD_IDS_MAX)()
        entries = (FieldState * len(seeds))()
        self.places: dict[tuple[int, int], int] = {}
        for position, seed in enumerate(seeds):
            scope = _raw_scope(seed.scope)
            entries[position] = FieldState(
                field_id=seed.field,
                scope_id=scope,
                value_type=seed.kind,
                group=seed.group,
                flags=_IS_SUM * seed.is_sum | _IS_HIDDEN * seed.is_hidden,
                next=heads[seed.field],
                value=_bits(seed.value, seed.kind),
            )
            heads[seed.field] = position + 1
            self.places[seed.field, scope] = position
        self.entries, self.heads = bytes(entries), bytes(heads)


class Fields(Part):
    """Field values, beside those that the sensors and readings answer.

    What is set here takes precedence over them, also in the function that gives
    the same value (nvmlDeviceGetRemappedRows is the fields 142 to 145).
    """

    def __init__(self, machine: Machine, index: int) -> None:
        super().__init__(machine, index)
        self._places: dict[tuple[int, int], int] = {}

    def seed_fields(self, table: FieldTable) -> None:
        """Put the whole table anew, before a client starts."""
        with self._update("field_sequence") as state:
            for member, content in (
                (GpuState.fields, table.entries),
                (GpuState.field_heads, table.heads),
            ):
                ctypes.memmove(ctypes.addressof(state) + member.offset, content, len(content))
            state.field_count = len(table.places)
        self._places = dict(table.places)

    def set_field(
        self,
        field: int,
        value: float,
        *,
        scope: int | None = None,
        kind: ValueType | None = None,
    ) -> None:
        """Make a field read a value; `scope` None: whatever the scope.

        Without a type it keeps its own, or becomes an unsigned long long.
        """
        with self._update("field_sequence"):
            entry = self._entry(field, scope)
            if kind is not None:
                entry.value_type = kind
            entry.value = _bits(value, ValueType(entry.value_type))
            entry.rate_per_second = 0.0
            entry.result = 0
            entry.flags = 0

    def count_field(
        self,
        field: int,
        per_second: float,
        *,
        scope: int | None = None,
        start: int | None = None,
        kind: ValueType | None = None,
    ) -> int:
        """Let a field grow from now on, by default from what it reads; returns now in ns.

        An unsigned int wraps at 32 bits, as the real ones do.
        """
        now = time.monotonic_ns()
        begin = self.expected_field(field, now, scope=scope) if start is None else start
        self.set_field(field, begin or 0, scope=scope, kind=kind)
        with self._update("field_sequence"):
            entry = self._entry(field, scope)
            entry.since_nanoseconds = now - self.epoch_nanoseconds
            entry.rate_per_second = per_second
        return now

    def sum_field(self, field: int, *, scope: int = ALL_LINKS) -> None:
        """Make a field's scope the sum over its other scopes."""
        with self._update("field_sequence"):
            entry = self._entry(field, scope)
            entry.flags = _IS_SUM
            entry.result = 0

    def fail_field(self, field: int, code: int, *, scope: int | None = None) -> None:
        """Give a field an nvmlReturn of its own; set_field() ends it."""
        with self._update("field_sequence"):
            entry = self._entry(field, scope)
            entry.result = code
            entry.flags &= ~_IS_HIDDEN

    def remove_field(self, field: int, *, scope: int | None = None) -> None:
        """Forget a value: the sensor answers, or NOT_SUPPORTED."""
        place = self._places.pop((field, _raw_scope(scope)), None)
        if place is not None:
            with self._update("field_sequence") as state:
                state.fields[place].scope_id = _NO_SCOPE

    def expected_field(
        self, field: int, monotonic_nanoseconds: int, *, scope: int | None = None
    ) -> int | None:
        """What a field that was set reads at an instant; None: it was not set.

        Of a double: its bits.
        """
        place = self._places.get((field, _raw_scope(scope)))
        if place is None:
            place = self._places.get((field, _ANY_SCOPE))
        if place is None:
            return None
        entry = self.state.fields[place]
        if entry.flags & _IS_SUM:
            value = sum(
                self._grown(self.state.fields[other], monotonic_nanoseconds)
                for (number, _), other in self._places.items()
                if number == field and not self.state.fields[other].flags & _IS_SUM
            )
        else:
            value = self._grown(entry, monotonic_nanoseconds)
        return value % 2**32 if entry.value_type == ValueType.UINT else value

    def _grown(self, entry: FieldState, monotonic_nanoseconds: int) -> int:
        elapsed = float(
            monotonic_nanoseconds - self.epoch_nanoseconds - int(entry.since_nanoseconds)
        )
        rate = float(entry.rate_per_second)
        grown = int(rate * elapsed / 1e9) if rate > 0 and elapsed > 0 else 0
        return int(entry.value) + grown

    def _entry(self, field: int, scope: int | None) -> FieldState:
        """The entry of a field, made if there is none; call it within an update."""
        if not 0 < field < layout.FIELD_IDS_MAX:
            raise ValueError(f"no field {field}")
        state, raw_scope = self.state, _raw_scope(scope)
        place = self._places.get((field, raw_scope))
        if place is not None:
            return cast("FieldState", state.fields[place])
        place = int(state.field_count)
        if place >= layout.FIELDS_MAX:
            raise ValueError("no room for so many fields")
        entry = cast("FieldState", state.fields[place])
        head = int(state.field_heads[field])
        model = state.fields[head - 1] if head else None
        entry.field_id = field
        entry.scope_id = raw_scope
        entry.value_type = model.value_type if model else ValueType.ULONGLONG
        entry.group = model.group if model else Group.OTHER_FIELDS
        entry.next = head
        state.field_heads[field] = place + 1
        state.field_count = place + 1
        self._places[field, raw_scope] = place
        return entry
