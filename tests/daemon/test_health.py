"""What the node reports of a GPU whose energy counter and power disagree."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from collector.daemon.faults import FaultBoard
from collector.daemon.node import Node
from collector.daemon.watched import WatchedGpu


class Told:
    """As much of a watched GPU as its health needs: a stand-in, with a counter made up."""

    part = "gpu 3"
    gpu = SimpleNamespace(tags={"gpu": 3, "uuid": "GPU-3"})
    sickness = None
    hanging = ""
    worker = SimpleNamespace(lost=False)
    disagreement = WatchedGpu.disagreement

    def __init__(self, ratio: float | None, *, settled: bool) -> None:
        known = SimpleNamespace(value=lambda: ratio, settled=settled)
        self.meter = SimpleNamespace(ratio=known)


@pytest.mark.parametrize(
    ("ratio", "settled", "told"),
    [
        (1.46, True, True),
        (0.7, True, True),
        (1.15, True, False),
        (1.46, False, False),
        (None, False, False),
    ],
)
def test_a_counter_at_odds_with_power_is_a_fault(
    ratio: float | None, *, settled: bool, told: bool
) -> None:
    node = cast("Any", SimpleNamespace(faults=FaultBoard(), discovery=None))
    Node._tell_health(node, cast("WatchedGpu", Told(ratio, settled=settled)))
    assert [fault.part for fault in node.faults.standing] == ["gpu 3 energy"] * told
    if told:
        assert f"{ratio:.2f} times" in node.faults.standing[0].problem
    Node._tell_health(node, cast("WatchedGpu", Told(1.0, settled=True)))
    assert not node.faults.standing
