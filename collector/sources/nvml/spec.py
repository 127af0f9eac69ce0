"""The little language in which the catalogue says how NVML is read.

    field NAME[/SCOPE] UNIT        one field of nvmlDeviceGetFieldValues, all of them in one call
    call FUNCTION(ARGS) UNIT       the value that FUNCTION writes
    call FUNCTION(ARGS).MEMBER ..  a member of the structure it writes, or the Nth output (.0, .1)
    call FUNCTION(ARGS)&MASK       1 where a bit of the value is set, else 0
    read READER[.OUTPUT]           what a reader finds, where the above cannot say it; it knows its
                                   units and, in place of the label value *, its labels

NAME and ARGS are constants of nvml.h or numbers. UNIT is the unit NVML uses; the value comes out
in SI units, percentages as ratios. With ` nonzero` after the UNIT, 0 at the first look means that
there is no such sensor.
"""

import re
from dataclasses import dataclass

from collector.sources.nvml.library import constant
from collector.sources.nvml.readers import READERS

UNITS = {
    "": 1.0,
    "W": 1.0,
    "mW": 1e-3,
    "mJ": 1e-3,
    "C": 1.0,
    "MHz": 1e6,
    "%": 0.01,
    "B": 1.0,
    "KiB": 1024.0,
    "MiB": 1048576.0,
    "us": 1e-6,
    "ns": 1e-9,
}
_FIELD = re.compile(
    r"field (?P<name>\w+)(?:/(?P<scope>\d+))?(?: (?P<unit>\S+))?"
    r"(?P<nonzero> nonzero)?"
)
_CALL = re.compile(
    r"call (?P<name>\w+)\((?P<args>[^)]*)\)(?:\.(?P<member>\w+)|&(?P<mask>\w+))?(?: (?P<unit>\S+))?"
    r"(?P<nonzero> nonzero)?"
)
_READ = re.compile(r"read (?P<reader>\w+)(?:\.(?P<output>\w+))?")


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """A field value."""

    field_id: int
    scope: int
    factor: float
    nonzero: bool = False


@dataclass(frozen=True, slots=True)
class CallSpec:
    """A function of its own."""

    function: str
    arguments: tuple[int, ...]
    member: str
    mask: int
    factor: float
    nonzero: bool = False


@dataclass(frozen=True, slots=True)
class ReadSpec:
    """An output of a reader."""

    reader: str
    output: str


Spec = FieldSpec | CallSpec | ReadSpec


def parse(text: str) -> Spec:
    """Parse one spec.

    Raises:
        ValueError: it is none, or names an unknown unit, constant or reader.
    """
    if match := _READ.fullmatch(text):
        if match["reader"] not in READERS:
            raise ValueError(f"unknown reader {match['reader']}; known are {', '.join(READERS)}")
        return ReadSpec(match["reader"], match["output"] or "")
    if match := _FIELD.fullmatch(text):
        return FieldSpec(
            _number(match["name"]),
            int(match["scope"] or 0),
            _factor(match["unit"]),
            nonzero=bool(match["nonzero"]),
        )
    if match := _CALL.fullmatch(text):
        arguments = tuple(_number(part.strip()) for part in match["args"].split(",") if part)
        mask = int(match["mask"], 0) if match["mask"] else 0
        return CallSpec(
            match["name"],
            arguments,
            match["member"] or "",
            mask,
            _factor(match["unit"]),
            nonzero=bool(match["nonzero"]),
        )
    raise ValueError(f"not an NVML spec: {text!r}")


def alternatives(spec: object) -> tuple[Spec, ...]:
    """Parse what stands in the catalogue: one spec or several, best first.

    Raises:
        ValueError: see `parse`.
    """
    texts = spec if isinstance(spec, tuple) else (spec,)
    return tuple(parse(str(text)) for text in texts)


def _number(text: str) -> int:
    if text.lstrip("-").isdigit():
        return int(text)
    try:
        return constant(text)
    except AttributeError:
        raise ValueError(f"nvml.h has no constant {text}") from None


def _factor(unit: str | None) -> float:
    try:
        return UNITS[unit or ""]
    except KeyError:
        raise ValueError(f"unknown unit {unit}; known are {', '.join(UNITS)}") from None
