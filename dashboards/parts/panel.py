"""Panels as plain values. `dashboards.parts.draw` makes Grafana's of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from dashboards.parts.colours import NEUTRAL, Steps
from dashboards.parts.queries import AnyQuery, InfluxQuery, Query, names
from dashboards.parts.units import PLAIN, unit_of
from dashboards.parts.words import title_of


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a value is shown as.

    Attributes:
        text: instead of the value.
        colour: of the text or the cell; empty for none.
    """

    text: str
    colour: str = ""


Meanings = Mapping[str, Meaning]
"""By the value as text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """What every kind of panel has.

    Attributes:
        title: a few words; empty for the words of the first query's metric.
        says: one or two sentences; metrics and formulas are added.
        queries: what it shows.
        unit: Grafana's id; empty for that of the first query's metric.
        width: of 24.
        height: in Grafana's rows of 30 pixels.
        steps: what is coloured from where on.
        meanings: what values are shown as.
        leads_to: labels of its series; a click leads to the narrowest place among them.
        no_value: what is shown where there is no data. Never a zero.
        time_from: a range of its own (`now/d`: today); empty for the dashboard's.
        time_shift: how far its range is moved back (`1M`); empty for not at all.
        step: the shortest step between its points; empty for the dashboard's.
        decimals: places; None for as many as the value needs.
    """

    title: str = ""
    says: str = ""
    queries: tuple[AnyQuery, ...] = ()
    unit: str = ""
    width: int = 12
    height: int = 8
    steps: Steps = NEUTRAL
    meanings: Meanings = field(default_factory=dict)
    leads_to: tuple[str, ...] = ()
    no_value: str = "n/a"
    time_from: str = ""
    time_shift: str = ""
    step: str = ""
    decimals: int | None = None

    @property
    def shown(self) -> tuple[AnyQuery, ...]:
        """Its queries, in order."""
        return self.queries

    @property
    def heading(self) -> str:
        """Its title."""
        return self.title or title_of(_first_name(self.shown))

    @property
    def unit_id(self) -> str:
        """Grafana's id of its unit."""
        return self.unit or unit_of(_first_name(self.shown))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stat(Panel):
    """One number, large: the value at the end of the range, asked for as such.

    Never the last of a line's points: over a month those lie hours apart, and so would "now".
    """

    width: int = 4
    height: int = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines(Panel):
    """Values over time.

    Attributes:
        dashed: by the begin of a legend, the colour of its dashed line, one of `LIMIT`, `GOAL` and
            `SCALE` of `dashboards.parts.colours`.
        tints: by a regular expression of legends, the colour whose shades they are drawn in.
        stacked: whether areas stand on each other.
        bars: whether each point is a bar.
        from_zero: whether the axis begins at zero.
        calcs: what the legend says of each series (`lastNotNull`, `min`, `mean`, `max`).
        legend_right: whether the legend stands beside the lines, where there are many.
    """

    dashed: Mapping[str, str] = field(default_factory=dict)
    tints: Mapping[str, str] = field(default_factory=dict)
    stacked: bool = False
    bars: bool = False
    from_zero: bool = True
    calcs: tuple[str, ...] = ()
    legend_right: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars(Panel):
    """The newest value of several series as bars.

    Attributes:
        full: the value at which a bar is full; None for the largest.
    """

    full: float | None = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline(Panel):
    """States over time; the values are those of `meanings`.

    Attributes:
        special: by a regular expression of legends, meanings of their own.
    """

    unit: str = PLAIN
    special: Mapping[str, Meanings] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table: one query, whose labels are the table's rows.

    Attributes:
        title: of the column; empty where the value only makes the row, and is not shown.
        expr: PromQL, aggregated by exactly the table's row labels.
        unit: Grafana's id; empty for that of the first metric.
        steps: what is coloured from where on.
        gauge: whether the cell holds a bar, full at 1.
        meanings: what values are shown as.
        decimals: places; None for as many as the value needs.
        width: in pixels; 0 for its share of what is left.
    """

    title: str
    expr: str
    unit: str = ""
    steps: Steps = NEUTRAL
    gauge: bool = False
    meanings: Meanings = field(default_factory=dict)
    decimals: int | None = None
    width: int = 0

    @property
    def unit_id(self) -> str:
        """Grafana's id of its unit."""
        return self.unit or unit_of(_first_name((Query(self.expr),)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(Panel):
    """Newest values, a row for each set of labels.

    Attributes:
        rows: the labels that make a row; those of `BOARD_OF` lead to their dashboards.
        columns: the values.
        label_meanings: by label, what its values are shown as.
        sort_by: title of the column that it is sorted by, largest first; empty for the first of
            values, or for that of the first label, ascending, where no value is shown.
        ascending: whether smallest first.
    """

    width: int = 24
    rows: tuple[str, ...]
    columns: tuple[Column, ...]
    label_meanings: Mapping[str, Meanings] = field(default_factory=dict)
    sort_by: str = ""
    ascending: bool = False

    @property
    def shown(self) -> tuple[AnyQuery, ...]:
        """A query for each column, in order."""
        return tuple(Query(column.expr, column.title) for column in self.columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing(Panel):
    """The highest of a tag's values by InfluxDB, as a table.

    Attributes:
        label: the tag; it leads to its dashboard.
        value: title of the values' column.
    """

    label: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix(Panel):
    """Newest values as coloured cells: a row for each value of a label, a column of another.

    Attributes:
        row: label of the rows.
        column: label of the columns.
    """

    row: str
    column: str


def _first_name(queries: tuple[AnyQuery, ...]) -> str:
    first = queries[0]
    if isinstance(first, InfluxQuery):
        raise TypeError(f"a panel of InfluxDB states its title and unit: {first.text}")
    return names(first.text)[0]
