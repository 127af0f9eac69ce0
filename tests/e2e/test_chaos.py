"""Kills of everything at random moments; every window arrives, counted at the receiver.

CI kills three times; `CHAOS_KILLS=20 scripts/test tests/e2e/test_chaos.py` is the long form.
"""

import os
import random
import time
from pathlib import Path

import pytest

from tests.e2e.conftest import MakeDaemon, MakeFake
from tests.e2e.test_push import ledger_mj, received_mj, waiting
from tests.e2e.truth import square
from tests.servers.victoria import VictoriaMetrics

KILLS = int(os.environ.get("CHAOS_KILLS", "3"))


@pytest.mark.timeout(120 + 20 * KILLS)
def test_nothing_is_lost_or_doubled_through_kills_of_daemon_and_server(
    make_fake: MakeFake, make_daemon: MakeDaemon, tmp_path: Path
) -> None:
    chance = random.Random(KILLS)  # noqa: S311 - only has to be repeatable
    fake = make_fake(gpus=2)
    for gpu in fake.gpus:
        gpu.set_waveform(square(gpu.index))
    server = VictoriaMetrics(tmp_path / "victoria")
    server.start()
    try:
        daemon = make_daemon(
            fake,
            WINDOW__SECONDS=1,
            INFLUXDB__URL=server.url,
            INFLUXDB__BUCKET="power",
            INFLUXDB__BATCH_SECONDS=0.5,
            INFLUXDB__BACKFILL_POINTS_PER_SECOND=1000,
        )
        for kill in range(KILLS):
            time.sleep(chance.uniform(0.3, 6))
            daemon.kill()
            if kill % 3 == 1:
                server.kill()
                time.sleep(chance.uniform(0, 3))
                server.start()
            daemon.start()
        daemon.wait_for(
            lambda: daemon.value("wattkeeper_exporter_up", exporter="influxdb") == 1.0,
            "delivery",
            60,
        )
        daemon.wait_for(lambda: waiting(daemon, "influxdb") < 8, "the backlog is gone", 60)
        time.sleep(1.5)
        daemon.stop()
        deadline = time.monotonic() + 15
        while received_mj(server, fake) != ledger_mj(daemon, fake):
            assert time.monotonic() < deadline, (received_mj(server, fake), ledger_mj(daemon, fake))
            time.sleep(0.5)
        for index in range(2):
            state = daemon.account(fake.gpu(index).uuid)
            assert state.total.estimated_mj == 0
    finally:
        server.kill()
