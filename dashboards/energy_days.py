"""Energy by days and months, from InfluxDB: the last row of the energy dashboard."""

from dashboards.parts import colours, units
from dashboards.parts.board import Row
from dashboards.parts.panel import Lines, Listing
from dashboards.parts.queries import InfluxQuery

_BANDS = ("super_off_peak", "off_peak", "mid", "part_peak", "peak")
_ENERGY = 'sum("energy_joules") / 3600'
_PLACES = ("site", "hall", "row", "rack", "node")

DAYS = Row(
    "Days and months, by InfluxDB",
    (
        Lines(
            title="Meters, each day by role",
            says="Energy of the site's meters by what it is counted as: utility, IT, cooling. "
            "Roles are a part of each other, never added.",
            queries=(
                InfluxQuery(_ENERGY, "meter_window", "$tag_role", every="1d", group=("role",)),
            ),
            unit=units.WATT_HOUR,
            tints={
                "^utility$": colours.OUTSIDE,
                "^it$": colours.NODES,
                "^cooling$": "yellow",
                "^other$": colours.SCALE,
            },
            width=8,
        ),
        Lines(
            title="Tariff bands, each day",
            says="Energy of the billed quarter-hours by the tariff's band.",
            queries=tuple(
                InfluxQuery(_ENERGY, "demand", band, where=f"\"band\" = '{band}'", every="1d")
                for band in _BANDS
            ),
            unit=units.WATT_HOUR,
            bars=True,
            stacked=True,
            width=8,
        ),
        Lines(
            title="Highest quarter-hour of each day",
            says="By the billed meter, and the target.",
            queries=(
                InfluxQuery(
                    'max("demand_watts")',
                    "demand",
                    "$tag_branch",
                    every="1d",
                    group=("branch",),
                ),
                InfluxQuery('max("target_watts")', "demand", "Target", every="1d"),
            ),
            unit=units.WATT,
            dashed={"Target": colours.GOAL},
            width=8,
        ),
        Lines(
            title="GPUs, each day by hall",
            says="Energy of every window that was closed; what was not heard comes as a window of "
            "its own, marked.",
            queries=(
                InfluxQuery(
                    _ENERGY,
                    "gpu_window",
                    "$tag_hall",
                    where="\"scope\" = 'gpu'",
                    places=_PLACES,
                    every="1d",
                    group=("hall",),
                ),
            ),
            unit=units.WATT_HOUR,
            bars=True,
            stacked=True,
            width=8,
        ),
        Lines(
            title="GPU energy by where it comes from",
            says="Counted by the hardware, integrated from power, or estimated over a gap.",
            queries=tuple(
                InfluxQuery(
                    f'sum("energy_joules_{source}") / 3600',
                    "gpu_window",
                    source,
                    where="\"scope\" = 'gpu'",
                    places=_PLACES,
                    every="1d",
                )
                for source in ("counter", "integrated", "estimated")
            ),
            unit=units.WATT_HOUR,
            bars=True,
            stacked=True,
            width=8,
        ),
        Lines(
            title="Share of the windows sampled",
            says="Mean coverage of the windows of each day, by hall.",
            queries=(
                InfluxQuery(
                    'mean("coverage_ratio")',
                    "gpu_window",
                    "$tag_hall",
                    where="\"scope\" = 'gpu'",
                    places=_PLACES,
                    every="1d",
                    group=("hall",),
                ),
            ),
            unit=units.RATIO,
            width=8,
        ),
        Lines(
            title="Sensors of the machines, each day",
            says="By source and scope; sensors contain each other and are compared, never added.",
            queries=(
                InfluxQuery(
                    _ENERGY,
                    "host_window",
                    "$tag_source $tag_scope",
                    places=_PLACES,
                    every="1d",
                    group=("source", "scope"),
                ),
            ),
            unit=units.WATT_HOUR,
            bars=True,
            width=8,
        ),
        Listing(
            title="Racks in the range",
            says="GPU energy of the 40 racks that used most.",
            queries=(
                InfluxQuery(
                    _ENERGY,
                    "gpu_window",
                    "",
                    where="\"scope\" = 'gpu'",
                    places=_PLACES,
                    highest="rack",
                ),
            ),
            label="rack",
            value="GPU energy",
            unit=units.WATT_HOUR,
            width=8,
        ),
        Listing(
            title="Nodes in the range",
            says="GPU energy of the 40 nodes that used most.",
            queries=(
                InfluxQuery(
                    _ENERGY,
                    "gpu_window",
                    "",
                    where="\"scope\" = 'gpu'",
                    places=_PLACES,
                    highest="node",
                ),
            ),
            label="node",
            value="GPU energy",
            unit=units.WATT_HOUR,
            width=8,
        ),
    ),
)
