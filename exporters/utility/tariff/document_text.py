"""A report's document as a text for people."""

from collections.abc import Mapping
from typing import Any

from exporters.utility.tariff.money import plain


def as_text(report: Mapping[str, Any]) -> str:
    """A document for people: every line with how it comes about."""
    bill = report["bill"]
    rows = [
        f"{report['period']}, {report['start']} to {report['end']}",
        f"{report['tariff']} ({report['tariff_name']})",
        "",
        *(
            f"  {line['id']:<26} {plain(line['amount']):>18}  {line['formula']}"
            for line in bill["lines"]
        ),
        f"  {'before levies':<26} {plain(bill['before_levies']):>18}",
        f"  {'total':<26} {plain(bill['total']):>18}  {bill['currency']}",
        "",
    ]
    rows += [
        f"  by {other['tariff']}: {plain(other['total'])}, {plain(abs(other['difference']))} "
        f"{'less' if other['difference'] < 0 else 'more'}"
        for other in report["what_if"]
    ]
    rows += [f"  note: {note}" for note in report["notes"]]
    rows += [f"  file: {file['name']} sha256 {file['sha256']}" for file in report["files"]]
    return "\n".join(rows) + "\n"
