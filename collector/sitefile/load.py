"""Reads a site file: from a path to a checked site, or to sentences that say what is wrong."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from collector.sitefile.build import draft_of
from collector.sitefile.check import check
from collector.sitefile.checks.people import payers
from collector.sitefile.draft import Draft
from collector.sitefile.model import Node, Site
from collector.sitefile.positions import lines_of
from collector.sitefile.problems import Problems, SiteFileError
from collector.sitefile.read import Reader, parsed, text_of
from collector.sitefile.schema import GrafanaTable, SiteTable
from collector.sitefile.tree import in_order


def load(path: Path) -> Site:
    """Read and check a site file.

    Args:
        path: the TOML file.

    Returns:
        The site; what is probably not meant stands in its `warnings`.

    Raises:
        SiteFileError: the file cannot be used; every problem with file, line and key.
    """
    text = text_of(path)
    try:
        return _site(path, text, parsed(text, str(path)))
    except RecursionError:
        raise SiteFileError(f"{path}: brackets are nested too deep") from None


def _site(path: Path, text: str, raw: Mapping[str, Any]) -> Site:
    problems = Problems(str(path), lambda: lines_of(text))
    reader = Reader(raw, problems)
    site = reader.one("site", SiteTable)
    if "site" not in raw:
        problems.error((), "the table [site] is missing; it needs name and zone")
    grafana = reader.one("grafana", GrafanaTable) or GrafanaTable()
    draft = draft_of(reader, problems)
    draft.demand_target_watts = site.demand_target_watts if site else None
    check(draft, problems, path.parent)
    paid = payers(draft, problems)
    problems.raise_errors()
    if site is None:  # then there was an error, and this is not reached
        raise SiteFileError(f"{path}: the table [site] is missing")
    return Site(
        name=site.name,
        zone=ZoneInfo(site.zone),
        branches=in_order(draft.branches),
        meters=draft.meters,
        racks=draft.racks,
        nodes=_charged(draft, paid),
        teams=tuple(draft.teams.values()),
        receivers=draft.receivers,
        tenants=tuple(draft.tenants.values()),
        emission_factors=tuple(
            sorted(draft.factors.values(), key=lambda factor: (factor.name, factor.valid_from))
        ),
        tariff=site.tariff,
        demand_target_watts=site.demand_target_watts,
        pue_category=site.pue_category,
        grafana_url=grafana.url,
        runbook_url=site.runbook_url,
        warnings=problems.warnings(),
    )


def _charged(draft: Draft, paid: Mapping[str, str]) -> Mapping[str, Node]:
    """The nodes, each with the tenant that is charged for it."""
    return {
        name: node if node.tenant == paid.get(name, "") else replace(node, tenant=paid[name])
        for name, node in draft.nodes.items()
    }
