"""What a building management system publishes."""

from typing import Any

from tests.meters.rig import Rig

ROOT = "BMS/v1/PUB"
MAIN = "PowerMeter/ActivePower/plant/main/kW"


def metadata(object_id: str = "main", unit: str | None = "kW", **more: Any) -> dict[str, Any]:
    """Of a point of a power meter."""
    said = {
        "objectType": "PowerMeter",
        "pointType": "ActivePower",
        "objectName": object_id.upper(),
        "objectId": object_id,
        "servesId": [],
    }
    return said | ({} if unit is None else {"engUnit": unit}) | more


def describe(rig: Rig, path: str = MAIN, said: Any = None, **more: Any) -> list[Any]:
    """Metadata comes, retained."""
    said = metadata(**more) if said is None else said
    return rig.send(f"{ROOT}/Metadata/{path}", said, retain=True)


def say(
    rig: Rig, value: Any, path: str = MAIN, *, quality: Any = 1, at_ms: int | None = None
) -> list[Any]:
    """A value comes, stamped now unless said otherwise."""
    stamp = rig.now_ms if at_ms is None else at_ms
    said = {"value": value, "timestamp": stamp, "quality": quality}
    return rig.send(f"{ROOT}/Value/{path}", said)


def beat(rig: Rig, tag: str = "bms") -> None:
    """A heartbeat."""
    say(rig, rig.now_ms, f"System/HeartbeatTimestampBms/{tag}")
