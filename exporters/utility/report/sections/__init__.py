"""The parts of the pages, in their order."""

from collections.abc import Iterator

from exporters.utility.report.blocks import Block
from exporters.utility.report.content import ReportContent
from exporters.utility.report.sections.bill import bill_section
from exporters.utility.report.sections.context import Context
from exporters.utility.report.sections.demand import demand_section
from exporters.utility.report.sections.efficiency import efficiency_section
from exporters.utility.report.sections.energy import energy_section
from exporters.utility.report.sections.front import front_section
from exporters.utility.report.sections.grid import grid_section
from exporters.utility.report.sections.quality import quality_section
from exporters.utility.report.sections.sources import sources_section
from exporters.utility.report.sections.split import split_section
from exporters.utility.report.words import Words

_SECTIONS = (
    front_section,
    energy_section,
    demand_section,
    bill_section,
    split_section,
    efficiency_section,
    grid_section,
    quality_section,
    sources_section,
)


def pages(content: ReportContent, words: Words) -> Iterator[Block]:
    """A whole report, whatever it is written in."""
    context = Context.of(content, words)
    for section in _SECTIONS:
        yield from section(context)
