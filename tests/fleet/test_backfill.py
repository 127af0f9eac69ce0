"""The past as promtool takes it, and as Prometheus then answers."""

import re
from pathlib import Path

import pytest

from benchmarks.fleet import Event, EventKind, Fleet
from benchmarks.fleet.backfill import backfill, backfill_raw, create_blocks
from tests.fleet.conftest import NOW_S, ROOT
from tests.fleet.test_serving import ask
from tests.servers.process import ServerProcess, free_port, program

NODE = "h01r01k1n01"
_LINE = re.compile(r"(\S+?)\{(.*)\} (\S+) (\d+)")


def samples(files: list[Path], name: str) -> dict[str, dict[int, float]]:
    """By labels, the values of a series by time."""
    found: dict[str, dict[int, float]] = {}
    for file in files:
        text = file.read_text()
        assert text.endswith("# EOF\n")
        for line in text.splitlines()[:-1]:
            match = _LINE.fullmatch(line)
            assert match, line
            if match[1] == name:
                found.setdefault(match[2], {})[int(match[4])] = float(match[3])
    return found


def test_values_are_the_truth(fleet: Fleet, tmp_path: Path) -> None:
    files = backfill(fleet, tmp_path, NOW_S - 7200, NOW_S + 3600)
    assert len(files) == 2
    racks = samples(files, "rack:host_input_power_watts:sum")
    assert len(racks) == 8
    labels = 'site="accelerator-centre",hall="h01",row="r01",rack="h01r01k1"'
    assert len(racks[labels]) == 181
    load = fleet.racks["h01r01k1"].load
    for at_s, watts in list(racks[labels].items())[::20]:
        truth = (load.joules(at_s) - load.joules(at_s - 60)) / 60
        assert watts == pytest.approx(truth, rel=1e-6)
    site = samples(files, "site:it_power_watts:sum")['site="accelerator-centre"']
    for at_s in list(site)[::30]:
        assert site[at_s] == pytest.approx(sum(one[at_s] for one in racks.values()), rel=1e-6)
    hours = samples(files, "site:gpu_energy_joules:increase1h")['site="accelerator-centre"']
    gpu = samples(files, "site:gpu_power_watts:sum")['site="accelerator-centre"']
    at_s = round(NOW_S)
    mean = sum(gpu[at_s - 60 * minute] for minute in range(60)) / 60
    assert hours[at_s] == pytest.approx(mean * 3600, rel=1e-6)


def test_every_name_is_one_that_the_rules_record(fleet: Fleet, tmp_path: Path) -> None:
    files = backfill(fleet, tmp_path, NOW_S, NOW_S + 90_000, step_seconds=300)
    names = {
        line.split("{")[0]
        for file in files
        for line in file.read_text().splitlines()
        if "{" in line
    }
    rules = (ROOT / "alerts" / "rules" / "recording.yml").read_text()
    recorded = set(re.findall(r"record: (\S+)", rules))
    assert names <= recorded
    assert len(names) > 40


def test_nodes_that_were_away(fleet: Fleet, tmp_path: Path) -> None:
    fleet.apply(Event(kind=EventKind.NODE_DOWN, node=NODE, begin_s=NOW_S + 600, end_s=NOW_S + 1200))
    files = backfill(
        fleet, tmp_path, NOW_S, NOW_S + 1800, names={"site:gpu_power_watts:coverage_ratio"}
    )
    series = samples(files, "site:gpu_power_watts:coverage_ratio")['site="accelerator-centre"']
    assert {at_s: value for at_s, value in series.items() if value < 1} == {
        at_s: pytest.approx(143 / 144)
        for at_s in range(round(NOW_S) + 600, round(NOW_S) + 1200, 60)
    }


def test_prometheus_answers_from_it(fleet: Fleet, tmp_path: Path) -> None:
    begin_s = NOW_S - 6 * 3600
    files = backfill(
        fleet, tmp_path / "recorded", begin_s, NOW_S, names={"site:it_power_watts:sum"}
    )
    files += backfill_raw(fleet, tmp_path / "raw", begin_s, NOW_S, [NODE], step_seconds=60)
    program("promtool")
    create_blocks(files, tmp_path / "data")
    (tmp_path / "p.yml").write_text("global: {}\n")
    port = free_port()
    prometheus = ServerProcess(
        [
            program("prometheus"),
            f"--config.file={tmp_path / 'p.yml'}",
            f"--storage.tsdb.path={tmp_path / 'data'}",
            "--storage.tsdb.retention.time=100y",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        f"http://127.0.0.1:{port}/-/ready",
        tmp_path / "log",
    )
    with prometheus:
        shown = ask(port, f"count_over_time(site:it_power_watts:sum[6h] @ {NOW_S:.0f})")
        assert list(shown.values()) == [361.0]  # both ends are in the range
        spent = ask(
            port,
            f"sum by (node)(increase(gpu_energy_joules_total{{scope='gpu'}}[5h] @ {NOW_S:.0f}))",
        )
        truth = sum(
            fleet.gpu_joules(NODE, gpu, NOW_S) - fleet.gpu_joules(NODE, gpu, NOW_S - 5 * 3600)
            for gpu in range(4)
        )
        assert spent[NODE] == pytest.approx(truth, rel=1e-3)


def test_a_file_that_promtool_refuses(tmp_path: Path) -> None:
    program("promtool")
    wrong = tmp_path / "wrong.om"
    wrong.write_text("nonsense{ 1\n")
    with pytest.raises(RuntimeError, match=r"wrong\.om"):
        create_blocks([wrong], tmp_path / "data")
    assert not list(tmp_path.glob("data/*/meta.json"))
