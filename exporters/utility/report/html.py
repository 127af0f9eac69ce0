"""A report as one HTML file: nothing is fetched, pictures are in it, no script."""

from collections.abc import Iterable, Iterator
from html import escape
from importlib import resources

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
from exporters.utility.report.sections import pages
from exporters.utility.report.words import Words

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def report_html(content: ReportContent, language: str) -> str:
    """Write a report as HTML.

    Args:
        content: the report.
        language: `en` or `ko`.
    """
    words = Words(language)
    folder = resources.files("exporters.utility.report")
    style = (folder / "page.css").read_text(encoding="utf-8")
    title = f"{words('title')}: {content.site}, {content.period}"
    return "\n".join(
        (
            "<!doctype html>",
            f'<html lang="{language}"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            f"<title>{escape(title)}</title><style>{style}</style></head><body>",
            *_written(pages(content, words)),
            "</body></html>\n",
        )
    )


def _written(blocks: Iterable[Block]) -> Iterator[str]:
    for block in blocks:
        match block:
            case Heading(text, level):
                yield f"<h{level + 1}>{escape(text)}</h{level + 1}>"
            case Text(text, small):
                yield f"<p{_small(small)}>{escape(text)}</p>"
            case Notice(text, kind):
                yield f'<p class="{kind}">{escape(text)}</p>'
            case Figures(entries):
                yield "<dl>"
                yield from (_figure(*entry) for entry in entries)
                yield "</dl>"
            case Table():
                yield from _table(block)
            case Picture(svg=svg, title=title):
                narrow = ' class="narrow"' if block.narrow else ""
                yield f"<figure{narrow}><figcaption>{escape(title)}</figcaption>{svg}</figure>"
            case PageBreak():
                yield "<hr>"


def _figure(name: str, value: str, remark: str) -> str:
    below = f'<dd class="small">{escape(remark)}</dd>' if remark else ""
    return f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd>{below}</div>"


def _table(table: Table) -> Iterator[str]:
    yield f'<div class="scroll"><table{_small(table.small)}>'
    if table.header:
        yield f"<thead><tr>{_cells(table.header, table, 'th')}</tr></thead>"
    yield "<tbody>"
    for index, row in enumerate(table.rows):
        strong = ' class="strong"' if index in table.strong else ""
        yield f"<tr{strong}>{_cells(row, table, 'td')}</tr>"
    yield "</tbody></table></div>"


def _cells(cells: Iterable[str], table: Table, tag: str) -> str:
    return "".join(
        f'<{tag} class="{align}">{escape(cell)}</{tag}>'
        for cell, align in zip(cells, table.align, strict=True)
    )


def _small(small: bool) -> str:  # noqa: FBT001 - an attribute, or none
    return ' class="small"' if small else ""
