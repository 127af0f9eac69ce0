"""Grafana's panels, made of ours."""

from collections.abc import Callable
from dataclasses import dataclass
from string import ascii_uppercase

from grafana_foundation_sdk.models import (
    bargauge,
    common,
    dashboard,
    prometheus,
    statetimeline,
    timeseries,
)
from grafana_foundation_sdk.models import stat as stat_models

from dashboards.parts import panel as ours
from dashboards.parts import units
from dashboards.parts.draw_table import listing, matrix, table
from dashboards.parts.fields import (
    defaults,
    link_property,
    override,
    override_numbers,
    value_map,
)
from dashboards.parts.influx import InfluxDataquery
from dashboards.parts.links import from_labels
from dashboards.parts.queries import AnyQuery, InfluxQuery
from dashboards.parts.words import description

PROMETHEUS = common.DataSourceRef(type_val="prometheus", uid="${datasource}")
INFLUXDB = common.DataSourceRef(type_val="influxdb", uid="${influxdb}")
_AREA, _STACKED_AREA = 0, 40
_LEGEND_WIDTH = 560
_SOFT_MAX = {units.RATIO: 0.01, units.COUNT: 4.0, units.PER_SECOND: 1.0}
"""How far an axis goes at least, so that a line of zeros lies on sensible ground."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a panel needs to know of its dashboard.

    Attributes:
        variables: names of the dashboard's.
        word: a title in the reader's language.
    """

    variables: tuple[str, ...]
    word: Callable[[str], str]


def drawn(panel: ours.Panel, context: Context) -> dashboard.Panel:
    """Grafana's panel, without id and position."""
    instant = isinstance(panel, ours.Stat | ours.Bars | ours.Table | ours.Matrix)
    as_table = isinstance(panel, ours.Table | ours.Matrix)
    made = dashboard.Panel(
        title=context.word(panel.heading),
        description=description(panel.says, panel.shown),
        transparent=None,
        datasource=_source(panel.shown[0]),
        targets=[
            _target(query, letter, instant=instant, as_table=as_table)
            for query, letter in zip(panel.shown, ascii_uppercase, strict=False)
        ],
        time_from=panel.time_from or None,
        time_shift=panel.time_shift or None,
        interval=panel.step or None,
    )
    match panel:
        case ours.Stat():
            _stat(panel, made)
        case ours.Lines():
            _lines(panel, made)
        case ours.Bars():
            _bars(panel, made)
        case ours.Timeline():
            _timeline(panel, made)
        case ours.Table():
            table(panel, made, context.variables, context.word)
        case ours.Listing():
            listing(panel, made, context.variables, context.word)
        case ours.Matrix():
            matrix(panel, made, context.variables, context.word)
        case _:
            raise TypeError(f"no way to draw {type(panel).__name__}")
    link = from_labels(panel.leads_to, context.variables)
    if link is not None and made.field_config is not None:
        made.field_config.overrides.append(override_numbers(link_property(link)))
    return made


def _source(query: AnyQuery) -> common.DataSourceRef:
    return INFLUXDB if isinstance(query, InfluxQuery) else PROMETHEUS


def _target(
    query: AnyQuery, letter: str, *, instant: bool, as_table: bool
) -> prometheus.Dataquery | InfluxDataquery:
    if isinstance(query, InfluxQuery):
        return InfluxDataquery(
            query.text, query.legend, INFLUXDB, letter, is_table=bool(query.highest)
        )
    formats = prometheus.PromQueryFormat
    return prometheus.Dataquery(
        datasource=PROMETHEUS,
        editor_mode=prometheus.QueryEditorMode.CODE,
        expr=query.text,
        format_val=formats.TABLE if as_table else formats.TIME_SERIES,
        instant=instant,
        range_val=not instant,
        interval=query.step or None,
        legend_format=query.legend,
        ref_id=letter,
    )


def _stat(panel: ours.Stat, made: dashboard.Panel) -> None:
    made.type_val = "stat"
    made.options = stat_models.Options(
        graph_mode=common.BigValueGraphMode.NONE,
        color_mode=common.BigValueColorMode.VALUE,
        text_mode=common.BigValueTextMode.AUTO,
        reduce_options=common.ReduceDataOptions(calcs=["lastNotNull"], values=False, fields=""),
    )
    made.field_config = dashboard.FieldConfigSource(defaults=defaults(panel, "thresholds"))


def _lines(panel: ours.Lines, made: dashboard.Panel) -> None:
    made.type_val = "timeseries"
    legend, places = common.LegendDisplayMode, common.LegendPlacement
    made.options = timeseries.Options(
        legend=common.VizLegendOptions(
            display_mode=legend.TABLE if panel.calcs else legend.LIST,
            placement=places.RIGHT if panel.legend_right else places.BOTTOM,
            width=_LEGEND_WIDTH if panel.legend_right else None,
            show_legend=True,
            calcs=list(panel.calcs),
        ),
        tooltip=common.VizTooltipOptions(
            mode=common.TooltipDisplayMode.MULTI, sort=common.SortOrder.DESCENDING
        ),
    )
    style, stacking = common.GraphDrawStyle, common.StackingMode
    custom = timeseries.FieldConfig(
        draw_style=style.BARS if panel.bars else style.LINE,
        line_width=1,
        fill_opacity=_STACKED_AREA if panel.stacked or panel.bars else _AREA,
        show_points=common.VisibilityMode.AUTO,  # a single value between two gaps is a point
        span_nulls=False,
        axis_soft_max=_SOFT_MAX.get(panel.unit_id),
        stacking=common.StackingConfig(
            mode=stacking.NORMAL if panel.stacked else stacking.NONE, group="A"
        ),
    )
    made.field_config = dashboard.FieldConfigSource(
        defaults=defaults(panel, "palette-classic", custom),
        overrides=[
            *(
                # In shades, so that series of one tint, as those of two sites, stay apart.
                override(
                    "byRegexp",
                    f"/{legend}/",
                    {"color": {"mode": "shades", "fixedColor": colour}},
                )
                for legend, colour in panel.tints.items()
            ),
            *(_dashed(legend, colour) for legend, colour in panel.dashed.items()),
        ],
    )
    if panel.from_zero and made.field_config.defaults is not None:
        made.field_config.defaults.min_val = 0


def _dashed(legend: str, colour: str) -> dashboard.DashboardFieldConfigSourceOverrides:
    """Dashed, not filled, on no stack."""
    return override(
        "byRegexp",
        f"/^{legend}/",
        {
            "color": {"mode": "fixed", "fixedColor": colour},
            "custom.lineStyle": {"fill": "dash", "dash": [10, 10]},
            "custom.fillOpacity": 0,
            "custom.stacking": {"mode": "none", "group": "limits"},
        },
    )


def _bars(panel: ours.Bars, made: dashboard.Panel) -> None:
    made.type_val = "bargauge"
    made.options = bargauge.Options(
        display_mode=common.BarGaugeDisplayMode.BASIC,
        orientation=common.VizOrientation.HORIZONTAL,
        value_mode=common.BarGaugeValueMode.TEXT,
        show_unfilled=True,
        sizing=common.BarGaugeSizing.AUTO,
        min_viz_width=8,
        min_viz_height=14,
        max_viz_height=24,
        name_placement=common.BarGaugeNamePlacement.LEFT,
        reduce_options=common.ReduceDataOptions(calcs=["lastNotNull"], values=False, fields=""),
    )
    shown = defaults(panel, "thresholds")
    shown.min_val, shown.max_val = 0, panel.full
    made.field_config = dashboard.FieldConfigSource(defaults=shown)


def _timeline(panel: ours.Timeline, made: dashboard.Panel) -> None:
    made.type_val = "state-timeline"
    made.options = statetimeline.Options(
        show_value=common.VisibilityMode.NEVER,
        row_height=0.9,
        merge_values=True,
        align_value=common.TimelineValueAlignment.LEFT,
        legend=common.VizLegendOptions(
            display_mode=common.LegendDisplayMode.LIST,
            placement=common.LegendPlacement.BOTTOM,
            show_legend=True,
            calcs=[],
        ),
        tooltip=common.VizTooltipOptions(
            mode=common.TooltipDisplayMode.SINGLE, sort=common.SortOrder.NONE
        ),
    )
    custom = statetimeline.FieldConfig(line_width=0, fill_opacity=80)
    made.field_config = dashboard.FieldConfigSource(
        defaults=defaults(panel, "thresholds", custom),
        overrides=[
            override("byRegexp", f"/{legend}/", {"mappings": value_map(meanings)})
            for legend, meanings in panel.special.items()
        ],
    )
