"""What a metadata message says of its point."""

from dataclasses import dataclass
from typing import Any

from collector.sources.meters.dsx.points import POINTS, Side, named, side_of
from collector.sources.meters.reading import Quantity
from collector.sources.meters.rejection import Reason, Rejected
from collector.sources.meters.units import Unit, UnknownUnitError, unit_of
from collector.sources.meters.values import json_of, kind

_LONGEST_TEXT = 256
_MOST_SERVED = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """One point's description.

    Attributes:
        object_id: the object that it belongs to: `rackLocationId`, `objectId` or `associateId`.
        quantity: what it measures; None for a point that is not read.
        unit: how its values become SI.
        point: what tells it from others of its quantity on the same object.
        serves: ids that the object feeds; None when it does not say, or is a part of another.
        scope: of a heartbeat, which topics it vouches for.
    """

    object_id: str
    quantity: Quantity | None
    unit: Unit
    point: str
    serves: tuple[str, ...] | None
    scope: str


def metadata_of(object_type: str, point_type: str, payload: bytes) -> Metadata:
    """Read a metadata message.

    Raises:
        Rejected: it is not what the contract says, or its unit is unknown.
    """
    said = json_of(payload)
    if type(said) is not dict:
        raise Rejected(Reason.WRONG_TYPE, f"metadata is an object, not {kind(said)}")
    object_id = ""
    for key in ("rackLocationId", "objectId", "associateId"):
        object_id = object_id or _text(said, key)
    areas = _texts(said, "processArea")
    quantity: Quantity | Side | None = POINTS.get(object_type, {}).get(point_type)
    if isinstance(quantity, Side):
        quantity = side_of(areas)
    if said.get("isSetpoint") is True or said.get("phase") is not None:
        quantity = None
    point = "" if quantity is None else named(quantity, point_type, areas)
    return Metadata(
        object_id=object_id,
        quantity=quantity,
        unit=Unit(1.0) if quantity is None else _unit(quantity, said),
        point=_checked(point, "processArea"),
        serves=_texts(said, "servesId") if _text(said, "objectId") else None,
        scope=_text(said, "scope"),
    )


def _unit(quantity: Quantity, said: dict[str, Any]) -> Unit:
    try:
        return unit_of(quantity, _text(said, "engUnit"))
    except UnknownUnitError as error:
        raise Rejected(Reason.UNKNOWN_UNIT, str(error)) from None


def _text(said: dict[str, Any], key: str) -> str:
    value = said.get(key)
    if value is None:
        return ""
    return _checked(value, key)


def _texts(said: dict[str, Any], key: str) -> tuple[str, ...]:
    value = said.get(key)
    if value is None:
        return ()
    if type(value) is str:
        return (_checked(value, key),)
    if type(value) is not list or len(value) > _MOST_SERVED:
        raise Rejected(Reason.WRONG_TYPE, f"{key} is an array of texts, not {kind(value)}")
    return tuple(_checked(one, key) for one in value)


def _checked(value: object, key: str) -> str:
    if type(value) is not str or len(value) > _LONGEST_TEXT:
        raise Rejected(Reason.WRONG_TYPE, f"{key} is a text of up to {_LONGEST_TEXT} characters")
    return value
