"""A report as PDF, by typst, with an embedded Korean font. docs/adr/0008-report-pdf.md says why."""

import json
from collections.abc import Iterable
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import Any

import typst
from pylopdf_fonts_ko import sans_path

from exporters.utility.report.blocks import (
    Block,
    Figures,
    Heading,
    Notice,
    PageBreak,
    Picture,
    Table,
    Text,
)
from exporters.utility.report.content import ReportContent
from exporters.utility.report.errors import ReportError
from exporters.utility.report.sections import pages
from exporters.utility.report.words import Words

FONT = "Noto Sans KR"


def report_pdf(content: ReportContent, language: str) -> bytes:
    """Write a report as PDF. The same report gives the same bytes.

    Args:
        content: the report.
        language: `en` or `ko`.

    Raises:
        ReportError: it could not be made.
    """
    words = Words(language)
    return _compiled(
        {
            "title": f"{words('title')}: {content.site}, {content.period}",
            "language": language,
            "font": FONT,
        },
        pages(content, words),
        content.made_at,
    )


def _compiled(head: dict[str, Any], blocks: Iterable[Block], made_at: datetime) -> bytes:
    template = (resources.files("exporters.utility.report") / "page.typ").read_bytes()
    document = json.dumps({**head, "blocks": _data(blocks)}, ensure_ascii=False)
    fonts = typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=[str(Path(sans_path()).parent)],
    )
    try:
        return typst.compile(
            template,
            font_paths=fonts,
            format="pdf",
            sys_inputs={"report": document},
            timestamp=int(made_at.timestamp()),
        )
    except typst.TypstError as error:
        raise ReportError(f"the PDF could not be made: {error.message}") from error


def _data(blocks: Iterable[Block]) -> list[dict[str, Any]]:
    """Blocks as data. Two narrow pictures in a row stand side by side."""
    found: list[dict[str, Any]] = []
    for block in blocks:
        match block:
            case Heading(text, level):
                found.append({"block": "heading", "text": text, "level": level})
            case Text(text, small):
                found.append({"block": "text", "text": text, "small": small})
            case Notice(text, kind):
                found.append({"block": "notice", "text": text, "kind": kind})
            case Figures(entries):
                found.append({"block": "figures", "entries": [list(entry) for entry in entries]})
            case Table():
                found.append(_table(block))
            case PageBreak():
                found.append({"block": "break"})
            case Picture():
                _picture(block, found)
    return found


def _table(table: Table) -> dict[str, Any]:
    return {
        "block": "table",
        "align": list(table.align),
        "header": list(table.header),
        "rows": [list(row) for row in table.rows],
        "strong": list(table.strong),
        "small": table.small,
    }


def _picture(picture: Picture, found: list[dict[str, Any]]) -> None:
    entry = {"svg": picture.svg, "title": picture.title, "alt": picture.alt}
    last = found[-1] if found else {}
    if picture.narrow and last.get("narrow") and len(last["pictures"]) == 1:
        last["pictures"].append(entry)
    else:
        found.append({"block": "pictures", "narrow": picture.narrow, "pictures": [entry]})
