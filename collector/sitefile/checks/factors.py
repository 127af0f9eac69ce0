"""Emission factors: in order of time, and in kilograms."""

from collector.sitefile.draft import Draft
from collector.sitefile.model import EmissionFactor
from collector.sitefile.problems import Problems

_MOST_KG_PER_KWH = 2.0
"""Burning lignite emits about 1.2."""


def check_factors(draft: Draft, problems: Problems) -> None:
    """Warn of factors whose year or unit is probably mistyped."""
    last: dict[str, EmissionFactor] = {}
    for key, factor in draft.factors.items():
        before = last.get(factor.name)
        if before is not None and factor.valid_from < before.valid_from:
            problems.warn(
                draft.where("emission_factor", key, "valid_from"),
                f"{factor.valid_from} comes after {before.valid_from} here: is the year right? "
                "The earlier one should stand first",
                factor.name,
            )
        last[factor.name] = factor
        if factor.kg_per_kwh > _MOST_KG_PER_KWH:
            problems.warn(
                draft.where("emission_factor", key, "kg_per_kwh"),
                f"{factor.kg_per_kwh:g} is very much: it is in kilograms for each kilowatt-hour",
                factor.name,
            )
