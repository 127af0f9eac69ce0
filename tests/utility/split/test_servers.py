"""Energy of nodes from a real Prometheus and a real VictoriaMetrics, filled from a file."""

import asyncio
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiohttp import web

from collector.catalogue import BY_NAME
from exporters.utility.split import Basis, Measured, Server, SplitError, measure
from exporters.utility.split.measure import GPU_COUNTER, HOST_COUNTER, queries
from tests.servers.process import ServerProcess, fetched, free_port, program
from tests.servers.victoria import VictoriaMetrics

START = 1_793_458_800  # 2026-11-01 00:00 in Seoul
HOUR = 3600
DAYS = 3
NOW = START + 30 * 24 * HOUR
STEP = 300

Line = tuple[str, int, float]
"""A series with its labels, when, and its value."""


class Prometheus(ServerProcess):
    """A Prometheus that scrapes nothing and shows what is in its folder."""

    def __init__(self, folder: Path, retention: str = "100y") -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        folder.mkdir(parents=True, exist_ok=True)
        config = folder / "prometheus.yml"
        config.write_text("{}")
        command = [
            program("prometheus"),
            f"--config.file={config}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--storage.tsdb.retention.time={retention}",
            f"--web.listen-address=127.0.0.1:{port}",
        ]
        super().__init__(command, f"{self.url}/-/ready", folder)


def openmetrics(lines: Iterable[Line]) -> str:
    """As promtool takes it: the samples of a metric in a row."""
    by_name: dict[str, list[str]] = {}
    for series, at, value in lines:
        by_name.setdefault(series.split("{")[0], []).append(f"{series} {value} {at}")
    text = []
    for name, samples in by_name.items():
        text += [f"# TYPE {name.removesuffix('_total')} counter", *samples]
    return "\n".join([*text, "# EOF\n"])


def counter(
    series: str, watts: float, *, hours: tuple[float, float] = (0, DAYS * 24), first: float = 1e9,
    reset_at: float | None = None, every: int = STEP,
) -> Iterator[Line]:  # fmt: skip
    """A counter of joules at a steady power, from one hour of the period to another."""
    low, high = START + int(hours[0] * HOUR), START + int(hours[1] * HOUR)
    zero, base = low, first
    for at in range(low, high + 1, every):
        if reset_at is not None and base and at > START + reset_at * HOUR:
            zero, base = at - every, 0.0
        yield series, at, base + (at - zero) * watts


def host(node: str, rack: str = "a1", **more: str) -> str:
    labels = {"site": "seoul", "hall": "h", "row": rack[0], "rack": rack, "node": node} | more
    texts = [f'{key}="{value}"' for key, value in labels.items()]
    return f"{HOST_COUNTER}{{{','.join(texts)}}}"


def gpu(node: str, uuid: str, scope: str) -> str:
    labels = f'site="seoul",node="{node}",uuid="{uuid}",scope="{scope}"'
    return f"{GPU_COUNTER}{{{labels}}}"


def everything() -> list[Line]:
    """n1 all the time, twice (a pair of scrapers); n2 for a day; n3 began anew; n4 by its GPUs."""
    return [
        *counter(host("n1", replica="0"), 1000),
        *counter(host("n1", replica="1"), 1000),
        *counter(host("n2"), 500, hours=(24, 48)),
        *counter(host("n3", "b1"), 2000, reset_at=36),
        *counter(gpu("n4", "GPU-1", "gpu"), 700),
        *counter(gpu("n4", "GPU-2", "gpu"), 300),
        *counter(gpu("n4", "GPU-2", "module"), 900),
        *counter(gpu("n1", "GPU-3", "gpu"), 600),
        *counter(host("n5", site="busan"), 4000),
    ]


@contextmanager
def prometheus(folder: Path, lines: list[Line], retention: str = "100y") -> Iterator[str]:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "samples.txt").write_text(openmetrics(lines))
    subprocess.run(
        [
            program("promtool"), "tsdb", "create-blocks-from",
            "--max-block-duration=768h", "openmetrics",  # one block, not one for every 2 hours
            str(folder / "samples.txt"), str(folder / "data"),
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    with Prometheus(folder, retention) as server:
        yield server.url


@contextmanager
def victoria(folder: Path, lines: list[Line]) -> Iterator[str]:
    with VictoriaMetrics(folder) as server:
        text = "\n".join(f"{series} {value} {at * 1000}" for series, at, value in lines)
        fetched(f"{server.url}/api/v1/import/prometheus", text.encode())
        fetched(f"{server.url}/internal/force_flush")
        yield server.url


def asked(
    url: str, *, days: int = DAYS, nodes: tuple[str, ...] = ("n1", "n2", "n3", "n4"), now: int = NOW
) -> Measured:
    async def ask() -> Measured:
        async with Server(url, timeout_seconds=20) as server:
            end = START + days * 24 * HOUR
            return await measure(server, "seoul", START, end, nodes, now_s=now)

    return asyncio.run(ask())


def kwh(found: Measured) -> Mapping[str, float]:
    return {each.node: each.energy_mj / 3.6e9 for each in found.nodes}


@pytest.mark.parametrize("kind", [prometheus, victoria])
def test_energy_of_nodes(kind: object, tmp_path: Path) -> None:
    assert callable(kind)
    with kind(tmp_path, everything()) as url:
        found = asked(url)
    hours = DAYS * 24
    assert kwh(found) == pytest.approx(
        {"n1": hours * 1.0, "n2": 24 * 0.5, "n3": hours * 2.0, "n4": hours * 1.0}, rel=0.005
    )
    assert (found.steps, found.step_seconds) == (hours, HOUR)
    known = {each.node: each.known for each in found.nodes}
    assert known["n1"] == known["n3"] == known["n4"] == hours
    assert 24 <= known["n2"] <= 26
    nodes = {each.node: each for each in found.nodes}
    assert nodes["n4"].basis is Basis.GPU
    assert nodes["n1"].basis is nodes["n3"].basis is Basis.HOST
    assert (nodes["n3"].place.rack, nodes["n3"].place.row, nodes["n3"].place.hall) == (
        "b1",
        "b",
        "h",
    )


@pytest.mark.parametrize("kind", [prometheus, victoria])
def test_hourly_samples_are_enough(kind: object, tmp_path: Path) -> None:
    assert callable(kind)
    with kind(tmp_path, list(counter(host("n1"), 1000, every=HOUR))) as url:
        assert kwh(asked(url)) == pytest.approx({"n1": DAYS * 24}, rel=0.02)


def test_a_period_that_ends_amid_a_day(tmp_path: Path) -> None:
    """Sparse samples are asked for by days; the day that is cut short is not lost."""
    lines = list(counter(host("n1"), 1000, every=3 * HOUR))
    with prometheus(tmp_path, lines) as url:

        async def ask() -> Measured:
            async with Server(url) as server:
                end = START + 2 * 24 * HOUR + 12 * HOUR
                return await measure(server, "seoul", START, end, now_s=NOW)

        assert kwh(asyncio.run(ask())) == pytest.approx({"n1": 60}, rel=0.05)


def test_retention_that_is_too_short_is_named(tmp_path: Path) -> None:
    with (
        prometheus(tmp_path, [], retention="15d") as url,
        pytest.raises(SplitError, match=r"keeps 15 days, so nothing before 2026-11-"),
    ):
        asked(url)


def test_a_server_without_the_site(tmp_path: Path) -> None:
    lines = list(counter(host("n5", site="busan"), 4000))
    with (
        prometheus(tmp_path, lines) as url,
        pytest.raises(SplitError, match=f"neither {HOST_COUNTER} nor {GPU_COUNTER} of site seoul"),
    ):
        asked(url)


def test_a_server_that_is_not_there() -> None:
    with pytest.raises(SplitError, match=r"127.0.0.1:\d+ cannot be reached"):
        asked(f"http://127.0.0.1:{free_port()}")


def test_a_period_that_is_not_over() -> None:
    with pytest.raises(SplitError, match="not over"):
        asked("http://127.0.0.1:1", now=START + HOUR)


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (404, "page not found", r"answered 404: that is no answer.*is that its address\?"),
        (200, "<html>", "that is no answer of Prometheus"),
        (200, "[]", "that is no answer of Prometheus"),
        (422, '{"status": "error", "error": "too many samples"}', "answered 422: too many samples"),
        (401, "", "answered 401"),
    ],
)
async def test_answers_that_are_none(status: int, body: str, said: str) -> None:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(status=status, text=body)

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        async with Server(f"http://127.0.0.1:{port}", timeout_seconds=5) as server:
            with pytest.raises(SplitError, match=said):
                await measure(server, "seoul", START, START + 24 * HOUR, now_s=NOW)
    finally:
        await runner.cleanup()


def test_only_metrics_that_there_are() -> None:
    assert {HOST_COUNTER, GPU_COUNTER} <= set(BY_NAME)


def test_a_name_is_no_expression() -> None:
    query = queries('a.b"} or vector(1) #', HOUR)[Basis.HOST]
    assert 'site=~"a\\\\.b\\\\\\"\\\\}' in query
