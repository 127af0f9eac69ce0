"""What is known of a site: its branches, demand, key figures and meters."""

from collector.catalogue.types import Kind, Metric, Rate, Subject, Unit


def _site(
    key: str,
    text: str,
    unit: Unit = Unit.WATTS,
    labels: tuple[str, ...] = (),
    kind: Kind = Kind.GAUGE,
) -> Metric:
    return Metric(
        key=f"site_{key}",
        kind=kind,
        unit=unit,
        help=text,
        labels=labels,
        rate=Rate.DERIVED,
        subject=Subject.SITE,
    )


_BRANCH = ("branch", "level", "rack")
_METER = ("meter", "role")

BUDGET = (
    _site(
        "power",
        "Power of a branch; the least that it can be while coverage is below 1.",
        labels=_BRANCH,
    ),
    _site(
        "power_coverage",
        "Share of what lies below a branch whose power is known.",
        Unit.RATIO,
        _BRANCH,
    ),
    _site("power_budget", "What a branch may draw by plan.", labels=_BRANCH),
    _site(
        "power_limit",
        "What a branch may carry for long: derated rating, contract, rack's limit.",
        labels=_BRANCH,
    ),
    _site(
        "power_headroom",
        "How much more a branch may draw: the least along its path up.",
        labels=_BRANCH,
    ),
    _site(
        "power_stranded",
        "Budget that a limit above, or the partner's, does not let it have.",
        labels=_BRANCH,
    ),
    _site(
        "redundant_power",
        "Highest power of a redundancy group, all sides at the same time.",
        labels=("group",),
    ),
    _site(
        "redundant_limit",
        "What is left of a redundancy group when its largest member fails.",
        labels=("group",),
    ),
    _site(
        "power_ramp",
        "Largest change of a branch's power within a span, over the last minute.",
        labels=("branch", "span"),
    ),
    _site(
        "power_ramp_limit",
        "Largest change of a branch's power that is allowed within a span.",
        labels=("branch", "span"),
    ),
)

DEMAND = (
    _site("contract_power", "What the utility's contract allows.", labels=("branch",)),
    _site(
        "demand",
        "Mean power of the running quarter-hour: so far, at its end, still allowed.",
        labels=("branch", "kind"),
    ),
    _site(
        "demand_target", "What a quarter-hour's mean power should not exceed.", labels=("branch",)
    ),
    _site(
        "demand_cut",
        "How far power must fall to keep the target; 0 when it need not.",
        labels=("branch",),
    ),
    _site(
        "demand_cut_deadline_timestamp",
        "When power must have fallen; absent when it need not.",
        Unit.SECONDS,
        ("branch",),
    ),
    _site(
        "demand_peak",
        "Highest quarter-hour of the month, and of 12 months, by tariff band.",
        labels=("branch", "period", "band"),
    ),
)

IT = (
    _site(
        "it_power",
        "IT power, by who says so: the IT meters that are good, or the nodes that report.",
        labels=("source",),
    ),
    _site(
        "it_coverage",
        "Share of the IT meters, or of the nodes, that are in site_it_power_watts.",
        Unit.RATIO,
        ("source",),
    ),
    _site(
        "it_agreement",
        "IT power by the nodes over that by the meters, while both are whole; below 1 by what "
        "no node sees: switches, fans, losses.",
        Unit.RATIO,
    ),
)

FIGURES = (
    _site(
        "pue",
        "Facility energy over IT energy; absent where too little is covered.",
        Unit.RATIO,
        ("window",),
    ),
    _site("pue_coverage", "Share of the window that PUE knows.", Unit.RATIO, ("window",)),
    _site(
        "pue_info",
        "How PUE is measured: its category by ISO/IEC 30134-2, and the meters on both sides.",
        Unit.NONE,
        ("category", "facility_meters", "it_meters"),
        Kind.INFO,
    ),
    _site(
        "cue_kilograms_per_kilowatt_hour",
        "CO2 equivalent of what is bought, per kWh of IT energy (ISO/IEC 30134-8).",
        Unit.NONE,
        ("window",),
    ),
    _site(
        "load_factor",
        "Mean over highest quarter-hour of what the site draws.",
        Unit.RATIO,
        ("window",),
    ),
)

METERS = (
    _site("meter_power", "Power of a meter; absent while it is bad or stale.", labels=_METER),
    _site(
        "meter_energy",
        "Energy of a meter, by its register where it has one.",
        Unit.JOULES,
        _METER,
        Kind.COUNTER,
    ),
    _site("meter_power_factor", "Active over apparent power.", Unit.RATIO, _METER),
    _site("meter_age", "Age of a meter's newest reading.", Unit.SECONDS, ("meter",)),
    _site(
        "meter_good",
        "1 while a meter's newest reading is good and not stale, else 0.",
        Unit.NONE,
        ("meter",),
    ),
    _site("coolant_temperature", "Temperature of the coolant.", Unit.CELSIUS, ("meter", "side")),
)

SITE_METRICS = BUDGET + DEMAND + IT + FIGURES + METERS
