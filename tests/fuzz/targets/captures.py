"""A driver's answers, replayed from captures of which some bytes are others."""

import math
from functools import cache
from typing import Any

from collector.check.plain import read_all
from collector.sources.nvml import NvmlSource
from collector.sources.protocol import SourceError
from tests.captures import BOARDS, fake_path
from tests.fuzz import byte_changes
from tests.fuzz.choices import Choices
from tests.fuzz.target import Target
from tests.fuzz.words import checked
from tests.replay import ReplayDoor, read_capture

_CODES = (0, 1, 2, 3, 9, 13, 15, 999, -1)
_EXTREMES = (b"\x00", b"\xff", b"\x7f", b"\x80", b"\xf0")


@cache
def _capture(name: str) -> Any:
    return read_capture(fake_path(name))


def _make(choices: Choices) -> Any:
    """A capture whose calls answer otherwise; what is not changed is shared with the original."""
    whole = _capture(choices.pick(list(BOARDS)))
    gpu = dict(whole["gpus"][0])
    calls = list(gpu["calls"])
    for _ in range(1 + choices.count()):
        at = choices.below(len(calls))
        calls[at] = _changed(calls[at], choices)
    gpu["calls"] = calls
    return {**whole, "gpus": [gpu]}


def _changed(call: Any, choices: Choices) -> Any:
    made = dict(call)
    if choices.seldom(5) and call["code"] is not None:
        made["code"] = choices.pick(_CODES)
    if made.get("raw"):
        made["raw"] = _bytes(made["raw"], choices)
    if made.get("outputs"):
        made["outputs"] = [_bytes(each, choices) for each in made["outputs"]]
    return made


def _bytes(text: str, choices: Choices) -> str:
    """As many bytes as before: the structure's size is the driver's word."""
    raw = bytes.fromhex(text)
    if choices.seldom(3):
        return (choices.pick(_EXTREMES) * len(raw)).hex()
    return byte_changes.changed(raw, choices)[: len(raw)].ljust(len(raw), b"\0").hex()


def _run(capture: Any) -> bool:
    try:
        source = NvmlSource(door=ReplayDoor(capture))
        source.open()
        readings = [read_all(gpu) for gpu in source.discover()]
    except SourceError as error:
        checked(error)
        return False
    for reading in readings:
        for series in reading.values.values():
            assert all(math.isfinite(value) for value in series.values())
            assert all(isinstance(label, str) for labels in series for label in labels)
        if reading.counter is not None:
            assert 0 <= reading.counter.millijoules < 2**64
    return True


TARGETS = (Target(name="driver-answers", make=_make, run=_run, share=0.15),)
