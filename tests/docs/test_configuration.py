"""`docs/configuration.md` and the example file derive from the settings."""

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Annotated

import pytest
from pydantic import AfterValidator, BaseModel, Field

from collector.config import ConfigError, load
from collector.config.settings import Settings
from collector.docs.configuration import HASH_COMMAND, configuration_page
from collector.docs.example import example_file
from collector.docs.key_texts import KeyText
from collector.docs.keys import UndescribedKeyError, tables
from exporters.http.passwords import PasswordHash

OFF = re.compile(r"^#(?=[\[a-z])", re.MULTILINE)


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What this machine's environment says is not under test."""
    for name in list(os.environ):
        if name.startswith("WATTKEEPER_"):
            monkeypatch.delenv(name)


def keys_of(model: type[BaseModel], above: tuple[str, ...] = ()) -> set[str]:
    """Every key by an independent walk: over the JSON schema, not the fields."""
    schema = model.model_json_schema()
    return set(_walk(schema, schema["$defs"], above))


def _walk(
    node: dict[str, object], defs: dict[str, dict[str, object]], above: tuple[str, ...]
) -> list[str]:
    found = []
    properties = node.get("properties")
    assert isinstance(properties, dict)
    for name, field in properties.items():
        reference = re.search(r"#/\$defs/(\w+)", str(field))
        if reference:
            found += _walk(defs[reference.group(1)], defs, (*above, name))
        else:
            found.append(".".join((*above, name)))
    return found


def test_every_key_of_the_settings_is_there() -> None:
    described = {".".join(key.path) for table in tables(Settings) for key in table.keys}
    assert described == keys_of(Settings)
    page = configuration_page(tables(Settings))
    for table in tables(Settings):
        for key in table.keys:
            assert f"| `{key.name}` |" in page
            assert f"`{key.variable}`" in page


def test_the_variables_named_are_those_that_work(monkeypatch: pytest.MonkeyPatch) -> None:
    by_name = {".".join(key.path): key for table in tables(Settings) for key in table.keys}
    monkeypatch.setenv(by_name["sampling.power_hz"].variable, "20")
    monkeypatch.setenv(by_name["prometheus.basic_auth.username"].variable, "operator")
    monkeypatch.setenv(by_name["prometheus.basic_auth.password_hash_file"].variable, "hash")
    settings = load()
    assert settings.sampling.power_hz == 20
    assert settings.prometheus.basic_auth is not None
    assert settings.prometheus.basic_auth.username == "operator"


def test_the_example_as_it_stands_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "wattkeeper.toml"
    file.write_text(example_file(tables(Settings)), encoding="utf-8")
    assert load(file).model_dump() == Settings().model_dump()


def test_the_example_with_every_key_switched_on_is_valid_and_complete(tmp_path: Path) -> None:
    file = tmp_path / "wattkeeper.toml"
    text = OFF.sub("", example_file(tables(Settings)))
    assert set(_leaves(tomllib.loads(text))) == keys_of(Settings)
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"web_config_file and \[prometheus.tls\] exclude each"):
        load(file)
    file.write_text(re.sub(r"(?m)^web_config_file.*$", "", text), encoding="utf-8")
    load(file)


def _leaves(node: dict[str, object], above: tuple[str, ...] = ()) -> list[str]:
    found = []
    for name, value in node.items():
        path = (*above, name)
        found += _leaves(value, path) if isinstance(value, dict) else [".".join(path)]
    return found


def test_a_default_shown_is_the_default() -> None:
    for table in tables(Settings):
        for key in table.keys:
            if key.default:
                shown = tomllib.loads(f"value = {key.default}")["value"]
                # Tables that are off have defaults all the same.
                influxdb = {"url": "http://localhost:8086", "bucket": "b"}
                mqtt = {"host": "localhost"}
                host = {"redfish": {"url": "https://bmc"}, "ipmi": {}}
                real: object = Settings(influxdb=influxdb, mqtt=mqtt, host=host)
                for name in key.path:
                    real = getattr(real, name)
                assert str(shown) == str(real) or shown == real, key.path


def test_what_is_said_to_be_allowed_is_what_a_mistake_is_answered_with(tmp_path: Path) -> None:
    allowed = {".".join(k.path): k.allowed for table in tables(Settings) for k in table.keys}
    for dotted, wrong in {
        "sampling.power_hz": "1000",
        "sampling.source": '"amd"',
        "window.seconds": "7",
        "prometheus.listen": '"9410"',
        "node.rack": '"a b"',
        "simulation.gpus": "0",
    }.items():
        table, _, key = dotted.rpartition(".")
        file = tmp_path / "wrong.toml"
        file.write_text(f"[{table}]\n{key} = {wrong}\n", encoding="utf-8")
        with pytest.raises(ConfigError) as caught:
            load(file)
        assert allowed[dotted] in str(caught.value)


def test_a_key_that_nobody_described_is_named() -> None:
    class Table(BaseModel):
        """A table."""

        depth: int = 1

    class Model(BaseModel):
        inner: Table = Table()

    with pytest.raises(UndescribedKeyError, match=r"inner\.depth is not described"):
        tables(Model, {})
    (table,) = tables(Model, {"inner.depth": KeyText("How deep.")})
    assert table.keys[0].meaning == "How deep."
    with pytest.raises(UndescribedKeyError, match=r"no key, remove it: inner\.height"):
        tables(Model, {"inner.depth": KeyText("How deep."), "inner.height": KeyText("Gone.")})


def test_a_field_may_describe_itself() -> None:
    def short(value: str) -> str:
        if len(value) != 2:
            raise ValueError("allowed are two letters")
        return value

    class Deep(BaseModel):
        """Deeper still."""

        country: Annotated[str, AfterValidator(short)] = Field(description="Where it stands.")

    class Table(BaseModel):
        """A table.

        Told over two lines.
        """

        deep: Deep | None = None

    class Model(BaseModel):
        inner: Table = Table()

    outer, deep = tables(Model, {})
    assert (outer.name, outer.meaning, outer.keys) == ("inner", "A table. Told over two lines.", ())
    assert (deep.name, deep.optional) == ("inner.deep", True)
    (key,) = deep.keys
    assert (key.meaning, key.allowed, key.required) == ("Where it stands.", "two letters", True)
    assert key.variable == "WATTKEEPER_INNER__DEEP__COUNTRY"


def test_the_command_that_makes_a_hash_works() -> None:
    assert HASH_COMMAND in configuration_page(tables(Settings))
    # getpass asks the terminal; here it is given what somebody would type.
    typed = "import getpass; getpass.getpass = lambda: 'open sesame'; "
    command = shlex.split(HASH_COMMAND)
    done = subprocess.run(
        [sys.executable, "-c", typed + command[2]], capture_output=True, text=True, check=True
    )
    made = PasswordHash.parse(done.stdout)
    assert made.matches("open sesame")
    assert not made.matches("open barley")
