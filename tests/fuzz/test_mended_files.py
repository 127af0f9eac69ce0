"""What fuzzing found in parsers of files that people write, each as the smallest input."""

import json
import os
from argparse import ArgumentTypeError
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from collector.commands.tariff import _moment
from collector.config import ConfigError, Settings, load_as
from collector.shown import quoted, shown, value_shown, without_credentials
from collector.sitefile import SiteFileError, load
from collector.sources.meters.mapfile import load_map
from collector.toml import TomlError, tables_of
from exporters.http.access_spec import AccessError
from exporters.http.webconfig import read_web_config
from exporters.utility.intervals.edits import read_edits
from exporters.utility.intervals.errors import IntervalError
from exporters.utility.intervals.journal import record, verify
from exporters.utility.meterfile import read_history, read_readings
from exporters.utility.tariff import (
    ReadingsError,
    Tariff,
    TariffError,
    TariffFileError,
    parse_period,
)
from exporters.utility.tariff.shelf import from_file
from exporters.utility.tariff.urdb import import_urdb
from tests.fuzz.every import TARGETS
from tests.fuzz.odd import DIGITS, SECRET, SECRET_URLS
from tests.fuzz.targets.tariffs import COMMON, RATE, TEXT
from tests.fuzz.words import MANY_LINES, checked
from tests.sitefile.texts import TREE

SEOUL = ZoneInfo("Asia/Seoul")


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What this machine's environment says is not under test."""
    for name in list(os.environ):
        if name.startswith("WATTKEEPER_"):
            monkeypatch.delenv(name)


def written(folder: Path, text: str | bytes, name: str = "file.toml") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"a = {DIGITS}", "thousands of digits"),
        ("a = 0x" + "f" * 17, "more than 64 bits"),
        ("a = [[1, 99999999999999999999]]", "more than 64 bits"),
        ("a = " + "[" * 5000, "nested too deep"),
        (".".join("a" * 2000) + " = 1", "nested too deep"),
    ],
)
def test_toml_that_ended_in_a_traceback(text: str, said: str) -> None:
    with pytest.raises(TomlError, match=said):
        tables_of(text)
    assert tables_of("a = 9223372036854775807\nb = [[[1]]]")["b"] == [[[1]]]


@pytest.mark.parametrize("text", [f"a = {DIGITS}", "a = " + "[" * 5000])
def test_every_reader_of_toml_takes_it_so(tmp_path: Path, text: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ConfigError, match="not valid TOML"):
        load_as(Settings, path)
    with pytest.raises(ConfigError, match="not valid TOML"):
        load_map(path)
    with pytest.raises(TariffFileError, match="no TOML"):
        from_file(path)
    with pytest.raises(SiteFileError, match=r"not valid TOML|nested too deep"):
        load(path)


@pytest.mark.parametrize("url", SECRET_URLS)
def test_no_url_shows_what_stands_before_its_host(tmp_path: Path, url: str) -> None:
    path = written(tmp_path, f'[influxdb]\nbucket = "b"\nurl = "{url}"\n')
    with pytest.raises(ConfigError, match=r"influxdb\.url") as caught:
        load_as(Settings, path)
    assert SECRET not in str(caught.value)


def test_what_is_shown_of_a_value() -> None:
    assert value_shown("a\x1b[31mb") == '"a?[31mb"'
    assert value_shown({"password": SECRET}) == "{...}"
    assert value_shown(int("9" * 4000) ** 2) == "a very long number"
    assert [value_shown(one) for one in (True, 1.5)] == ["True", "1.5"]
    assert shown("x" * 500, 3) == "xxx..."
    assert quoted("a\n") == r"'a\n'"
    assert without_credentials("https://a:b@c@host/x") == "https://***@host/x"
    assert without_credentials("nobody") == "nobody"


def test_a_file_that_is_no_configuration_is_told_in_few_lines(tmp_path: Path) -> None:
    """Every unknown key was looked for in every line, and told in a line of its own."""
    path = written(tmp_path, "".join(f"key{number} = 1\n" for number in range(5000)))
    with pytest.raises(ConfigError, match="and 4950 more mistakes") as caught:
        load_as(Settings, path)
    checked(caught.value, lines=51)


@pytest.mark.parametrize("key", ['"\\u001b[31m"', '"\\n"', '"' + "k" * 3000 + '"'])
def test_a_key_that_cannot_be_shown(tmp_path: Path, key: str) -> None:
    for use, text in (
        (lambda path: load_as(Settings, path), f"[node]\n{key} = 1\n"),
        (load, f"{TREE}{key} = 1\n"),
        (load_map, f'[[topic]]\ntopic = "a"\nmeter = "m"\nquantity = "power"\n{key} = 1\n'),
        (load_map, f"[[{key}]]\n"),
    ):
        with pytest.raises((ConfigError, SiteFileError)) as caught:
            use(written(tmp_path, text))
        checked(caught.value, lines=MANY_LINES)


def test_an_environment_nested_too_deep(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATTKEEPER_SAMPLING", "[" * 100_000)
    with pytest.raises(ConfigError, match="nested too deep"):
        load_as(Settings, default=False)


@pytest.mark.parametrize("port", ["\N{SUPERSCRIPT TWO}", "9" * 5000, "65536", "+1"])
def test_a_port_in_other_digits(tmp_path: Path, port: str) -> None:
    path = written(tmp_path, f'[prometheus]\nlisten = "0.0.0.0:{port}"\n')
    with pytest.raises(ConfigError, match="allowed is HOST:PORT") as caught:
        load_as(Settings, path)
    checked(caught.value)


def test_a_range_named_by_a_huge_number(tmp_path: Path) -> None:
    text = f"{TREE}\n[[rack_range]]\nid = 0x{'f' * 5000}\ncount = {{ row = 2 }}\n"
    with pytest.raises(SiteFileError, match="must hold every count"):
        load(written(tmp_path, text))


def test_powers_whose_sum_would_be_infinite(tmp_path: Path) -> None:
    with pytest.raises(SiteFileError, match="allowed is a positive number of watts"):
        load(written(tmp_path, TREE.replace('"1 MW"', "1e308")))


@pytest.mark.parametrize(
    "line",
    [
        "include = 5",
        "include = [[]]",
        'include = ["\\u0000"]',
        'zone = "Asia"',
        "ratio = 1e9999999999999999999999",
        "ratio = nan",
        'ratio = "1e999999"',
        "to = 1e-999999",
        "[tariff]",
        '"\\u001b" = 1',
        "window_minutes = 0",
        "window_minutes = -15",
        "months_back = 999999999",
    ],
)
def test_a_tariff_file_that_ended_in_a_traceback_or_never(tmp_path: Path, line: str) -> None:
    key = line.partition(" =")[0]
    if line.startswith("include"):
        text = TEXT.replace('include = ["common.toml"]', line)
    elif f"\n{key} =" in TEXT:
        start = TEXT.index(f"\n{key} =") + 1
        text = TEXT[:start] + line + TEXT[TEXT.index("\n", start) :]
    elif key in {"months_back", "to"}:
        value = {"months_back": "months_back = 12", "to": "to = 0.1"}[key]
        text = TEXT.replace(value, line)
    else:
        text = TEXT.replace("[meta]", f"{line}\n[meta]" if "[" in line else f"[meta]\n{line}")
    assert text != TEXT
    written(tmp_path, COMMON, "common.toml")
    assert from_file(written(tmp_path, TEXT))
    with pytest.raises(TariffFileError) as caught:
        from_file(written(tmp_path, text))
    checked(caught.value, lines=MANY_LINES)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("startdate", "soon"),
        ("startdate", 10**18),
        ("enddate", "\N{SUPERSCRIPT TWO}"),
        ("energyratestructure", [5]),
        ("energyratestructure", [[{"rate": "much"}]]),
        ("energyratestructure", [[{"rate": {}}]]),
        ("energyweekdayschedule", 7),
        ("energyweekdayschedule", [["a"] * 24] * 12),
        ("demandweekdayschedule", [[-1] * 24] * 12),
        ("flatdemandmonths", "twelve"),
        ("demandwindow", []),
        ("fixedchargefirstmeter", "1e999999"),
        ("name", {}),
    ],
)
def test_a_rate_with_a_value_of_another_type(key: str, value: object) -> None:
    with pytest.raises(TariffFileError) as caught:
        import_urdb(json.dumps({**RATE, key: value}), zone="America/Los_Angeles")
    checked(caught.value)


def test_names_of_a_rate_that_make_no_toml(tmp_path: Path) -> None:
    content = json.dumps({**RATE, "name": "\x7f\ud800" + "x" * 5000})
    found = import_urdb(content, zone="America/Los_Angeles", tariff_id="t")
    assert from_file(written(tmp_path, found.text))
    for zone in ("Asia", "", "/etc/localtime"):
        with pytest.raises(TariffFileError, match="is no time zone"):
            import_urdb(json.dumps(RATE), zone=zone)


@pytest.mark.parametrize("text", ["9999", "9999-12", "0001-01", "\N{ARABIC-INDIC DIGIT TWO}027"])
def test_a_period_at_the_end_of_all_days(text: str) -> None:
    with pytest.raises(TariffError, match="is no period"):
        parse_period(text, 15)


@pytest.mark.parametrize(
    "row",
    [
        "0001-01-01T00:00:00+14:00,1",
        "9999-12-31T23:45:00-12:00,1",
        "2027-11-01T00:00:00+09:00,999999999999999",
        f"{'x' * 5000},1",
        f"2027-11-01T00:00:00+09:00,{'x' * 5000}",
    ],
)
def test_a_reading_that_ended_in_a_traceback(tmp_path: Path, row: str) -> None:
    path = written(tmp_path, f"start,kwh\n{row}\n")
    with pytest.raises(ReadingsError, match="line 2") as caught:
        read_readings(path, SEOUL)
    checked(caught.value, lines=2)


@pytest.mark.parametrize("label", ["0001-01-01 00:00", "9999-12-31 24:00", "0000-01-01 00:15"])
def test_a_label_of_kepco_at_the_end_of_all_days(tmp_path: Path, label: str) -> None:
    path = written(tmp_path, f"검침일,사용량(kWh)\n{label},1\n")
    with pytest.raises(ReadingsError, match="is no time"):
        read_readings(path, SEOUL)


def test_a_customer_with_a_name_of_pages(tmp_path: Path) -> None:
    rows = "".join(
        f"2027-11-01T0{at}:00:00+09:00,1,{name}\n" for at, name in enumerate(("a", "b" * 5000))
    )
    with pytest.raises(ReadingsError, match="follows customer a") as caught:
        read_readings(written(tmp_path, f"start,kwh,customer\n{rows}"), SEOUL)
    checked(caught.value)


def test_a_month_in_other_digits(tmp_path: Path) -> None:
    """Zeros of another script passed, and made a month of the year 0."""
    zero = "\N{ARABIC-INDIC DIGIT ZERO}"
    with pytest.raises(ReadingsError, match="is no month"):
        read_history(written(tmp_path, f"month,kw\n{zero * 4}-01,1\n"))


def test_an_edit_of_more_than_can_be(tmp_path: Path) -> None:
    row = "main,2027-11-01T00:15:00+09:00,999999999999999,why,who"
    with pytest.raises(IntervalError, match="cannot be"):
        read_edits(written(tmp_path, f"meter,start,kwh,reason,user\n{row}\n"), ("main",))


@pytest.mark.parametrize(
    "entry",
    [
        [],
        {"kind": "change"},
        {"kind": []},
        {"kind": "edits", "at": "x", "lines": 1, "bytes": float("nan"), "sha256": "x"},
        {"kind": "edits", "at": "x", "lines": 1, "sha256": "x"},
        {"kind": "change", "meter": [], "start": {}},
    ],
)
def test_a_journal_with_a_line_of_another_kind(tmp_path: Path, entry: object) -> None:
    said = {**entry, "previous": "0" * 64} if isinstance(entry, dict) else entry
    path = written(tmp_path, json.dumps(said) + "\n")
    with pytest.raises(IntervalError, match="line 1: it is not as it was written"):
        verify(path)
    with pytest.raises(IntervalError, match="line 1"):
        record(path, (), datetime(2027, 12, 1, tzinfo=UTC), written(tmp_path, "x", "edits.csv"))


def test_a_journal_nested_too_deep(tmp_path: Path) -> None:
    with pytest.raises(IntervalError, match="line 1"):
        verify(written(tmp_path, "[" * 100_000 + "\n"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[" * 400, "nested too deep"),
        ("- " * 400, "nested too deep"),
        ("tls_server_config:\n  min_version: " + "x" * 5000, "min_version = xxx"),
        ('basic_auth_users:\n  "\\e[31m": ' + SECRET, "no bcrypt hash"),
        ("http_server_config:\n" + "".join(f"  key{n}: 1\n" for n in range(500)), "495 more"),
    ],
)
def test_a_web_file_that_took_a_second_or_was_shown_as_it_is(
    tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(AccessError, match=said) as caught:
        read_web_config(written(tmp_path, text))
    checked(caught.value)


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:00-12:00"])
def test_a_price_at_the_end_of_all_days(at: str) -> None:
    with pytest.raises(ArgumentTypeError, match="is no time"):
        _moment(at)
    assert _moment("2027-11-03T10:15").hour == 10


def test_a_url_in_a_key_that_is_none(tmp_path: Path) -> None:
    text = f'{TREE}[[meter]]\nid = "m"\nbranch = "grid"\nregister = "https://u:{SECRET}@host"\n'
    with pytest.raises(SiteFileError, match="allowed is true or false") as caught:
        load(written(tmp_path, text))
    checked(caught.value)


def test_a_country_with_a_name_of_pages(tmp_path: Path) -> None:
    written(tmp_path, COMMON.replace(b'"KR"', b'"' + b"x" * 5000 + b'"'), "common.toml")
    (shelved,) = from_file(written(tmp_path, TEXT))
    with pytest.raises(TariffError, match="does not know the holidays") as caught:
        Tariff.of(shelved).day(date(2026, 11, 20))
    checked(caught.value)


@pytest.mark.parametrize("key", ["listen", "enabled"])
def test_a_health_check_with_a_number_of_thousands_of_digits(key: str) -> None:
    text = f"[prometheus]\n{key} = 0x{'f' * 5000}\n"
    assert TARGETS["healthcheck"].run((text.encode(), {})) is (key == "enabled")
