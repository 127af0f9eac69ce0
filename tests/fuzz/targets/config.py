"""The configuration: TOML, the environment, and what the container's health check takes of both."""

import importlib.util
import math
import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

from pydantic import BaseModel
from pydantic_settings import BaseSettings

from collector.config import ConfigError, Settings, SiteSettings, load_as
from tests.fuzz import json_changes, odd, toml_changes
from tests.fuzz.choices import Choices
from tests.fuzz.target import Target, written
from tests.fuzz.words import MANY_LINES, checked

_ROOT = Path(__file__).parents[3]
_COMMON = """\
[node]
name = "gpu-0042"
site = "north"
[window]
seconds = 10
[ledger]
path = "ledger.sqlite3"
minute_days = 7
[prometheus]
listen = "0.0.0.0:9410"
window_seconds = 30
dialects = ["dcgm"]
[prometheus.basic_auth]
username = "scrape"
password_hash_file = "hash"
[influxdb]
url = "https://influx.example:8086"
bucket = "gpu"
token_file = "token"
batch_seconds = 10.0
gzip = true
outbox_bytes = 1_000_000_000
[mqtt]
host = "broker.example"
port = 1883
username = "u"
password_file = "password"
[mqtt.tls]
ca_file = "ca.pem"
"""
_NODE = f"""\
{_COMMON}\
[sampling]
power_hz = 10
source = "auto"
disable = ["gpu_temperature_celsius"]
[simulation]
gpus = 8
model = "H200"
trace = "trace.csv.gz"
[host]
kmsg = false
[host.redfish]
url = "https://bmc.example"
username = "reader"
password_file = "bmc"
"""
_SITE = f"""\
{_COMMON}\
[site]
file = "site.toml"
prometheus_url = "http://prometheus.example:9090"
[meters.mqtt]
host = "broker.example"
dsx = true
map_file = "map.toml"
clock_offset_seconds = -3.5
"""
_MORE = (
    "[host.ipmi]",
    "[prometheus.tls]",
    "[[node]]",
    "[a.b.c]",
    "[mqtt]",
    'token = "t"',
    *(f'url = "{url}"' for url in odd.SECRET_URLS),
    *(f'prometheus_url = "{url}"' for url in odd.SECRET_URLS),
    f'password = "{odd.SECRET}"',
    *(f"key{n} = {n}" for n in range(20)),
)
_VARIABLES = tuple(
    f"WATTKEEPER_{name}"
    for name in (
        "SAMPLING__POWER_HZ",
        "SAMPLING",
        "SAMPLING__DISABLE",
        "MQTT",
        "MQTT__PORT",
        "INFLUXDB__URL",
        "PROMETHEUS__LISTEN",
        "PROMETHEUS__DIALECTS",
        "PROMETHEUS__TLS",
        "NODE__NAME",
        "HOST__REDFISH__URL",
        "WINDOW__SECONDS",
    )
)
_GOOD = (
    ("SAMPLING__POWER_HZ", "20"),
    ("SAMPLING", '{"slow_seconds": 30}'),
    ("PROMETHEUS__DIALECTS", '["dcgm"]'),
    ("WINDOW__SECONDS", "30"),
    ("HOST__KMSG", "true"),
    ("MQTT", '{"host": "broker", "port": 8883}'),
)
_UNKNOWN = tuple(f"WATTKEEPER_{name}" for name in ("NODE__A", "X" * 3000, "\x1b[31m"))
_JSON = {"power_hz": 10, "disable": [], "host": "broker", "port": 1883, "url": "http://a"}

Input = tuple[bytes, dict[str, str]]


def _file(text: str) -> Callable[[Choices], Input]:
    def make(choices: Choices) -> Input:
        return toml_changes.changed(text, choices, _MORE), {}

    return make


def _environment(choices: Choices) -> Input:
    variables = {}
    for _ in range(1 + choices.count()):
        if choices.below(2):
            good = choices.pick(_GOOD)
            variables[f"WATTKEEPER_{good[0]}"] = good[1]
            continue
        name = choices.pick(_UNKNOWN if choices.seldom(8) else _VARIABLES)
        if choices.seldom(3):
            value = json_changes.changed(_JSON, choices).decode("utf-8", "surrogateescape")
        else:
            value = choices.pick((*odd.TEXTS, '["dcgm"]', "5", "true"))
        if name.endswith("URL"):
            value = choices.pick((*odd.SECRET_URLS, *odd.PLACES))
        if name.endswith("URL"):
            value = choices.pick((*odd.SECRET_URLS, *odd.PLACES))
        variables[name] = value.replace("\0", "")
    return b"", variables


def _finite(model: BaseModel) -> None:
    """No number among settings is without bounds."""
    for _, value in model:
        if isinstance(value, BaseModel):
            _finite(value)
        else:
            assert not isinstance(value, float) or math.isfinite(value)


def _load(settings: type[BaseSettings]) -> Any:
    def run(given: Input) -> bool:
        data, variables = given
        path = written("wattkeeper.toml", data)
        with mock.patch.dict(os.environ, variables):
            try:
                _finite(load_as(settings, path))
            except ConfigError as error:
                checked(error, lines=MANY_LINES)
                return False
        return True

    return run


def _health_check() -> ModuleType:
    spec = importlib.util.spec_from_file_location("healthcheck", _ROOT / "deploy/healthcheck.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _health(given: Input) -> bool:
    """The health check, with nobody to ask: it must come to an address or say why not."""
    data, variables = given
    module = _health_check()
    asked: list[int] = []
    said: list[str] = []

    def ask(_host: str, port: int, *, tls: bool) -> str:
        asked.append(port)
        return "" if tls in {True, False} else "odd"

    names: dict[str, Any] = {
        "CONFIG": str(written("health.toml", data)),
        "ask": ask,
        "print": said.append,
    }
    with mock.patch.dict(os.environ, variables), mock.patch.multiple(module, create=True, **names):
        code = module.main()
    assert code in {0, 1}
    for text in said:
        checked(text)
    return code == 0 and bool(asked)


_plain_file = _file(_COMMON)


def _any_health(choices: Choices) -> Input:
    return _environment(choices) if choices.below(2) else _plain_file(choices)


TARGETS = (
    Target(name="config-node", make=_file(_NODE), run=_load(Settings), share=0.4),
    Target(name="config-site", make=_file(_SITE), run=_load(SiteSettings), share=0.4),
    Target(name="environment", make=_environment, run=_load(Settings), share=0.4),
    Target(name="healthcheck", make=_any_health, run=_health, share=0.5),
)
