"""A dashboard's JSON, made of a board."""

import json
from collections.abc import Callable
from zlib import crc32

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard

from dashboards.parts.board import Board, Row
from dashboards.parts.draw import PROMETHEUS, Context, drawn
from dashboards.parts.variables import Variable

TAG = "wattkeeper"
_COLUMNS = 24
_ALERTS = (("Pages", "page", "red"), ("Tickets", "ticket", "orange"))


def panel_id(title: str) -> int:
    """The id of a panel in its dashboard: from its English title, so that links to it last."""
    return 1 + crc32(title.encode()) % 1_000_000


def to_json(board: Board, word: Callable[[str], str] = str) -> str:
    """The dashboard as the text of a JSON file.

    Args:
        board: ours.
        word: a title in the reader's language.
    """
    made = dashboard.Dashboard(
        uid=board.uid,
        title=word(board.title),
        description=board.question,
        tags=[TAG],
        editable=False,
        graph_tooltip=dashboard.DashboardCursorSync.CROSSHAIR,
        time=dashboard.DashboardDashboardTime(from_val=board.time_from, to="now"),
        refresh=board.refresh,
        panels=_placed(board, word),
        templating=dashboard.DashboardDashboardTemplating(
            list_val=[_variable(one, word) for one in board.variables]
        ),
        annotations=dashboard.AnnotationContainer(
            list_val=[
                _alerts(board, word(title), severity, colour) for title, severity, colour in _ALERTS
            ]
        ),
        links=[
            dashboard.DashboardLink(
                title="Wattkeeper",
                type_val=dashboard.DashboardLinkType.DASHBOARDS,
                icon="external link",
                tags=[TAG],
                as_dropdown=True,
                include_vars=True,
                keep_time=True,
            )
        ],
    )
    return json.dumps(made, cls=JSONEncoder, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _placed(board: Board, word: Callable[[str], str]) -> list[dashboard.Panel | dashboard.RowPanel]:
    """Panels and rows with their ids and positions."""
    context = Context(tuple(variable.name for variable in board.variables), word)
    placed: list[dashboard.Panel | dashboard.RowPanel] = []
    top = 0
    for row in board.rows:
        heading = dashboard.RowPanel(
            title=word(row.title),
            collapsed=row.folded,
            grid_pos=dashboard.GridPos(h=1, w=_COLUMNS, x=0, y=top),
            id_val=panel_id(f"row {row.title}"),
            panels=[],
        )
        panels, bottom = _laid_out(row, top + 1, context)
        placed.append(heading)
        if row.folded:
            heading.panels, top = panels, top + 1
        else:
            placed += panels
            top = bottom
    return placed


def _laid_out(row: Row, top: int, context: Context) -> tuple[list[dashboard.Panel], int]:
    """A row's panels from left to right, wrapped; and where the next row begins."""
    panels, left, tallest = [], 0, 0
    for panel in row.panels:
        if left + panel.width > _COLUMNS:
            left, top, tallest = 0, top + tallest, 0
        made = drawn(panel, context)
        made.id_val = panel_id(panel.heading)
        made.grid_pos = dashboard.GridPos(h=panel.height, w=panel.width, x=left, y=top)
        panels.append(made)
        left += panel.width
        tallest = max(tallest, panel.height)
    return panels, top + tallest


def _variable(variable: Variable, word: Callable[[str], str]) -> dashboard.VariableModel:
    made = dashboard.VariableModel(
        name=variable.name, label=word(variable.label), description=variable.says or None
    )
    made.auto, made.auto_min, made.auto_count = None, None, None  # are of intervals alone
    match variable.kind:
        case "prometheus" | "influxdb":
            made.type_val = dashboard.VariableType.DATASOURCE
            made.query = variable.kind
            made.refresh = dashboard.VariableRefresh.ON_DASHBOARD_LOAD
        case "text":
            made.type_val = dashboard.VariableType.TEXTBOX
            made.query = variable.text
            made.current = dashboard.VariableOption(text=variable.text, value=variable.text)
        case _:
            made.type_val = dashboard.VariableType.QUERY
            made.datasource = PROMETHEUS
            made.query = {"query": variable.text, "refId": "StandardVariableQuery"}
            made.definition = variable.text
            made.refresh = dashboard.VariableRefresh.ON_TIME_RANGE_CHANGED
            made.sort = dashboard.VariableSort.NATURAL_ASC
            made.multi = True
            made.include_all = variable.has_all
            if variable.has_all:
                made.all_value = ".*"  # also takes what has no such label
                made.current = dashboard.VariableOption(text="All", value="$__all")
    return made


def _alerts(board: Board, title: str, severity: str, colour: str) -> dashboard.AnnotationQuery:
    """Firing alerts, one mark for each rule and site, however many GPUs it fires for."""
    place = ',site=~"$site"' if any(one.name == "site" for one in board.variables) else ""
    selector = f'ALERTS{{alertstate="firing",severity="{severity}"{place}}}'
    return dashboard.AnnotationQuery(
        name=title,
        datasource=PROMETHEUS,
        enable=True,
        hide=False,
        icon_color=colour,
        expr=f"count by (alertname, site) ({selector})",
        title_format="{{alertname}}",
        text_format="{{site}}",
        step="60s",
    )
