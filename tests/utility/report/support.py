"""A report with everything in it."""

from datetime import date
from decimal import Decimal

from collector.sitefile.model import EmissionFactor, Tenant
from exporters.utility.formats.content import Content
from exporters.utility.report.carbon import carbon
from exporters.utility.report.content import ReportContent
from exporters.utility.report.values import Extras, Pue, Source
from exporters.utility.split import Rule, Split, split
from exporters.utility.split.places import Places
from tests.utility.formats.support import content as metered
from tests.utility.split.support import measured, node, site, whole

FACTORS = (
    EmissionFactor(
        name="consumption", valid_from=date(2025, 12, 17), kg_per_kwh=0.4173, source="published"
    ),
    EmissionFactor(
        name="consumption", valid_from=date(2027, 11, 16), kg_per_kwh=0.4, source="made up"
    ),
)
PUE = Pue(
    value=Decimal("1.234"), category=2, coverage_ratio=0.987, interim=True, dc_meters=("border",),
    dc_wh=25_000_000_000, it_meters=("it-a", "it-b"), it_wh=20_000_000_000,
)  # fmt: skip


def shared(of: Content) -> Split:
    """A split of the report's own bill."""
    tenants = (Tenant(name="alpha", racks=("a1",)), Tenant(name="<b>&", nodes=("n3",)))
    places = Places.of(site({"a1": ["n1", "n2"], "a2": ["n3"]}, tenants))
    energy = int(of.metering.billed.watt_hours.sum()) // 1000
    used = measured(node("n1", energy / 4), node("n2", energy / 4), node("n3", energy / 8))
    bill = whole(energy, int(of.total), it_kwh=energy * 3 // 4, carbon_g=1_000_000)
    return split(bill, used, places, Rule.PROPORTIONAL)


def full(**changes: object) -> ReportContent:
    """A report of November 2027: gaps, an unverified tariff, PUE, carbon and a split."""
    of = metered()
    values: dict[str, object] = {
        "version": "0.1.0",
        "site": "north",
        "contract_kw": Decimal(38_000),
        "pue": PUE,
        "carbon": carbon(of.metering.billed, FACTORS),
        "split": shared(of),
        "sources": (Source("site", "site.toml", "ab" * 32),),
        "notes": ("a note",),
    }
    return ReportContent.of(of, Extras(**(values | changes)))  # type: ignore[arg-type]  # by name
