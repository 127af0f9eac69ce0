"""Windows and rows to publish, and strategies that make them up."""

from hypothesis import strategies as st

from collector.catalogue import ANY, DEFAULT_ON, Kind, Labels, Rate
from collector.ledger.model import OutboxRow
from collector.model import Energy, GpuIdentity, PowerStat, Stat, Window
from exporters.mqtt.encode import JsonEncoder
from exporters.mqtt.topics import base_topic

NODE = "gpu-n01"
PREFIX = "wattkeeper/v1"
BASE = base_topic(PREFIX, "node", NODE)
PLACE = {"site": "haenam", "hall": "", "row": "r2", "rack": "r2-07", "node": NODE}
START_NS = 1_760_000_000_000_000_000
SECOND_NS = 1_000_000_000

SERIES: tuple[tuple[str, Labels], ...] = tuple(
    dict.fromkeys(
        (metric.name, labels)
        for metric in DEFAULT_ON
        if metric.kind is not Kind.INFO
        and not any(ANY in series for series in metric.reads.values())
        for series in metric.reads.values()
        for labels in series
        if len(labels) == len(metric.labels)
        and metric.other_rates.get(labels, metric.rate) is not Rate.POWER
    )
)
"""Every series with fields that, unless more is asked for, can be among a window's statistics."""


def uuid(gpu: int) -> str:
    return f"GPU-00000000-0000-0000-0000-{gpu:012d}"


def window(number: int = 0, *, gpu: int = 0, scope: str = "gpu") -> Window:
    """The `number`th window of 10 s, with all that a healthy GPU has."""
    start_ns = START_NS + 10 * SECOND_NS * number
    stat = Stat(minimum=1.0, mean=1.5, maximum=2.0, last=2.0)
    stats: dict[str, dict[Labels, Stat]] = {}
    for name, labels in SERIES:
        stats.setdefault(name, {})[labels] = stat
    return Window(
        device=GpuIdentity(uuid=uuid(gpu), index=gpu, model="H200"),
        scope=scope,
        start_ns=start_ns,
        end_ns=start_ns + 10 * SECOND_NS,
        duration_ns=10 * SECOND_NS,
        covered_ns=10 * SECOND_NS,
        samples=100,
        energy=Energy(counter_mj=4_321_987),
        total_mj=4_321_987 * (number + 1),
        power=PowerStat(minimum=410.5, mean=432.1987, maximum=455.0, ramp_1s=20.25),
        stats=stats,
    )


def rows(count: int, *, first_id: int = 1, gpus: int = 2) -> list[OutboxRow]:
    """Rows as the ledger hands them out, GPUs in turn."""
    encoder = JsonEncoder(BASE, PLACE)
    made = []
    for row_id in range(first_id, first_id + count):
        number, gpu = divmod(row_id - 1, gpus)
        (item,) = encoder.windows([window(number, gpu=gpu)])
        made.append(
            OutboxRow(
                id=row_id,
                lane=item.lane,
                topic=item.topic,
                seq=number + 1,
                created_wall_ns=START_NS,
                payload=item.payload,
            )
        )
    return made


def topic(gpu: int) -> str:
    return f"{BASE}/gpu/{uuid(gpu)}"


_finite = st.floats(allow_nan=False, allow_infinity=False, width=32)
_mj = st.integers(0, 2**52)
_stats = st.builds(Stat, minimum=_finite, mean=_finite, maximum=_finite, last=_finite)


@st.composite
def windows(draw: st.DrawFn) -> Window:
    """Any window, with any part of what it can have."""
    chosen = draw(st.lists(st.sampled_from(SERIES), max_size=8, unique=True))
    stats: dict[str, dict[Labels, Stat]] = {}
    for name, labels in chosen:
        stats.setdefault(name, {})[labels] = draw(_stats)
    start_ns = draw(st.integers(0, 4 * 10**18))
    duration_ns = draw(st.integers(1, 10**15))
    ramp = st.none() | _finite
    power = st.builds(
        PowerStat, minimum=_finite, mean=_finite, maximum=_finite, ramp_1s=ramp, ramp_100ms=ramp
    )
    return Window(
        device=GpuIdentity(
            uuid=uuid(draw(st.integers(0, 9))), index=draw(st.integers(0, 71)), model=""
        ),
        scope=draw(st.sampled_from(["gpu", "module", "memory"])),
        start_ns=start_ns,
        end_ns=start_ns + duration_ns,
        duration_ns=duration_ns,
        covered_ns=draw(st.integers(0, duration_ns)),
        samples=draw(st.integers(0, 10**6)),
        energy=Energy(*draw(st.tuples(_mj, _mj, _mj).filter(lambda parts: sum(parts) < 2**52))),
        total_mj=draw(_mj),
        power=draw(st.none() | power),
        stats=stats,
        gap=draw(st.sampled_from(["", "no samples", '리부트 "x"\n'])),
        low_mj=draw(st.none() | _mj),
        high_mj=draw(st.none() | _mj),
    )
