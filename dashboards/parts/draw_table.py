"""Grafana's tables, made of ours: one query a column, merged by the row's labels."""

from collections.abc import Callable, Iterable, Mapping
from string import ascii_uppercase

from grafana_foundation_sdk.models import common, dashboard
from grafana_foundation_sdk.models import table as table_models

from dashboards.parts import panel as ours
from dashboards.parts.colours import NEUTRAL
from dashboards.parts.fields import (
    defaults,
    link_property,
    missing,
    override,
    thresholds,
    value_map,
)
from dashboards.parts.links import BOARD_OF, from_labels, link_to
from dashboards.parts.queries import PLACES

Word = Callable[[str], str]

LABEL_TITLES: Mapping[str, str] = {
    "gpu": "GPU",
    "xid": "XID",
    "uuid": "UUID",
    "pci_bus_id": "PCI bus",
    "vbios_version": "VBIOS",
    "alertname": "Alert",
}
"""Titles of label columns that are not just the label with a capital."""

_WIDTHS: Mapping[str, int] = {
    "hall": 80,
    "row": 80,
    "gpu": 50,
    "level": 100,
    "band": 95,
    "period": 60,
    "severity": 80,
    "uuid": 320,
    "xid": 320,
}
_LEAST_WIDTH = 80


def label_title(label: str) -> str:
    """The title of a label's column."""
    return LABEL_TITLES.get(label, label[:1].upper() + label[1:].replace("_", " "))


def table(panel: ours.Table, made: dashboard.Panel, variables: tuple[str, ...], word: Word) -> None:
    """Make a panel a table.

    Args:
        panel: ours.
        made: Grafana's; it is filled.
        variables: names of the dashboard's, which links carry on.
        word: a title in the reader's language.
    """
    titles = {label: word(label_title(label)) for label in panel.rows}
    values = (
        ["Value"]
        if len(panel.columns) == 1
        else [f"Value #{letter}" for letter in ascii_uppercase[: len(panel.columns)]]
    )
    shown = [
        (value, column) for value, column in zip(values, panel.columns, strict=True) if column.title
    ]
    for value, column in shown:
        titles[value] = word(column.title)
    merge = [dashboard.DataTransformerConfig(id_val="merge", options={})]
    made.transformations = [
        *(merge if len(panel.columns) > 1 else []),
        _organized(titles, hidden=[value for value in values if value not in titles]),
    ]
    if panel.sort_by or shown:
        sorted_by, descending = panel.sort_by or shown[0][1].title, not panel.ascending
    else:
        sorted_by, descending = label_title(panel.rows[0]), False
    _as_table(panel, made, [(word(sorted_by), descending)])
    assert made.field_config is not None  # noqa: S101 - set one line above
    made.field_config.overrides = [
        *(_label(panel, label, titles, variables) for label in panel.rows),
        *(_column(column, titles[value], panel.no_value) for value, column in shown),
    ]


def listing(
    panel: ours.Listing, made: dashboard.Panel, variables: tuple[str, ...], word: Word
) -> None:
    """Make a panel a table of what InfluxDB lists.

    Args:
        panel: ours.
        made: Grafana's; it is filled.
        variables: names of the dashboard's, which links carry on.
        word: a title in the reader's language.
    """
    titles = {panel.label: word(label_title(panel.label)), "value": word(panel.value)}
    made.transformations = [_organized(titles)]
    _as_table(panel, made, [(titles["value"], True)])
    link = link_to(panel.label, {panel.label: "${__value.raw}"}, variables)
    assert made.field_config is not None  # noqa: S101 - set one line above
    made.field_config.overrides = [
        override("byName", titles[panel.label], link_property(link)),
        override("byName", titles["value"], {"unit": panel.unit_id}),
    ]


def matrix(
    panel: ours.Matrix, made: dashboard.Panel, variables: tuple[str, ...], word: Word
) -> None:
    """Make a panel a matrix of coloured cells.

    Args:
        panel: ours.
        made: Grafana's; it is filled.
        variables: names of the dashboard's, which links carry on.
        word: a title in the reader's language.
    """
    made.transformations = [
        # Columns stand in the order of their first cells.
        dashboard.DataTransformerConfig(
            id_val="sortBy", options={"sort": [{"field": panel.column}]}
        ),
        dashboard.DataTransformerConfig(
            id_val="groupingToMatrix",
            options={
                "rowField": panel.row,
                "columnField": panel.column,
                "valueField": "Value",
                "emptyValue": "null",
            },
        ),
    ]
    corner = f"{panel.row}\\{panel.column}"
    heading = word(label_title(panel.row))
    _as_table(panel, made, [(heading, False)])
    assert made.field_config is not None  # noqa: S101 - set one line above
    cell = {"type": "color-background", "mode": "basic"}
    link = from_labels((panel.row,), variables)
    url = (
        {}
        if link is None
        else link_property(link_to(panel.row, {panel.row: "${__value.text}"}, variables))
    )
    made.field_config.overrides = [
        override("byType", "number", {"custom.cellOptions": cell, "custom.align": "center"}),
        override("byName", corner, {"displayName": heading, **url}),
    ]


def _organized(
    titles: Mapping[str, str], hidden: Iterable[str] = ()
) -> dashboard.DataTransformerConfig:
    """Columns in their order, under their titles, without the time."""
    return dashboard.DataTransformerConfig(
        id_val="organize",
        options={
            "excludeByName": dict.fromkeys(("Time", *hidden), True),
            "indexByName": {name: index for index, name in enumerate(titles)},
            "renameByName": dict(titles),
        },
    )


def _as_table(panel: ours.Panel, made: dashboard.Panel, sorted_by: list[tuple[str, bool]]) -> None:
    made.type_val = "table"
    options = table_models.Options(
        show_header=True,
        cell_height=common.TableCellHeight.SM,
        sort_by=[
            common.TableSortByFieldState(display_name=name, desc=descending)
            for name, descending in sorted_by
        ],
    )
    options.footer = None  # the SDK's own is no longer Grafana's
    made.options = options
    shown = _plain(panel)
    if isinstance(panel, ours.Matrix):
        shown = defaults(panel, "thresholds")
        shown.mappings = [missing(panel.no_value, "transparent")]
    made.field_config = dashboard.FieldConfigSource(defaults=shown)


def _plain(panel: ours.Panel) -> dashboard.FieldConfig:
    custom = common.TableFieldOptions(
        min_width=_LEAST_WIDTH, cell_options=common.TableAutoCellOptions()
    )
    return dashboard.FieldConfig(no_value=panel.no_value, mappings=[], custom=custom)


def _label(
    panel: ours.Table, label: str, titles: Mapping[str, str], variables: tuple[str, ...]
) -> dashboard.DashboardFieldConfigSourceOverrides:
    properties: dict[str, object] = {}
    if label in _WIDTHS:
        properties["custom.width"] = _WIDTHS[label]
    if meanings := panel.label_meanings.get(label):
        properties |= {
            "mappings": value_map(meanings),
            "custom.cellOptions": {"type": "color-text"},
            "thresholds": thresholds(NEUTRAL),
            "color": {"mode": "thresholds"},
        }
    if label in BOARD_OF:
        wider = [one for one in panel.rows if _is_above(one, label)]
        values = {one: f'${{__data.fields["{titles[one]}"]}}' for one in wider}
        values[label] = "${__value.raw}"
        properties |= link_property(link_to(label, values, variables))
    return override("byName", titles[label], properties)


def _is_above(one: str, label: str) -> bool:
    return one in PLACES and label in PLACES and PLACES.index(one) < PLACES.index(label)


def _column(
    column: ours.Column, title: str, no_value: str
) -> dashboard.DashboardFieldConfigSourceOverrides:
    properties: dict[str, object] = {
        "unit": column.unit_id,
        "thresholds": thresholds(column.steps),
        "color": {"mode": "thresholds"},
        "custom.cellOptions": {"type": "color-text"},
        "mappings": [*value_map(column.meanings), missing(no_value)],
    }
    if column.gauge:
        gauge = {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}
        properties |= {"custom.cellOptions": gauge, "min": 0, "max": 1}
    if column.decimals is not None:
        properties["decimals"] = column.decimals
    if column.width:
        properties["custom.width"] = column.width
    return override("byName", title, properties)
