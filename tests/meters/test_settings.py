"""From the site daemon's configuration to what reads the meters."""

import os
from pathlib import Path

import pytest

from collector.config import ConfigError, SiteSettings, load_as
from collector.docs.configuration import configuration_page
from collector.docs.keys import tables
from collector.docs.site_key_texts import SITE_KEY_TEXTS
from collector.sitefile.model import MeterSpec
from collector.sources.meters.setup import meter_sources

MAP = """
[[topic]]
topic = "a/+"
meter = "{1}"
quantity = "power"
unit = "W"
"""
METRIC = '[[sparkplug]]\nmetric = "P"\nmeter = "main"\nquantity = "power"\n'


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What this machine's environment says is not under test."""
    for name in list(os.environ):
        if name.startswith("WATTKEEPER_"):
            monkeypatch.delenv(name)


def loaded(folder: Path, text: str) -> SiteSettings:
    file = folder / "wattkeeper.toml"
    file.write_text(text, encoding="utf-8")
    return load_as(SiteSettings, file)


def test_defaults_of_a_site() -> None:
    settings = load_as(SiteSettings, default=False)
    assert settings.prometheus.listen == "0.0.0.0:9411"
    assert settings.ledger.path == Path("/var/lib/wattkeeper/site.sqlite3")
    assert (settings.ledger.minute_days, settings.ledger.quarter_hour_days) == (2, 1100)
    assert settings.site.file == Path("site.toml")
    assert settings.meters.mqtt is None


def test_file_and_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATTKEEPER_METERS__MQTT__PORT", "8883")
    settings = loaded(tmp_path, '[meters.mqtt]\nhost = "bms"\n[meters.mqtt.tls]\n')
    assert settings.meters.mqtt is not None
    sources = meter_sources(settings.meters.mqtt, {})
    assert sources.options.address == "bms:8883"
    assert sources.options.tls


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("port = 0", "meters.mqtt.port = 0 in {file}, line 3: allowed is a whole number from 1 to"),
        ("prot = 1", 'meters.mqtt.prot: unknown key in {file}, line 3; did you mean "port"?'),
        ("clock_offset_seconds = 1e9", "allowed is a number from -86400 to 86400"),
        ('password_file = "x"', "password_file needs a username"),
        ('sparkplug_group = "a/b"', "the id of one Sparkplug group"),
        ('sparkplug_group = "a"', "sparkplug_group needs a map_file"),
        ("dsx = false", "nothing would be read"),
    ],
)
def test_a_mistake_names_key_file_and_line(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, f'[meters.mqtt]\nhost = "bms"\n{line}\n')
    assert said.format(file=tmp_path / "wattkeeper.toml") in str(caught.value)


def test_a_key_of_a_node_is_none_of_a_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="sampling: unknown key"):
        loaded(tmp_path, "[sampling]\npower_hz = 1\n")
    monkeypatch.setenv("WATTKEEPER_SAMPLING__POWER_HZ", "20")
    with pytest.raises(ConfigError, match="WATTKEEPER_SAMPLING__POWER_HZ is no configuration key"):
        loaded(tmp_path, "")


def test_the_page_has_every_key_of_the_site() -> None:
    page = configuration_page(tables(SiteSettings, SITE_KEY_TEXTS))
    for table in tables(SiteSettings, SITE_KEY_TEXTS):
        for key in table.keys:
            assert f"| `{key.name}` |" in page
            assert f"`{key.variable}`" in page


def sources_of(folder: Path, lines: str, text: str | None) -> list[str]:
    if text is not None:
        (folder / "map.toml").write_text(text)
        lines += f'map_file = "{folder / "map.toml"}"\n'
    table = loaded(folder, f'[meters.mqtt]\nhost = "bms"\n{lines}').meters.mqtt
    assert table is not None
    made = meter_sources(table, {"main": MeterSpec(id="main", branch="b")})
    assert (made.dsx is not None) == table.dsx
    return [one.topic for one in made.inbox.subscriptions]


def test_each_way_in_is_asked_for(tmp_path: Path) -> None:
    assert "BMS/v1/PUB/Value/PowerMeter/#" in sources_of(tmp_path, "", None)
    assert sources_of(tmp_path, "dsx = false\n", MAP) == ["a/+"]
    group = 'dsx = false\nsparkplug_group = "plant"\n'
    topics = sources_of(tmp_path, group, METRIC)
    assert {"spBv1.0/plant/NBIRTH/+", "spBv1.0/plant/DDATA/+/+"} <= set(topics)


def test_a_map_that_does_not_fit(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"set meters\.mqtt\.sparkplug_group too"):
        sources_of(tmp_path, "", METRIC)
    with pytest.raises(ConfigError, match=r"needs \[\[sparkplug\]\]"):
        sources_of(tmp_path, 'sparkplug_group = "plant"\n', MAP)
    with pytest.raises(ConfigError, match="names meters that the site file has not: other"):
        sources_of(tmp_path, "", MAP.replace("{1}", "other"))
