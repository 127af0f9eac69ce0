"""The feed: for each meter a usage point, a meter reading, its type, and a block for each day.

Ids are UUIDs of version 5, made from site, meter and day: a report made again has the same ones.
Energy is in whole watt-hours (unit 72, power of ten 0). A reading that is missing is not there.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, BinaryIO
from uuid import NAMESPACE_URL, UUID, uuid5

from lxml import etree

from exporters.utility.formats.espi.clock import clock
from exporters.utility.intervals.quality import SLOT_SECONDS
from exporters.utility.intervals.series import Series

ATOM = "http://www.w3.org/2005/Atom"
ESPI = "http://naesb.org/espi"
_NAMES: Any = {None: ATOM, "espi": ESPI}  # the stubs forbid a default namespace
_ROOT = "/espi/1_1/resource"
_ELECTRICITY = "0"
_READING_TYPE = {
    "accumulationBehaviour": 4,  # delta data: what was used in the interval
    "commodity": 1,  # electricity, secondary metered: the schema's usual one
    "dataQualifier": 12,  # normal
    "flowDirection": 1,  # forward: drawn
    "intervalLength": SLOT_SECONDS,
    "kind": 12,  # energy
    "powerOfTenMultiplier": 0,
    "timeAttribute": 0,
    "uom": 72,  # Wh
}


@dataclass(frozen=True, slots=True)
class _Names:
    """The ids of a site's resources."""

    site: str

    def of(self, *parts: str) -> UUID:
        return uuid5(NAMESPACE_URL, "/".join(("urn:wattkeeper", self.site, *parts)))


def write_espi(site: str, meters: Sequence[Series], stream: BinaryIO, *, made_at: datetime) -> None:
    """Write a Green Button feed.

    Args:
        site: the site's name; ids are made from it.
        meters: what was used, meter by meter.
        stream: where to.
        made_at: when the report was made.

    Raises:
        IntervalError: ESPI has no words for how the zone sets its clocks.
    """
    names = _Names(site)
    updated = made_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    with etree.xmlfile(stream, encoding="UTF-8") as file:
        file.write_declaration()
        with file.element(_atom("feed"), nsmap=_NAMES):
            file.write(_text("id", names.of("feed").urn))
            file.write(_text("title", f"Energy of {site}"))
            file.write(_text("updated", updated))
            file.write(_link("self", f"{_ROOT}/Batch/{names.of('feed')}"))
            file.write(_local_time(names, meters[0], updated))
            for series in meters:
                for entry in _meter(names, series, updated):
                    file.write(entry)


def _local_time(names: _Names, series: Series, updated: str) -> etree._Element:
    key = series.grid.zone.key
    found = clock(series.grid.zone, series.grid.first.year)
    body = etree.Element(_espi("LocalTimeParameters"), nsmap={"espi": ESPI})
    for name, value in (
        ("dstEndRule", found.summer_ends),
        ("dstOffset", found.summer_seconds),
        ("dstStartRule", found.summer_begins),
        ("tzOffset", found.offset_seconds),
    ):
        _add(body, name, value)
    path = f"{_ROOT}/LocalTimeParameters/{names.of('clock', key)}"
    return _entry(names.of("clock", key), key, updated, path, (), body)


def _meter(names: _Names, series: Series, updated: str) -> Iterator[etree._Element]:
    meter = series.meter
    point, reading = names.of(meter, "point"), names.of(meter, "reading")
    kind = names.of("type", "Wh", str(SLOT_SECONDS), meter)
    at = f"{_ROOT}/UsagePoint/{point}"
    at_reading, at_kind = f"{at}/MeterReading/{reading}", f"{_ROOT}/ReadingType/{kind}"
    clocks = f"{_ROOT}/LocalTimeParameters/{names.of('clock', series.grid.zone.key)}"

    body = etree.Element(_espi("UsagePoint"), nsmap={"espi": ESPI})
    _add(etree.SubElement(body, _espi("ServiceCategory")), "kind", _ELECTRICITY)
    _add(body, "status", 1)
    yield _entry(point, meter, updated, at, (f"{at}/MeterReading", clocks), body)

    body = etree.Element(_espi("MeterReading"), nsmap={"espi": ESPI})
    related = (f"{at_reading}/IntervalBlock", at_kind)
    yield _entry(reading, f"{meter}, 15 minutes", updated, at_reading, related, body)

    body = etree.Element(_espi("ReadingType"), nsmap={"espi": ESPI})
    for name, value in _READING_TYPE.items():
        _add(body, name, value)
    yield _entry(kind, "Energy drawn in 15 minutes (Wh)", updated, at_kind, (), body)

    watt_hours, codes = series.watt_hours.tolist(), series.quality.tolist()
    present = series.present.tolist()
    edges = series.grid.edges.tolist()
    for number in range(len(edges) - 1):
        there = [index for index in range(edges[number], edges[number + 1]) if present[index]]
        if not there:
            continue
        body = etree.Element(_espi("IntervalBlock"), nsmap={"espi": ESPI})
        first, last = series.grid.at_s(edges[number]), series.grid.at_s(edges[number + 1])
        _add_time(body, "interval", first, last - first)
        for index in there:
            each = etree.SubElement(body, _espi("IntervalReading"))
            _add(etree.SubElement(each, _espi("ReadingQuality")), "quality", codes[index])
            _add_time(each, "timePeriod", series.grid.at_s(index), SLOT_SECONDS)
            _add(each, "value", watt_hours[index])
        day = series.grid.day(number).isoformat()
        block = names.of(meter, "day", day)
        yield _entry(block, day, updated, f"{at_reading}/IntervalBlock/{block}", (), body)


def _entry(
    uuid: UUID,
    title: str,
    updated: str,
    path: str,
    related: Sequence[str],
    body: etree._Element,
) -> etree._Element:
    entry = etree.Element(_atom("entry"), nsmap=_NAMES)
    entry.append(_text("id", uuid.urn))
    entry.append(_link("self", path))
    entry.append(_link("up", path.rpartition("/")[0]))
    entry.extend(_link("related", each) for each in related)
    entry.append(_text("title", title))
    etree.SubElement(entry, _atom("content"), type="application/xml").append(body)
    entry.append(_text("published", updated))
    entry.append(_text("updated", updated))
    return entry


def _atom(name: str) -> str:
    return f"{{{ATOM}}}{name}"


def _espi(name: str) -> str:
    return f"{{{ESPI}}}{name}"


def _text(name: str, text: str) -> etree._Element:
    found = etree.Element(_atom(name), nsmap=_NAMES)
    found.text = text
    return found


def _link(relation: str, path: str) -> etree._Element:
    return etree.Element(_atom("link"), rel=relation, href=path)


def _add(parent: etree._Element, name: str, value: object) -> None:
    etree.SubElement(parent, _espi(name)).text = str(value)


def _add_time(parent: etree._Element, name: str, start: int, seconds: int) -> None:
    found = etree.SubElement(parent, _espi(name))
    _add(found, "duration", seconds)
    _add(found, "start", start)
