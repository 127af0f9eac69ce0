"""The map file: which topics and which Sparkplug metrics are which meter's what."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from collector.config.load import ConfigError
from collector.shown import quoted, shown, value_shown
from collector.sources.meters.conversion import Conversion
from collector.sources.meters.reading import Quantity, Shape
from collector.sources.meters.sparkplug.rule import ANY, MetricRule
from collector.sources.meters.topicmap.pointer import pointer_of
from collector.sources.meters.topicmap.rule import TopicRule
from collector.sources.meters.topicmap.stamp import TimeFormat, stamp_reader
from collector.sources.meters.units import unit_of
from collector.toml import TomlError, bytes_of, tables_of

_LARGEST_SCALE = 1e12
_MOST_BYTES = 16 << 20
"""A map of 50,000 points, each written out, has half of it."""
_MOST_SENTENCES = 50
_MOST_WORDS = 400


@dataclass(frozen=True, slots=True)
class MapFile:
    """A map file, checked."""

    topics: tuple[TopicRule, ...] = ()
    metrics: tuple[MetricRule, ...] = ()


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    meter: str = Field(min_length=1)
    quantity: Quantity
    scale: float = Field(default=1.0, ge=-_LARGEST_SCALE, le=_LARGEST_SCALE, allow_inf_nan=False)
    point: str = ""

    @model_validator(mode="after")
    def _one_power_a_meter(self) -> Self:
        if self.point and self.quantity in {Quantity.POWER, Quantity.ENERGY}:
            raise ValueError("point is not for power and energy: a meter has one of each")
        return self


class _Topic(_Entry):
    topic: str = Field(min_length=1)
    unit: str = ""
    shape: Shape = Shape.SAMPLED
    value: str = ""
    time: str | None = None
    time_format: TimeFormat = TimeFormat.MILLISECONDS
    time_zone: str = ""
    quality: str | None = None
    good: tuple[str | int | float | bool, ...] = ()

    @field_validator("topic")
    @classmethod
    def _levels(cls, value: str) -> str:
        levels = value.split("/")
        if "#" in value or any("+" in level and level != "+" for level in levels):
            raise ValueError("allowed is a topic whose levels may be +; # is not")
        return value

    @field_validator("value", "time", "quality")
    @classmethod
    def _pointer(cls, value: str | None) -> str | None:
        if value is not None:
            pointer_of(value)
        return value

    @field_validator("time_zone")
    @classmethod
    def _zone(cls, value: str) -> str:
        try:
            return ZoneInfo(value).key if value else ""
        except (ValueError, OSError, LookupError):
            raise ValueError("allowed is a time zone such as Asia/Seoul") from None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        unit_of(self.quantity, self.unit)
        if (self.quality is None) != (not self.good):
            raise ValueError("quality and good belong together: set both or none")
        return self

    def rule(self) -> TopicRule:
        """What the entry says."""
        zone = ZoneInfo(self.time_zone) if self.time_zone else None
        return TopicRule(
            pattern=tuple(self.topic.split("/")),
            meter=self.meter,
            conversion=Conversion(
                quantity=self.quantity,
                unit=unit_of(self.quantity, self.unit),
                scale=self.scale,
                shape=self.shape,
                point=self.point,
            ),
            value=pointer_of(self.value),
            time=None if self.time is None else pointer_of(self.time),
            stamp=None if self.time is None else stamp_reader(self.time_format, zone),
            quality=None if self.quality is None else pointer_of(self.quality),
            good=self.good,
        )


class _Metric(_Entry):
    metric: str = Field(min_length=1)
    node: str = Field(default=ANY, min_length=1)
    device: str = ""
    unit: str | None = None
    shape: Shape = Shape.HELD

    @model_validator(mode="after")
    def _known_unit(self) -> Self:
        if self.unit is not None:
            unit_of(self.quantity, self.unit)
        return self

    def rule(self) -> MetricRule:
        """What the entry says."""
        return MetricRule(**self.model_dump())


_TABLES: dict[str, type[_Topic | _Metric]] = {"topic": _Topic, "sparkplug": _Metric}


def load_map(path: Path) -> MapFile:
    """Read a map file.

    Raises:
        ConfigError: with one sentence for each mistake.
    """
    tables = _read(path)
    sentences = [
        f"{path}: unknown table {shown(name)}; known here are [[topic]] and [[sparkplug]]"
        for name in tables
        if name not in _TABLES
    ]
    topics: list[TopicRule] = []
    metrics: list[MetricRule] = []
    for name in _TABLES.keys() & tables.keys():
        entries = tables[name]
        if not isinstance(entries, list):
            sentences.append(f"{path}: {name} is written [[{name}]], once for each entry")
            continue
        for number, entry in enumerate(entries, start=1):
            try:
                rule = _TABLES[name].model_validate(entry).rule()
            except ValidationError as error:
                where = f"{path}, [[{name}]] number {number}"
                sentences += [_sentence(where, detail) for detail in error.errors()]
                continue
            if isinstance(rule, TopicRule):
                topics.append(rule)
            else:
                metrics.append(rule)
    if len(sentences) > _MOST_SENTENCES:
        more = len(sentences) - _MOST_SENTENCES
        sentences[_MOST_SENTENCES:] = [f"... and {more} more mistakes"]
    if sentences:
        raise ConfigError("\n".join(sentences))
    return MapFile(tuple(topics), tuple(metrics))


def _read(path: Path) -> dict[str, Any]:
    try:
        return tables_of(bytes_of(path, _MOST_BYTES).decode())
    except TomlError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from None
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not text"
        raise ConfigError(
            f"the map file {path} (meters.mqtt.map_file) cannot be read: {why}"
        ) from None


def _sentence(where: str, detail: Any) -> str:
    key = ".".join(shown(part) for part in detail["loc"] if isinstance(part, str))
    said = shown(detail["msg"].removeprefix("Value error, "), _MOST_WORDS)
    if detail["type"] == "missing":
        return f"{where}: {key} is missing"
    if detail["type"] == "extra_forbidden":
        return f"{where}: {key} is no key of it"
    if not key:
        return f"{where}: {said}"
    given = detail["input"]
    given = quoted(given) if isinstance(given, str) else value_shown(given)
    return f"{where}: {key} = {given}: {said}"
