"""What pages there are. Nothing is loaded for that: a node has none of the libraries."""

from collections.abc import Mapping

PAGES: Mapping[str, str] = {"html": "report.html", "pdf": "report.pdf"}
"""Each form's file."""

LANGUAGES = ("en", "ko")
SPLIT_FILE = "split.csv"
