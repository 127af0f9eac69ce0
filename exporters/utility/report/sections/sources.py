"""What the report was made from, with hashes."""

from collections.abc import Iterator

from exporters.utility.report.blocks import Block, Heading, Table, Text
from exporters.utility.report.sections.context import Context
from exporters.utility.report.sources import series_sha256

_METERS = 40


def sources_section(context: Context) -> Iterator[Block]:
    """A table of hashes, and what is to be settled about the tariff."""
    say, content = context.words, context.content
    yield Heading(say("sources"))
    yield Text(say("sources_how"), small=True)
    yield Table(
        align=("left", "left", "wrap"),
        header=(say("file"), say("name"), "SHA-256"),
        rows=list(_rows(context)),
        small=True,
    )
    open_points = dict.fromkeys(
        point
        for bill in content.bills
        for stretch in bill.stretches
        for point in stretch.tariff.meta.unverified
    )
    if open_points:
        yield Heading(say("to_settle"), 2)
        for point in open_points:
            yield Text(f"- {point}", small=True)
    yield Text(say("made_by", version=context.extras.version), small=True)


def _rows(context: Context) -> Iterator[tuple[str, str, str]]:
    say, content = context.words, context.content
    files = {
        (file.name, file.sha256)
        for bill in content.bills
        for stretch in bill.stretches
        for file in stretch.tariff.files
    }
    for name, sha256 in sorted(files):
        yield say("src_tariff"), name, sha256
    for source in context.extras.sources:
        yield say(f"src_{source.kind}"), source.name, source.sha256
    for name, checked in list(content.metering.meters.items())[:_METERS]:
        yield say("src_found"), name, series_sha256(checked.before)
        yield say("src_used"), name, series_sha256(checked.series)
