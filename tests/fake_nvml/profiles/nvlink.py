"""NVLink by generation, as field values."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tests.fake_nvml.fields import ALL_LINKS, FieldSeed, ValueType
from tests.fake_nvml.groups import Group

_GROUP = Group.NVLINK
_LANES = 12
# First field of links 0 to 5, of links 6 to 11, of the total: flow-control CRC,
# data CRC, replay, recovery.
_LANE_ERRORS = ((32, 96, 38), (39, 102, 45), (46, 108, 52), (53, 114, 59))
_LANE_ECC = (148, 154, 160)
_THROUGHPUT = range(138, 142)
# Packets and bytes; errors; recoveries; effective and symbol errors; FEC history.
_COUNTS = (*range(201, 205), *range(206, 216), *range(219, 223), *range(235, 251))


@dataclass(frozen=True, slots=True)
class NvLink:
    """The links of a board.

    Attributes:
        version: NVML_NVLINK_VERSION_*.
        speed_megabytes_per_second: of one link and direction, as nvidia-smi shows it.
        errors: how they are counted: fields for each link (Ampere), fields with the link as
            scope (Hopper), or NVML_FI_DEV_NVLINK_COUNT_* (Blackwell).
        remote: 0: the other ends are GPUs; 2: switches.
    """

    links: int
    version: int
    speed_megabytes_per_second: int
    errors: Literal["lanes", "scopes", "counts"]
    remote: int = 2

    def seeds(self) -> Iterator[FieldSeed]:
        """All fields of the links, at rest and without errors."""
        yield _uint(91, self.links)
        yield _uint(90, self.speed_megabytes_per_second)
        yield _uint(147, self.links if self.remote else 0)
        for link in range(min(self.links, _LANES)):
            yield _uint(84 + link if link < 6 else 132 + link - 6, self.speed_megabytes_per_second)
        for link in range(self.links):
            yield _uint(146, link, link)
            yield _uint(164, self.speed_megabytes_per_second, link)
            yield _uint(165, 1, link)
            yield _uint(166, self.version, link)
            yield _uint(167, 0, link)
        yield from _scoped(_THROUGHPUT, self.links, 1_000_000)
        if self.errors == "lanes":
            for low, high, total in (*_LANE_ERRORS, _LANE_ECC):
                for link in range(min(self.links, _LANES)):
                    yield FieldSeed(low + link if link < 6 else high + link - 6, group=_GROUP)
                yield FieldSeed(total, group=_GROUP)
        elif self.errors == "scopes":
            for _, _, total in _LANE_ERRORS:
                yield FieldSeed(total, group=_GROUP)
            for field in range(161, 164):
                for link in range(self.links):
                    yield FieldSeed(field, scope=link, group=_GROUP)
        else:
            yield from _scoped(_COUNTS, self.links, 0)


def _uint(field: int, value: int, scope: int | None = None) -> FieldSeed:
    return FieldSeed(field, value, scope, ValueType.UINT, _GROUP)


def _scoped(fields: range | tuple[int, ...], links: int, start: int) -> Iterator[FieldSeed]:
    """A count for each link, and their sum."""
    for field in fields:
        for link in range(links):
            yield FieldSeed(field, start, link, group=_GROUP)
        yield FieldSeed(field, scope=ALL_LINKS, group=_GROUP, is_sum=True)
