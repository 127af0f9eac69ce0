"""All that a report says, pages included."""

from dataclasses import dataclass
from typing import Any

from exporters.utility.formats.content import Content
from exporters.utility.report.document import extras_document
from exporters.utility.report.values import Extras


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReportContent(Content):
    """A report with what its pages need besides; any form can be written from it.

    Attributes:
        extras: PUE, carbon, split, sources.
    """

    extras: Extras

    @classmethod
    def of(cls, content: Content, extras: Extras) -> "ReportContent":
        """A report with what was found besides."""
        return cls(
            period=content.period,
            made_at=content.made_at,
            metering=content.metering,
            bills=content.bills,
            what_if=content.what_if,
            reconciliation=content.reconciliation,
            extras=extras,
        )

    @property
    def site(self) -> str:
        """Whose report it is: the site's name, or the file's without one."""
        return self.extras.site or self.metering.site

    def document(self) -> dict[str, Any]:
        """The report as plain values, with PUE, carbon, grid impact, split and sources."""
        return {**Content.document(self), **extras_document(self, self.extras)}
