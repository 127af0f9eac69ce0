"""What a report says beside interval data and bills, as plain values for `report.json`."""

from decimal import Decimal
from typing import Any

from exporters.utility.formats.content import Content
from exporters.utility.report.impact import impact
from exporters.utility.report.sources import series_sha256
from exporters.utility.report.values import Carbon, Extras, GridImpact, Peak, Pue
from exporters.utility.split.document import split_document

_WH_PER_KWH = 1000


def extras_document(content: Content, extras: Extras) -> dict[str, Any]:
    """PUE, carbon, grid impact, split and sources; null where there is none."""
    return {
        "contract_kw": extras.contract_kw,
        "pue": _pue(extras.pue) if extras.pue else None,
        "carbon": [_carbon(each) for each in extras.carbon],
        "grid_impact": _impact(impact(content.metering.billed)),
        "split": split_document(extras.split, extras.split_missing),
        "sources": [
            *(
                {"kind": each.kind, "name": each.name, "sha256": each.sha256}
                for each in extras.sources
            ),
            *(
                {"kind": kind, "name": name, "sha256": series_sha256(series)}
                for name, checked in content.metering.meters.items()
                for kind, series in (
                    ("quarter_hours_found", checked.before),
                    ("quarter_hours", checked.series),
                )
            ),
        ],
        "version": extras.version,
    }


def _pue(found: Pue) -> dict[str, Any]:
    return {
        "value": found.value,
        "category": found.category,
        "coverage_ratio": _ratio(found.coverage_ratio),
        "interim": found.interim,
        "dc_meters": list(found.dc_meters),
        "dc_kwh": Decimal(found.dc_wh) / _WH_PER_KWH,
        "it_meters": list(found.it_meters),
        "it_kwh": Decimal(found.it_wh) / _WH_PER_KWH,
    }


def _carbon(found: Carbon) -> dict[str, Any]:
    return {
        "name": found.name,
        "kg": Decimal(found.grams) / 1000,
        "without_factor_kwh": Decimal(found.without_wh) / _WH_PER_KWH,
        "parts": [
            {
                "valid_from": part.valid_from.isoformat(),
                "kg_per_kwh": part.kg_per_kwh,
                "source": part.source,
                "start": part.start.isoformat(),
                "end": part.end.isoformat(),
                "energy_kwh": Decimal(part.energy_wh) / _WH_PER_KWH,
                "kg": Decimal(part.grams) / 1000,
            }
            for part in found.parts
        ],
    }


def _impact(found: GridImpact) -> dict[str, Any]:
    return {
        "peaks": [_peak(each) for each in found.peaks],
        "mean_kw": found.mean_kw,
        "load_factor_ratio": found.load_factor,
        "ramp_up_15min": _peak(found.ramp_up),
        "ramp_down_15min": _peak(found.ramp_down),
    }


def _peak(found: Peak | None) -> dict[str, Any] | None:
    return None if found is None else {"at": found.at.isoformat(), "kw": found.kw}


def _ratio(value: float) -> Decimal:
    return Decimal(str(round(value, 6)))
