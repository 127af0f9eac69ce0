"""Windows and rows to write."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from collector.ledger.model import OutboxRow
from collector.model import Energy, GpuIdentity, PowerStat, Stat, Window
from exporters.influxdb import LANE, InfluxOptions

SECOND_NS = 1_000_000_000
START_NS = 1_790_000_000 * SECOND_NS
TOKEN = "wk-a-token-to-write"  # noqa: S105 - the test server's
PLACE = {"site": "s1", "hall": "", "row": "r 1", "rack": "A,1", "node": "n1"}


def window(number: int = 0, *, uuid: str = "GPU-1", scope: str = "gpu", index: int = 0) -> Window:
    """A window of 10 s; the `number`th after START_NS."""
    start_ns = START_NS + number * 10 * SECOND_NS
    energy = Energy(counter_mj=7_001_003 + number)
    return Window(
        device=GpuIdentity(uuid=uuid, index=index, model="H200"),
        scope=scope,
        start_ns=start_ns,
        end_ns=start_ns + 10 * SECOND_NS,
        duration_ns=10 * SECOND_NS,
        covered_ns=10 * SECOND_NS,
        samples=100,
        energy=energy,
        total_mj=123_456_789_012 + number,
        power=PowerStat(minimum=612.25, mean=700.1, maximum=741.5, ramp_1s=88.125),
        stats={
            "gpu_temperature_celsius": {
                ("gpu",): Stat(minimum=60, mean=61.5, maximum=63, last=62),
            },
            "gpu_clock_event_active": {
                ("power_cap",): Stat(minimum=0, mean=0.25, maximum=1, last=0),
            },
        },
    )


def gap(number: int = 0) -> Window:
    """A window in which nothing was sampled."""
    return replace(
        window(number),
        power=None,
        samples=0,
        covered_ns=0,
        stats={},
        energy=Energy(estimated_mj=5),
        gap="no samples",
        low_mj=1,
        high_mj=9,
    )


def rows(payloads: Sequence[bytes]) -> list[OutboxRow]:
    """Rows as the outbox gives them, ids from 1."""
    return [
        OutboxRow(id=id_, lane=LANE, topic="", seq=id_, created_wall_ns=START_NS, payload=payload)
        for id_, payload in enumerate(payloads, start=1)
    ]


def points(count: int) -> list[OutboxRow]:
    """Rows of good points, small ones."""
    return rows(
        [
            b"gpu_window,uuid=GPU-1,scope=gpu energy_joules=1.5 %d" % (START_NS + n)
            for n in range(count)
        ]
    )


def options(url: str, folder: Path, *, token: object = TOKEN, **more: object) -> InfluxOptions:
    """Options with a token in a file."""
    path = folder / "token"
    path.write_text(f"{token}\n")
    chosen: dict[str, object] = {"org": "o", "bucket": "power", "token_file": path} | more
    return InfluxOptions(url=url, **chosen)  # type: ignore[arg-type]  # the test's own words
