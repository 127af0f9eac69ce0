"""All targets, by name."""

from collections.abc import Mapping

from tests.fuzz.target import Target
from tests.fuzz.targets import (
    access,
    answers,
    captures,
    config,
    ledgers,
    meters,
    readings,
    redfish,
    sensors,
    sites,
    tariffs,
    traces,
)

_MODULES = (
    config,
    sites,
    tariffs,
    meters,
    redfish,
    sensors,
    traces,
    readings,
    answers,
    access,
    captures,
    ledgers,
)
TARGETS: Mapping[str, Target] = {
    target.name: target for module in _MODULES for target in module.TARGETS
}
