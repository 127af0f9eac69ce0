"""What forms there are. Nothing is loaded for that: a node has none of the libraries."""

from collections.abc import Mapping

FORMS: Mapping[str, str] = {
    "json": "report.json",
    "text": "report.txt",
    "csv": "intervals-kepco.csv",
    "csv-iso": "intervals.csv",
    "intervals": "intervals.json",
    "espi": "greenbutton.xml",
    "xlsx": "report.xlsx",
    "parquet": "intervals.parquet",
}
"""Each form's file."""

BINARY = ("xlsx", "parquet")
"""Forms that a terminal cannot show."""
