"""Sparkplug B payloads, put together byte by byte: what is decoded is not what encoded."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
INT32, INT64, UINT32, FLOAT, DOUBLE, BOOLEAN, STRING = 3, 4, 7, 9, 10, 11, 12


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*out, value))


def number(tag: int, value: int) -> bytes:
    return varint(tag << 3 | VARINT) + varint(value)


def chunk(tag: int, value: bytes) -> bytes:
    return varint(tag << 3 | BYTES) + varint(len(value)) + value


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric; what is None is left out."""

    value: float | str | None = None
    kind: int = DOUBLE
    name: str | None = None
    alias: int | None = None
    at_ms: int | None = None
    typed: bool = True
    null: bool = False
    properties: Mapping[str, str | int] = field(default_factory=dict)

    def encode(self) -> bytes:
        out = b"" if self.name is None else chunk(1, self.name.encode())
        out += b"" if self.alias is None else number(2, self.alias)
        out += b"" if self.at_ms is None else number(3, self.at_ms)
        out += number(4, self.kind) if self.typed else b""
        out += number(7, 1) if self.null else b""
        out += _properties(self.properties) if self.properties else b""
        return out + _value(self.kind, self.value)


def payload(
    *metrics: Metric, seq: int | None = None, at_ms: int | None = None, more: bytes = b""
) -> bytes:
    """A payload; `more` is added as it is."""
    out = b"" if at_ms is None else number(1, at_ms)
    out += b"".join(chunk(2, metric.encode()) for metric in metrics)
    return out + (b"" if seq is None else number(3, seq)) + more


def _value(kind: int, value: float | str | None) -> bytes:
    match kind, value:
        case _, None:
            return b""
        case _, str():
            return chunk(15, value.encode())
        case 3, int():
            return number(10, value & 0xFFFFFFFF)
        case 4, int():
            return number(11, value & 0xFFFFFFFFFFFFFFFF)
        case 7, int():
            return number(10, value & 0xFFFFFFFF)
        case 9, _:
            return varint(12 << 3 | FIXED32) + struct.pack("<f", value)
        case 11, _:
            return number(14, int(bool(value)))
    return varint(13 << 3 | FIXED64) + struct.pack("<d", value)


def _properties(said: Mapping[str, str | int]) -> bytes:
    keys = b"".join(chunk(1, key.encode()) for key in said)
    out = b""
    for value in said.values():
        text = isinstance(value, str)
        inner = number(1, STRING if text else INT32)
        inner += chunk(8, value.encode()) if isinstance(value, str) else number(3, value)
        out += chunk(2, inner)
    return chunk(9, keys + out)
