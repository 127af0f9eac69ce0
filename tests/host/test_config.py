"""What the tables of the host allow."""

from pathlib import Path

import pytest

from collector.config import ConfigError, load
from collector.daemon.host_setup import host_sources


def loaded(folder: Path, text: str) -> object:
    file = folder / "wattkeeper.toml"
    file.write_text(text, encoding="utf-8")
    return load(file)


def test_hwmon_and_rapl_are_always_tried_the_others_when_asked_for(tmp_path: Path) -> None:
    assert [source.name for source, asked in host_sources(load(default=False)) if not asked] == [
        "hwmon",
        "rapl",
    ]
    text = '[host.redfish]\nurl = "https://bmc/"\nseconds = 30\n[host.ipmi]\n'
    file = tmp_path / "wattkeeper.toml"
    file.write_text(text)
    sources = {source.name: (source.seconds, asked) for source, asked in host_sources(load(file))}
    asked = {name: seconds for name, (seconds, asked) in sources.items() if asked}
    assert asked == {"redfish": 30, "ipmi": 10}


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('[host.redfish]\nurl = "https://a:secret@bmc"', "username, password_file"),
        ('[host.redfish]\nurl = "bmc"', "https://HOST"),
        ('[host.redfish]\nurl = "https://bmc"\nseconds = 1', "from 5 to 600"),
        ('[host.redfish]\nurl = "https://bmc"\nusername = "reader"', "belong together"),
        (
            '[host.redfish]\nurl = "http://bmc"\nusername = "r"\npassword_file = "/x"',
            "http would show it",
        ),
        ("[host.ipmi]\nseconds = 4.9", "from 5 to 600"),
        ("[host]\nexpected_gpus = -1", "greater than or equal to 0"),
    ],
)
def test_what_is_wrong_is_said_with_what_is_allowed(tmp_path: Path, table: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, table)
    assert said in str(caught.value)
    assert "secret" not in str(caught.value)
