"""What the pages say, in both languages."""

import re
import subprocess
import tomllib
from collections.abc import Callable
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import lxml.etree
import pytest

from exporters.utility.report.blocks import Heading, Notice, Picture, Table, Text
from exporters.utility.report.content import ReportContent
from exporters.utility.report.formula import korean
from exporters.utility.report.html import report_html
from exporters.utility.report.sections import pages
from exporters.utility.report.words import Words
from exporters.utility.tariff import Contract, PowerFactors
from tests.servers.process import program
from tests.utility.report.support import full
from tests.utility.tariff.support import B2, flat, history, make_bill, month, with_peak

FOLDER = Path(__file__).parents[3] / "exporters/utility/report"
LANGUAGES = ("en", "ko")
both = pytest.mark.parametrize("language", LANGUAGES)


def notices(report: ReportContent, language: str = "en") -> list[str]:
    return [b.text for b in pages(report, Words(language)) if isinstance(b, Notice)]


def texts(report: ReportContent, language: str = "en") -> str:
    found = []
    for block in pages(report, Words(language)):
        if isinstance(block, Text | Heading | Notice):
            found.append(block.text)
        elif isinstance(block, Table):
            found += [*block.header, *(cell for row in block.rows for cell in row)]
    return "\n".join(found)


def words(language: str) -> dict[str, dict[str, str]]:
    found = tomllib.loads((FOLDER / f"words/{language}.toml").read_text(encoding="utf-8"))
    return {name: dict(table) for name, table in found.items()}


def test_both_languages_say_the_same_things() -> None:
    english, korean_words = words("en"), words("ko")
    for table, entries in english.items():
        assert list(entries) == list(korean_words[table])
        for key, text in entries.items():
            fields = sorted(re.findall(r"{(\w+)", text))
            assert sorted(re.findall(r"{(\w+)", korean_words[table][key])) == fields, key


def test_every_word_is_said_and_there_is() -> None:
    source = "\n".join(path.read_text(encoding="utf-8") for path in FOLDER.rglob("*.py"))
    said = set(re.findall(r"""["'](\w+)["']""", source))
    prefixes = ("kind_", "cut_", "from_", "split_", "category_", "src_")
    unsaid = [
        key for key in words("en")["text"] if key not in said and not key.startswith(prefixes)
    ]
    assert unsaid == []


@both
def test_every_page_can_be_said_in_every_language(language: str) -> None:
    found = texts(full(), language)
    assert "{" not in found
    assert "1.234" in found
    if language == "ko":
        for table in ("전력량요금", "기본요금", "당월 최대수요", "역률", "부가가치세"):
            assert table in found


def test_page_one_says_what_nobody_may_overlook() -> None:
    found = notices(full())
    assert found[0].startswith("Readings are missing: 4 quarter-hours (1.00 h) in 1 gaps, the fir")
    assert "2027-11-30 23:00 to 2027-12-01 00:00" in found[0]
    assert "estimated or set by hand" in found[1]
    assert "4 quarter-hours" in found[1]
    assert any("kepco-industrial-eul-2026-04-16.toml is not verified" in each for each in found)
    assert any("exceeded the contract" in each for each in found)
    assert any("Power factor” rests on an assumption" in each for each in found)


def test_what_is_missing_is_said() -> None:
    report = full(split=None, split_missing="http://p:9090 cannot be reached", pue=None, carbon=())
    found = notices(report)
    assert "There is no split by tenant and rack: http://p:9090 cannot be reached" in found
    text = texts(report)
    assert "There is no PUE" in text
    assert "the site file gives no emission factor" in text
    low = full().extras.pue
    assert low is not None
    lacking = full(pue=type(low)(
        value=None, category=1, coverage_ratio=0.5, interim=True, dc_meters=("a",), dc_wh=1,
        it_meters=("b",), it_wh=1,
    ))  # fmt: skip
    assert any("told in 50.0 % of the quarter-hours" in each for each in notices(lacking))


def test_every_line_of_the_bill_is_there_with_its_formula() -> None:
    report = full()
    text = texts(report)
    for line in report.bills[0].lines:
        assert f"{line.amount:,.0f}" in text
        assert line.formula in text
    assert f"{report.total:,.0f}" in text


def test_formulas_in_korean_have_no_english_left() -> None:
    period = month("2027-11")
    contract = Contract(kw=Decimal(30_000), exceeded_before=True)
    bills = [
        make_bill(B2, period, flat(period, 36_000), contract=contract, earlier=history(period)),
        make_bill(B2, month("2027-10"), flat(month("2027-10"), 100),
                  earlier=history(month("2027-10"), m2027_08=400)),
        make_bill(B2, period, with_peak(flat(period, 36_000), "2027-11-03T10:15", 41_000),
                  reactive=PowerFactors(Decimal(80), Decimal(99))),
        make_bill(B2, period, flat(period, 36_000),
                  contract=Contract(kw=Decimal(40_000), billing_demand_kw=Decimal(100))),
        make_bill(B2, month("2026-04"), flat(month("2026-04"), 900)),
        make_bill(B2, month("2025-07", 15), flat(month("2025-07", 15), 900)),
    ]  # fmt: skip
    for formula in {line.formula for bill in bills for line in bill.lines}:
        left = re.sub(r"\b(kWh|kW)\b", "", korean(formula))
        assert not re.search(r"[A-Za-z]", left), (formula, korean(formula))
    assert korean("10 % of 1,000, cut to 10 KRW") == "1,000의 10 %, 10원 미만 절사"


class _Checked(HTMLParser):
    """Reads HTML, and sees that what is opened is closed."""

    VOID = frozenset({"meta", "hr", "br", "link", "img"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            assert name not in {"src", "href"}, value
            assert not name.startswith("on")
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@both
def test_html_stands_alone_and_holds_no_markup_of_others(language: str) -> None:
    made = report_html(full(), language)
    parser = _Checked()
    parser.feed(made)
    assert parser.open == []
    assert not {"script", "b", "iframe", "link"} & parser.tags
    assert "&lt;b&gt;&amp;" in made  # a tenant's name
    assert f'<html lang="{language}">' in made


@both
def test_pictures_are_whole_and_have_words_for_them(language: str) -> None:
    pictures = [b for b in pages(full(), Words(language)) if isinstance(b, Picture)]
    assert len(pictures) == 5
    for picture in pictures:
        root = lxml.etree.fromstring(picture.svg.encode())
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        width, height = map(float, root.get("viewBox", "").split()[2:])
        assert root.findtext("{*}title")
        for text in root.iter("{*}text"):
            assert -1 <= float(text.get("x", "-9")) <= width
            assert 0 <= float(text.get("y", "-9")) <= height
        assert "nan" not in picture.svg
        assert len(picture.svg) < 200_000


@pytest.fixture(scope="module", params=LANGUAGES)
def pdf(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("typst")
    pytest.importorskip("pylopdf_fonts_ko")
    from exporters.utility.report.pdf import report_pdf  # noqa: PLC0415 - needs both

    made: Callable[[ReportContent, str], bytes] = report_pdf
    path = tmp_path_factory.mktemp("pdf") / f"{request.param}.pdf"
    path.write_bytes(made(full(), request.param))
    assert path.read_bytes() == made(full(), request.param)  # the same report, the same bytes
    return path


def said(*command: str) -> str:
    program(command[0])
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_the_font_is_in_the_pdf(pdf: Path) -> None:
    fonts = said("pdffonts", str(pdf)).splitlines()[2:]
    assert fonts
    for font in fonts:
        assert "NotoSansKR" in font
        assert font.split()[-5:-3] == ["yes", "yes"]  # embedded, and only what is used


def test_the_pdf_says_what_the_pages_say(pdf: Path) -> None:
    text = re.sub(r"\s+", " ", said("pdftotext", "-layout", str(pdf), "-"))
    korean_page = pdf.stem == "ko"
    for expected in (
        "전력 사용 보고서" if korean_page else "Energy report",
        "최대수요가 계약전력을 초과했습니다" if korean_page else "The demand exceeded the contract",
        "계약전력 대비 수요" if korean_page else "Demand against the contract",
        "요금적용전력" if korean_page else "billed",  # in a picture
        "<b>&",
        "ab" * 32,
    ):
        assert expected in text
