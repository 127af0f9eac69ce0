"""How many series a GPU has: each costs every Prometheus of a site 20,000 times over."""

import time

import pytest

from tests.e2e.conftest import MakeDaemon, MakeFake
from tests.e2e.daemon import Daemon

_MOST = 120
_SETTLED_SECONDS = 3


def _series_of_gpu_0(daemon: Daemon) -> int:
    """Its series, once no more come: GPM, rates and ratios have a value only after a while."""
    most, since = 0, time.monotonic()
    while time.monotonic() - since < _SETTLED_SECONDS:
        found = sum(
            ("gpu", "0") in labels for series in daemon.metrics().values() for labels in series
        )
        if found > most:
            most, since = found, time.monotonic()
        time.sleep(0.5)
    return most


@pytest.mark.parametrize("board", ["H200", "GB200", "GB300", "GB300-590", "A100-MIG"])
def test_a_gpu_has_few_series(make_fake: MakeFake, make_daemon: MakeDaemon, board: str) -> None:
    fake = make_fake(gpus=1, profile=board)
    daemon = make_daemon(fake, SAMPLING__SLOW_SECONDS=1, WINDOW__SECONDS=2)
    assert 80 < _series_of_gpu_0(daemon) <= _MOST
