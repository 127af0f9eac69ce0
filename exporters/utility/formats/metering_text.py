"""What a report says of its interval data, as a text for people."""

from collections.abc import Mapping
from typing import Any

from exporters.utility.tariff.money import plain

_TOLD = 10


def metering_text(metering: Mapping[str, Any]) -> str:
    """The part `metering` of a report's document: meters, quality, gaps, findings."""
    billed = metering["billed"]
    energy, estimated = plain(billed["energy_kwh"]), plain(billed["estimated_kwh"])
    qualities = ", ".join(f"{number} {name}" for name, number in billed["quality"].items())
    rows = [
        f"  readings from {metering['source']}, {metering['site']}, days of {metering['zone']}",
        f"    {', '.join(billed['meters'])}: {energy} kWh, {estimated} estimated or edited",
        f"    quality of quarter-hours: {qualities}",
    ]
    for meter in metering["meters"]:
        rows += [
            f"    gap of {meter['meter']}: {gap['start']} to {gap['end']}, "
            f"{gap['readings']} quarter-hours"
            for gap in meter["gaps"][:_TOLD]
        ]
        rows += _more(len(meter["gaps"]))
        rows += [
            f"    {meter['meter']}: {each['start']} to {each['end']}: {each['rule']}: "
            f"{each['text']}"
            for each in meter["findings"][:_TOLD]
        ]
        rows += _more(meter["findings_count"])
        if meter["changes_count"]:
            rows.append(f"    {meter['meter']}: {meter['changes_count']} quarter-hours changed")
    rows += [f"    note: {note}" for note in metering["notes"]]
    return "\n".join(rows) + "\n"


def _more(count: int) -> list[str]:
    return [f"      and {count - _TOLD} more"] if count > _TOLD else []
