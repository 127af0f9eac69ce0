"""How Grafana is told to show a field: unit, thresholds, meanings, overrides, links."""

from collections.abc import Mapping

from grafana_foundation_sdk.models import dashboard

from dashboards.parts.colours import Steps
from dashboards.parts.links import Link
from dashboards.parts.panel import Meanings, Panel


def thresholds(steps: Steps) -> dashboard.ThresholdsConfig:
    """Grafana's thresholds; absolute, for the values are shares of the real limits already."""
    return dashboard.ThresholdsConfig(
        mode=dashboard.ThresholdsMode.ABSOLUTE,
        steps=[
            dashboard.Threshold(value=None, color=steps.base),
            *(dashboard.Threshold(value=value, color=colour) for value, colour in steps.steps),
        ],
    )


def value_map(meanings: Meanings) -> list[dashboard.ValueMapping]:
    """Grafana's value mappings; none for no meanings."""
    if not meanings:
        return []
    return [
        dashboard.ValueMap(
            options={
                value: dashboard.ValueMappingResult(
                    text=meaning.text, color=meaning.colour or None, index=index
                )
                for index, (value, meaning) in enumerate(meanings.items())
            }
        )
    ]


def missing(text: str, colour: str = "text") -> dashboard.ValueMapping:
    """What a cell without a value shows: never the colour of a low value.

    Args:
        text: what stands there.
        colour: of it, or of the cell where that is filled.
    """
    shown = dashboard.ValueMappingResult(text=text, color=colour, index=0)
    match = dashboard.SpecialValueMatch.NULL_AND_NAN
    return dashboard.SpecialValueMap(
        options=dashboard.DashboardSpecialValueMapOptions(match=match, result=shown)
    )


def defaults(panel: Panel, colour_mode: str, custom: object = None) -> dashboard.FieldConfig:
    """What holds for all fields of a panel.

    Args:
        panel: ours.
        colour_mode: Grafana's `thresholds` or `palette-classic`.
        custom: the panel type's own field configuration.
    """
    return dashboard.FieldConfig(
        unit=panel.unit_id,
        decimals=panel.decimals,
        mappings=value_map(panel.meanings),
        thresholds=thresholds(panel.steps),
        color=dashboard.FieldColor(mode=dashboard.FieldColorModeId(colour_mode)),
        no_value=panel.no_value,
        custom=custom,
    )


def override(
    matcher: str, options: object, properties: Mapping[str, object]
) -> dashboard.DashboardFieldConfigSourceOverrides:
    """What holds for some fields.

    Args:
        matcher: Grafana's `byName`, `byRegexp` or `byType`.
        options: what the matcher looks for.
        properties: by Grafana's property id, its value.
    """
    return dashboard.DashboardFieldConfigSourceOverrides(
        matcher=dashboard.MatcherConfig(id_val=matcher, options=options),
        properties=[
            dashboard.DynamicConfigValue(id_val=key, value=value)
            for key, value in properties.items()
        ],
    )


def override_numbers(
    properties: Mapping[str, object],
) -> dashboard.DashboardFieldConfigSourceOverrides:
    """What holds for all fields that are numbers."""
    return override("byType", "number", properties)


def link_property(link: Link) -> dict[str, object]:
    """A data link, as a property of an override."""
    return {"links": [{"title": link.title, "url": link.url, "targetBlank": False}]}
