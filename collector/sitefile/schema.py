"""The tables of a site file: every key, its default, what is allowed, what it is."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from collector.sitefile.texts import (
    Address,
    Joules,
    Line,
    OptionalName,
    PlainName,
    Url,
    Watts,
    Zone,
)

SPANS_SECONDS = (1, 10, 60, 900)
"""Over which changes of power are measured, so over which they can be limited."""


def _by_span(value: object) -> object:
    """TOML's keys are text; here they are seconds."""
    if not isinstance(value, dict):
        return value
    spans = {str(span): span for span in SPANS_SECONDS}
    if unknown := value.keys() - spans.keys():
        names = ", ".join(spans)
        raise ValueError(f"{min(unknown)} is no span; allowed are seconds: {names}")
    return {spans[key]: watts for key, watts in value.items()}


def _different(value: list[str]) -> list[str]:
    if len(value) > 2 or len(set(value)) < len(value):  # noqa: PLR2004 - A and B
        raise ValueError("allowed are one branch, or two that differ (A and B)")
    return value


class Table(BaseModel):
    """What all tables have in common: an unknown key and a value of another kind are errors."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class SiteTable(Table):
    """The site as a whole. Needed."""

    name: PlainName = Field(description="The label `site` of all that is measured here.")
    zone: Zone = Field(description="Time zone of tariff and bill.")
    tariff: Line = Field(default="", description="What the utility charges by: a tariff's id.")
    demand_target_watts: Watts | None = Field(
        default=None,
        description="What a 15-minute interval should not exceed; without it, the contract's "
        "power is the target.",
    )
    pue_category: Literal[1, 2, 3] = Field(
        default=1,
        description="Where IT energy is measured (ISO/IEC 30134-2): 1 at the UPS's output, 2 at "
        "the PDU's, 3 at the IT equipment.",
    )
    runbook_url: Url = Field(default="", description="Where the runbooks are that alerts link to.")


class GrafanaTable(Table):
    """Where Grafana is, for links from alerts and reports."""

    url: Url = Field(default="", description="Its address.")


class BranchTable(Table):
    """A branch of the electrical tree, from the utility's feed down to the busways.

    Racks are branches too, but written as `[[rack]]`.
    """

    id: PlainName = Field(description="Unique among branches and racks.")
    level: Literal["feed", "substation", "switchboard", "ups", "busway"] = Field(
        description="What it is."
    )
    parent: OptionalName = Field(
        default="", description="What feeds it in normal operation; needed but for a feed."
    )
    rating_watts: Watts | None = Field(default=None, description="What it is built for.")
    derating_ratio: float = Field(
        default=1.0,
        ge=0.01,
        le=1,
        allow_inf_nan=False,
        description="Share of the rating that it may carry for long; many codes say 0.8.",
    )
    redundancy_group: OptionalName = Field(
        default="",
        description="The same name on A and B: when one fails, the other carries what both carry.",
    )
    budget_watts: Watts | None = Field(default=None, description="What its load may draw by plan.")
    contract_watts: Watts | None = Field(
        default=None, description="What the contract with the utility allows; feeds only."
    )
    ramp_limits_watts: Annotated[Mapping[int, Watts], BeforeValidator(_by_span)] = Field(
        default_factory=dict,
        description="Largest change allowed, by span in seconds (1, 10, 60, 900): "
        '`{ 60 = "10 MW" }`.',
    )


class MeterTable(Table):
    """A meter of the facility."""

    id: PlainName = Field(description="Unique; the label `meter`.")
    branch: PlainName = Field(description="The branch or rack that it measures.")
    side: OptionalName = Field(
        default="",
        description="Where two branches feed what it measures and it sees only what comes from "
        "one of them: that one.",
    )
    role: Literal["utility", "generation", "it", "cooling", "ups", "other"] = Field(
        default="other",
        description="What its energy is counted as; `utility` is what the site is billed for.",
    )
    register_: bool = Field(
        default=False,
        alias="register",
        description="Whether its 15-minute registers are kept for the reports.",
    )
    stale_seconds: float = Field(
        default=200.0,
        ge=1,
        le=86_400,
        allow_inf_nan=False,
        description="A reading older than this is not used.",
    )
    rollover_joules: Joules | None = Field(
        default=None, description="At what energy its register starts again at zero."
    )
    dsx_object: Line = Field(
        default="",
        description="Its `objectId` or `rackLocationId` in the facility's DSX data; without it, "
        "its id.",
    )


class RackTable(Table):
    """A rack. It is a branch of the tree as well, of the same id and level `rack`."""

    id: PlainName = Field(description="Unique among branches and racks; the label `rack`.")
    hall: OptionalName = Field(default="", description="The label `hall`.")
    row: OptionalName = Field(default="", description="The label `row`.")
    branches: Annotated[list[PlainName], AfterValidator(_different)] = Field(
        default_factory=list, description="What feeds it: A, or A and B."
    )
    limit_watts: Watts | None = Field(default=None, description="The most that it may draw.")
    budget_watts: Watts | None = Field(default=None, description="What it may draw by plan.")
    gpus: int | None = Field(default=None, ge=0, le=100_000, description="How many GPUs are in it.")


class NodeTable(Table):
    """A GPU node."""

    name: PlainName = Field(description="Unique; the label `node`.")
    rack: OptionalName = Field(default="", description="The rack that it is in.")
    address: Address = Field(
        default="", description="HOST or HOST:PORT of its `/metrics`; without it, its name."
    )
    tenant: OptionalName = Field(default="", description="Who is charged for it.")


class EmissionFactorTable(Table):
    """What a kilowatt-hour emits from a day on."""

    name: PlainName = Field(description="What it is for: different reports need different ones.")
    valid_from: date = Field(description="The first day, as a TOML date, without quotes.")
    kg_per_kwh: float = Field(
        ge=0,
        le=10,
        allow_inf_nan=False,
        description="Kilograms of CO2 equivalent for each kilowatt-hour.",
    )
    source: Line = Field(default="", description="Who says so, and when.")


class ReceiverTable(Table):
    """Where alerts go. Secrets are in files of their own."""

    name: PlainName = Field(description="Unique.")
    kind: Literal["pagerduty", "webhook", "slack", "email", "teams", "opsgenie"] = Field(
        description="What it is."
    )
    secret_file: Line = Field(
        default="", description="File with the routing key, URL or API key that the kind needs."
    )
    to: Line = Field(default="", description="Channel or address, for Slack and e-mail.")
    url: Url = Field(
        default="",
        description=(
            "For a webhook whose URL is no secret; for PagerDuty, another region's events API."
        ),
    )

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> Self:
        if self.kind == "webhook" and bool(self.url) == bool(self.secret_file):
            raise ValueError("a webhook needs url, or secret_file where the URL is a secret")
        if self.kind == "email" and not self.to:
            raise ValueError('the kind "email" needs to, the address')
        if self.kind in {"pagerduty", "slack", "teams", "opsgenie"} and not self.secret_file:
            raise ValueError(f'the kind "{self.kind}" needs secret_file')
        if self.url and self.kind not in {"webhook", "pagerduty"}:
            raise ValueError(
                f'url is for the kinds "webhook" and "pagerduty"; "{self.kind}" takes secret_file'
            )
        return self


class TeamTable(Table):
    """Who looks after which halls or racks, and which receivers get which severity."""

    name: PlainName = Field(description="Unique.")
    halls: list[PlainName] = Field(default_factory=list, description="Halls, by name.")
    racks: list[PlainName] = Field(default_factory=list, description="Racks, by id.")
    receivers: dict[Literal["page", "ticket", "info"], list[PlainName]] = Field(
        default_factory=dict,
        description='Names of receivers, by severity: `{ page = ["pager"], ticket = ["mail"] }`.',
    )


class TenantTable(Table):
    """Who is charged for which nodes or racks. What names a node goes before its rack."""

    name: PlainName = Field(description="Unique.")
    nodes: list[PlainName] = Field(default_factory=list, description="Nodes, by name.")
    racks: list[PlainName] = Field(default_factory=list, description="Racks, by id.")


TABLES: Mapping[str, type[Table]] = {"site": SiteTable, "grafana": GrafanaTable}
"""Tables that there can be one of."""

ARRAYS: Mapping[str, type[Table]] = {
    "branch": BranchTable,
    "meter": MeterTable,
    "rack": RackTable,
    "node": NodeTable,
    "emission_factor": EmissionFactorTable,
    "receiver": ReceiverTable,
    "team": TeamTable,
    "tenant": TenantTable,
}
"""Tables that there can be many of, written `[[name]]`."""

RANGES: Mapping[str, str] = {
    "branch_range": "branch",
    "meter_range": "meter",
    "rack_range": "rack",
    "node_range": "node",
}
"""Tables that stand for many others: by name, what they stand for."""
