"""Green Button: valid by its schema, the same when read again by parsers that are not ours."""

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest
from lxml import etree

from exporters.utility.formats.espi import write_espi
from exporters.utility.formats.espi.clock import NEVER, clock
from exporters.utility.intervals.errors import IntervalError
from exporters.utility.intervals.quality import Quality
from exporters.utility.intervals.series import Series
from tests.utility.formats.support import MADE_AT
from tests.utility.intervals.support import BERLIN, days, series, without

SCHEMAS = Path(__file__).parents[4] / "shared/schemas/espi"
ATOM, ESPI = "{http://www.w3.org/2005/Atom}", "{http://naesb.org/espi}"


def feed(*meters: Series) -> bytes:
    stream = BytesIO()
    write_espi("north", meters, stream, made_at=MADE_AT)
    return stream.getvalue()


def whole_schema() -> etree.XMLSchema:
    """The feed's schema with that of its content: Atom alone takes any."""
    imports = "".join(
        f'<xs:import namespace="{name[1:-1]}" schemaLocation="{(SCHEMAS / file).as_uri()}"/>'
        for name, file in ((ATOM, "atom.xsd"), (ESPI, "espi.xsd"))
    )
    text = f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">{imports}</xs:schema>'
    return etree.XMLSchema(etree.fromstring(text))


def some() -> Series:
    found = without(series(days("2027-11-01", 3)), (4, 9), (96, 192))
    found.quality[0:3] = (Quality.RAW, Quality.INTERPOLATED, Quality.EDITED)
    return found


def parsed(content: bytes) -> ET.Element:
    return ET.fromstring(content)  # noqa: S314 - our own output


def readings(content: bytes) -> list[tuple[int, int, int]]:
    """Start, value and quality of every reading, by the standard library's parser."""
    return [
        (
            int(each.findtext(f"{ESPI}timePeriod/{ESPI}start", "")),
            int(each.findtext(f"{ESPI}value", "")),
            int(each.findtext(f"{ESPI}ReadingQuality/{ESPI}quality", "")),
        )
        for each in parsed(content).iter(f"{ESPI}IntervalReading")
    ]


def expected(found: Series) -> list[tuple[int, int, int]]:
    return [
        (found.grid.at_s(n), int(found.watt_hours[n]), int(found.quality[n]))
        for n in range(len(found.grid))
        if found.present[n]
    ]


@pytest.mark.skipif(not SCHEMAS.is_dir(), reason="the schemas are not part of the project's tree")
@pytest.mark.parametrize("zone", ["Asia/Seoul", "Europe/Berlin", "America/New_York"])
def test_it_is_valid(zone: str) -> None:
    schema = whole_schema()
    one = series(days("2027-10-30", 40, ZoneInfo(zone)))
    root = etree.fromstring(feed(one, series(one.grid, meter="second <&> meter")))
    schema.assertValid(root)
    bodies = [each[0] for each in root.iter(f"{ATOM}content")]
    assert len(bodies) == 1 + 2 * (3 + 40)
    bodies[-1].append(etree.Element(f"{ESPI}nonsense"))
    assert not schema.validate(root)


def test_readings_come_back_and_what_is_missing_is_not_there() -> None:
    found = some()
    content = feed(found)
    assert readings(content) == expected(found)
    assert len(readings(content)) == 3 * 96 - 5 - 96
    root = parsed(content)
    assert len(root.findall(f".//{ESPI}IntervalBlock")) == 2  # a day without readings has no block
    kind = root.find(f".//{ESPI}ReadingType")
    assert kind is not None
    said = {each.tag.removeprefix(ESPI): each.text for each in kind}
    assert (said["uom"], said["powerOfTenMultiplier"], said["intervalLength"]) == ("72", "0", "900")
    assert b"<quality>19<" not in content


def test_a_year_with_clocks_that_are_set() -> None:
    found = series(days("2027-03-27", 3, BERLIN))
    assert readings(feed(found)) == expected(found)
    durations = [
        each.findtext(f"{ESPI}interval/{ESPI}duration")
        for each in parsed(feed(found)).iter(f"{ESPI}IntervalBlock")
    ]
    assert durations == ["86400", "82800", "86400"]


def test_ids_stay_the_same_and_are_all_different() -> None:
    def ids(content: bytes) -> list[str]:
        root = parsed(content)
        return [each.text or "" for each in root.iter(f"{ATOM}id")]

    found, later = some(), series(days("2027-11-03", 2))
    first = ids(feed(found))
    assert first == ids(feed(found))
    assert len(set(first)) == len(first)
    assert all(each.startswith("urn:uuid:") and each[23] == "5" for each in first)
    assert ids(feed(later))[-2] == first[-1]  # the same day in another report


def test_links_lead_from_the_point_to_the_blocks() -> None:
    root = parsed(feed(some()))
    links = [
        {(link.get("rel"), link.get("href")) for link in entry.findall(f"{ATOM}link")}
        for entry in root.findall(f"{ATOM}entry")
    ]
    _, point, reading, kind, block, _ = links
    by = {rel: href for rel, href in reading if rel in ("self", "up")}
    assert ("related", by["up"]) in point
    assert ("related", next(href for rel, href in kind if rel == "self")) in reading
    assert ("related", next(href for rel, href in block if rel == "up")) in reading


def test_an_independent_parser_reads_the_same(tmp_path: Path) -> None:
    parse: Any = pytest.importorskip("greenbutton_objects.parse")
    found = some()
    path = tmp_path / "gb.xml"
    path.write_bytes(feed(found))
    (point,) = parse.parse_feed(path)
    (reading,) = point.meterReadings
    assert reading.readingType.uom.name == "wattHours"
    again = [
        (
            int(each.timePeriod.start.replace(tzinfo=UTC).timestamp()),
            round(each.value),
            next(iter(each.readingQualities)).quality.value,
        )
        for each in reading.intervalReadings
    ]
    assert again == expected(found)


def test_clocks() -> None:
    seoul = clock(ZoneInfo("Asia/Seoul"), 2027)
    assert (seoul.offset_seconds, seoul.summer_seconds) == (32_400, 0)
    assert (seoul.summer_begins, seoul.summer_ends) == (NEVER, NEVER)
    berlin = clock(BERLIN, 2027)
    assert (berlin.offset_seconds, berlin.summer_seconds) == (3600, 3600)
    # Last (7) Sunday (7) of March at 2, of October at 3: month, operator, day of month, weekday, h.
    assert int(berlin.summer_begins, 16) == 3 << 28 | 7 << 25 | 0 << 20 | 7 << 17 | 2 << 12
    assert int(berlin.summer_ends, 16) == 10 << 28 | 7 << 25 | 0 << 20 | 7 << 17 | 3 << 12
    york = clock(ZoneInfo("America/New_York"), 2027)
    assert (york.offset_seconds, york.summer_seconds) == (-18_000, 3600)
    # Second (3) Sunday of March, first (2) of November, both at 2; Green Button's own files say so.
    assert (york.summer_begins, york.summer_ends) == ("360E2000", "B40E2000")
    sydney = clock(ZoneInfo("Australia/Sydney"), 2027)
    assert (sydney.offset_seconds, sydney.summer_seconds) == (36_000, 3600)


def test_clocks_that_espi_has_no_words_for() -> None:
    with pytest.raises(IntervalError, match="cannot say how Africa/Casablanca sets its clocks"):
        clock(ZoneInfo("Africa/Casablanca"), 2027)


def test_the_time_of_the_report_is_told() -> None:
    root = parsed(feed(some()))
    assert root.findtext(f"{ATOM}updated") == "2027-12-02T03:04:05Z"
    assert datetime.fromisoformat("2027-12-02T03:04:05+00:00") == MADE_AT
