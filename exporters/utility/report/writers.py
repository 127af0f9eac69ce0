"""Writes a report's pages."""

from typing import BinaryIO

from exporters.utility.report.content import ReportContent
from exporters.utility.report.html import report_html
from exporters.utility.split.document import split_csv


def write_html(content: ReportContent, language: str, stream: BinaryIO) -> None:
    """Write one HTML file."""
    stream.write(report_html(content, language).encode())


def write_split(content: ReportContent, stream: BinaryIO) -> None:
    """Write every line of the split, as CSV in UTF-8 with a mark; nothing without a split."""
    if content.extras.split is not None:
        stream.write(split_csv(content.extras.split).encode("utf-8-sig"))
