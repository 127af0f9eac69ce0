"""Tariff files: what is shipped, and what is refused, with its line."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from importlib.resources import files
from pathlib import Path

import pytest

from exporters.utility.tariff import Tariff, TariffFileError, UnknownTariffError
from exporters.utility.tariff.hours import day_of_bands, in_words, slots_of
from exporters.utility.tariff.shelf import from_file, shelf

ROOT = Path(__file__).parents[3]
SHIPPED = ROOT / "exporters/utility/tariff/files"

# Base, then off_peak/mid/peak of summer, spring and autumn, winter: KEPCO's terms of 2024-10-24,
# table 1, and the transcription of its sheet of 2026-06-01.
INDUSTRIAL_2024 = """
b-1 6630 126.3/178.6/259.8 126.3/148.6/178.9 133.3/178.6/234.8
b-2 7380 122.5/174.8/256.0 122.5/144.8/175.1 129.5/174.8/231.0
b-3 8190 120.8/173.1/254.4 120.8/143.2/173.5 127.9/173.1/229.3
c-1 6590 125.8/178.7/259.6 125.8/148.7/179.1 132.7/178.3/234.9
c-2 7520 121.1/174.0/254.9 121.1/144.0/174.4 128.0/173.6/230.2
c-3 8090 120.0/172.9/253.8 120.0/142.9/173.3 126.9/172.5/229.1
"""
INDUSTRIAL_2026 = """
b-1 6630 131.4/178.6/242.9 131.4/148.6/165.7 138.4/178.6/217.9
b-2 7380 127.6/174.8/239.1 127.6/144.8/161.9 134.6/174.8/214.1
b-3 8190 125.9/173.1/237.5 125.9/143.2/160.3 133.0/173.1/212.4
c-1 6590 130.9/178.7/242.7 130.9/148.7/165.9 137.8/178.3/218.0
c-2 7520 126.2/174.0/238.0 126.2/144.0/161.2 133.1/173.6/213.3
c-3 8090 125.1/172.9/236.9 125.1/142.9/160.1 132.0/172.5/212.2
"""
GENERAL = """
b-1 6630 95.9/148.2/229.4 95.9/118.2/148.5 102.9/148.2/204.4
b-2 7380 92.1/144.4/225.6 92.1/114.4/144.7 99.1/144.4/200.6
b-3 8190 90.4/142.7/224.0 90.4/112.8/143.1 97.5/142.7/198.9
"""


@pytest.mark.parametrize(
    ("kind", "day", "table"),
    [
        ("industrial", "2024-10-24", INDUSTRIAL_2024),
        ("industrial", "2026-04-15", INDUSTRIAL_2024),
        ("industrial", "2026-04-16", INDUSTRIAL_2026),
        ("general", "2024-10-24", GENERAL),
        ("general", "2026-05-31", GENERAL),
        ("general", "2026-06-01", GENERAL),
    ],
)
def test_every_price(kind: str, day: str, table: str) -> None:
    for row in table.strip().splitlines():
        option, base, *seasons = row.split()
        tariff = Tariff.load(f"kepco-{kind}-eul-hv-{option}", date.fromisoformat(day))
        assert tariff.shelved.option.demand == {"base": Decimal(base)}
        for season, prices in zip(("summer", "spring_autumn", "winter"), seasons, strict=True):
            found = [tariff.tiers(season, band)[0].rate for band in ("off_peak", "mid", "peak")]
            assert found == [Decimal(price) for price in prices.split("/")]


@pytest.mark.parametrize(
    ("at", "old", "new"),
    [
        ("08:00", "mid", "mid"),
        ("10:45", "mid", "mid"),
        ("11:00", "peak", "mid"),
        ("12:00", "mid", "mid"),
        ("13:00", "peak", "mid"),
        ("14:45", "peak", "mid"),
        ("15:00", "peak", "peak"),
        ("17:45", "peak", "peak"),
        ("18:00", "mid", "peak"),
        ("20:45", "mid", "peak"),
        ("21:00", "mid", "mid"),
        ("22:00", "off_peak", "off_peak"),
        ("07:45", "off_peak", "off_peak"),
    ],
)
def test_hours_before_and_after_the_reform(at: str, old: str, new: str) -> None:
    (slot, *_) = slots_of([f"{at}-24:00"])
    before, after = date(2025, 7, 16), date(2027, 7, 14)  # Wednesdays
    name = "kepco-industrial-eul-hv-b-2"
    assert Tariff.load(name, before).day(before).bands[slot] == old
    assert Tariff.load(name, after).day(after).bands[slot] == new


def test_the_general_tariff_changes_its_hours_later() -> None:
    slot = slots_of(["11:00-12:00"])[0]
    for name, last in (("industrial", date(2026, 4, 15)), ("general", date(2026, 5, 29))):
        tariff = f"kepco-{name}-eul-hv-b-1"
        assert Tariff.load(tariff, last).day(last).bands[slot] == "peak"
        assert Tariff.load(tariff, date(2026, 6, 2)).day(date(2026, 6, 2)).bands[slot] == "mid"


def test_what_has_no_source_is_refused_by_name() -> None:
    for name in ("kepco-general-eul-hv-c-1", "kepco-industrial-eul-hv-b-4", "kepco"):
        with pytest.raises(UnknownTariffError, match=f"no tariff '{name}' with a source"):
            Tariff.load(name, date(2027, 1, 1))
    with pytest.raises(UnknownTariffError, match="costs on 2024-10-23"):
        Tariff.load("kepco-industrial-eul-hv-b-1", date(2024, 10, 23))


def test_the_shipped_files_name_their_sources_and_are_found_as_package_data() -> None:
    packaged = files("exporters.utility.tariff") / "files"
    assert {each.name for each in packaged.iterdir()} == {each.name for each in SHIPPED.iterdir()}
    assert len(shelf()) == 10
    for versions in shelf().values():
        for each in versions:
            assert each.spec.meta.sources
            assert each.spec.meta.verified_how
            assert all(len(file.sha256) == 64 for file in each.files)


def test_deploy_shows_every_shipped_file() -> None:
    shown = {each.name: each.resolve() for each in (ROOT / "deploy/tariffs").iterdir()}
    assert shown == {each.name: each.resolve() for each in SHIPPED.iterdir()}


def edited(folder: Path, edit: Callable[[str], str]) -> Path:
    """The industrial file of 2026 with something changed."""
    path = folder / "mine.toml"
    text = (SHIPPED / "kepco-industrial-eul-2026-04-16.toml").read_text(encoding="utf-8")
    assert edit(text) != text
    path.write_text(edit(text), encoding="utf-8")
    return path


def line_of(path: Path, text: str) -> int:
    lines = path.read_text(encoding="utf-8").splitlines()
    return next(n for n, line in enumerate(lines, 1) if text in line)


def test_a_hole_in_the_hours(tmp_path: Path) -> None:
    path = edited(tmp_path, lambda text: text.replace('"15:00-21:00"', '"15:15-21:00"'))
    with pytest.raises(TariffFileError, match="no band has 15:00-15:15") as raised:
        from_file(path)
    assert str(raised.value).startswith(f"mine.toml, line {line_of(path, 'hours.off_peak')}: ")


def test_hours_with_two_bands(tmp_path: Path) -> None:
    path = edited(tmp_path, lambda text: text.replace('"21:00-22:00"', '"20:00-22:00"'))
    with pytest.raises(TariffFileError, match="more than one band has 20:00-21:00"):
        from_file(path)


def test_days_without_bands(tmp_path: Path) -> None:
    path = edited(
        tmp_path, lambda text: text.replace('"sunday", "holiday"]\nhours', '"sunday"]\nhours')
    )
    with pytest.raises(TariffFileError, match="holiday in summer has no bands"):
        from_file(path)


def test_a_band_without_a_price(tmp_path: Path) -> None:
    path = edited(tmp_path, lambda text: text.replace("mid = 178.6, peak = 242.9", "mid = 178.6"))
    with pytest.raises(TariffFileError, match="b-1: no price for peak in summer") as raised:
        from_file(path)
    assert f"mine.toml, line {line_of(path, 'energy.summer')}: " in str(raised.value)


def test_a_key_that_is_none(tmp_path: Path) -> None:
    path = edited(tmp_path, lambda text: text.replace("ratio = 0.5", "ration = 0.5"))
    with pytest.raises(TariffFileError) as raised:
        from_file(path)
    where = f"mine.toml, line {line_of(path, 'ration')}: discount.0.ration: Unexpected keyword"
    assert where in str(raised.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('include = ["kepco-common.toml"]', 'include = ["gone.toml"]', "includes 'gone.toml'"),
        ("valid_from = 2026-04-16", "valid_from = yesterday", "no TOML"),
        ("valid_from = 2026-04-16", "valid_from = 2026-04-16\nvalid_to = 2026-04-15", "is before"),
        ("valid_from = 2026-04-16", 'valid_from = 2026-04-16\nzone = "Korea/Seoul"', "time zone"),
        ('id = "kepco-industrial-eul-hv-b-2"', 'id = "kepco-industrial-eul-hv-b-1"', "2 times"),
        ("demand.base = 6630", "demand.bass = 6630", "'bass' is only here"),
        ('hours = ["11:00-14:00"]', 'hours = ["11:00-14:10"]', "not on quarter-hours"),
        ('hours = ["11:00-14:00"]', 'hours = ["11-14"]', "no range of hours"),
        ('seasons = ["spring_autumn"]\ndays', 'seasons = ["lent"]\ndays', "no season 'lent'"),
        ("hours.peak = [", "hours.shoulder = [", "no band 'shoulder'"),
    ],
)
def test_what_else_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = edited(tmp_path, lambda text: text.replace(old, new, 1))
    with pytest.raises(TariffFileError, match=message):
        from_file(path)


def test_tiers_must_rise_and_end_open(tmp_path: Path) -> None:
    for tiers in (
        "[{ up_to_kwh = 10, rate = 1.0 }]",
        "[{ up_to_kwh = 10, rate = 1.0 }, { up_to_kwh = 5, rate = 1.0 }, { rate = 2.0 }]",
        "[]",
    ):
        path = edited(tmp_path, lambda text, t=tiers: text.replace("mid = 178.6", f"mid = {t}"))  # type: ignore[misc]  # the default binds the loop's value
        with pytest.raises(TariffFileError, match="tiers of mid in summer must rise"):
            from_file(path)


def test_two_versions_must_not_overlap(tmp_path: Path) -> None:
    edited(tmp_path, lambda text: text.replace("2026-04-16\n", "2026-07-01\n"))
    with pytest.raises(TariffFileError, match="valid until further notice"):
        shelf(tmp_path)


def test_a_file_of_ones_own_hides_a_shipped_one(tmp_path: Path) -> None:
    path = tmp_path / "kepco-industrial-eul-2026-04-16.toml"
    text = (SHIPPED / path.name).read_text(encoding="utf-8")
    path.write_text(text.replace("demand.base = 7380", "demand.base = 7381"), encoding="utf-8")
    day = date(2027, 1, 1)
    name = "kepco-industrial-eul-hv-b-2"
    assert Tariff.load(name, day, own=tmp_path).shelved.option.demand["base"] == 7381
    assert Tariff.load(name, day).shelved.option.demand["base"] == 7380


def test_hours_over_midnight() -> None:
    assert slots_of(["22:00-08:00"]) == [*range(88, 96), *range(32)]
    assert in_words(slots_of(["22:00-08:00"])) == "00:00-08:00, 22:00-24:00"
    assert set(day_of_bands({"all": ["00:00-24:00"]})) == {"all"}
    for wrong in ("08:00-08:00", "24:00-08:00", "08:00-24:15", "08:60-10:00"):
        with pytest.raises(ValueError, match="is"):
            slots_of([wrong])
