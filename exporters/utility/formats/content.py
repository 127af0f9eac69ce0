"""All that a report says, whatever its form: interval data, bills, comparisons."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from exporters.utility.formats.metering_document import metering_document
from exporters.utility.intervals.metering import Metering
from exporters.utility.reconcile.document import reconciliation_document
from exporters.utility.reconcile.values import Reconciliation
from exporters.utility.tariff.bill import Bill
from exporters.utility.tariff.document import document as bill_document


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Content:
    """What a report says.

    Attributes:
        period: as it was asked for.
        made_at: when the report was made.
        metering: the interval data.
        bills: one for each month.
        what_if: the same months by other tariffs.
        reconciliation: beside what the utility says.
    """

    period: str
    made_at: datetime
    metering: Metering
    bills: Sequence[Bill]
    what_if: Mapping[str, Sequence[Bill]] = field(default_factory=dict)
    reconciliation: Reconciliation = field(default_factory=Reconciliation)

    def document(self) -> dict[str, Any]:
        """The report as plain values: `report.json`, and what other forms are made from."""
        return {
            **bill_document(self.period, self.bills, self.what_if),
            "metering": metering_document(self.metering),
            "reconciliation": reconciliation_document(self.reconciliation),
        }

    @property
    def currency(self) -> str:
        """Of all amounts."""
        return self.bills[0].currency

    @property
    def total(self) -> Decimal:
        """What all bills come to."""
        return sum((bill.total for bill in self.bills), Decimal(0))
