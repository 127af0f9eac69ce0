"""`wattkeeper check` as a user runs it, on fake and simulated GPUs."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from collector.check.plain import read_all
from collector.sources.nvml import NvmlSource
from tests.fake_nvml import FakeNvml, Group, Sine
from tests.replay import ReplayDoor, read_capture

SECOND = 1_000_000_000
_CHECK = (sys.executable, "-m", "collector", "check")
_WITH_IDS = {"gpu_fabric_info", "gpu_platform_info"}
"""Their labels hold ids of machines, for which a capture has others."""
_MOVING = {
    "gpu_power_watts",
    "gpu_power_average_watts",
    "gpu_energy_joules_total",
    "gpu_fabric_state_seconds",
    "gpu_fabric_health_seconds",
}


@dataclass(frozen=True)
class Result:
    """What a run printed, and how it ended."""

    code: int
    out: str
    err: str
    seconds: float

    @property
    def document(self) -> Any:
        """The JSON document printed."""
        return json.loads(self.out)


class Run:
    """The command, under way."""

    def __init__(self, *arguments: str, environment: dict[str, str] | None = None) -> None:
        self._started = time.monotonic()
        self._process = subprocess.Popen(
            [*_CHECK, *arguments],
            env={**os.environ, **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def result(self) -> Result:
        """Wait for its end."""
        with self._process as process:
            out, err = process.communicate(timeout=30)
        return Result(process.returncode, out, err, time.monotonic() - self._started)


@dataclass(frozen=True)
class Results:
    """Runs that take their time, made side by side."""

    full: Result
    capture: Path
    uuids: tuple[str, ...]
    serials: tuple[str, ...]
    hung: Result
    lost: Result


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """A full check of two GPUs; one with GPUs that hang; one with a lost GPU."""
    folder = tmp_path_factory.mktemp("check")
    capture = folder / "capture.json"
    with ExitStack() as stack:
        full = stack.enter_context(
            FakeNvml(
                folder / "full",
                gpus=2,
                profile="GB200",
                waveform=Sine(3 * SECOND, 200_000, 900_000),
            )
        )
        full.gpu(1).set_counter_scope("module")
        full.gpu(1).power_refresh_nanoseconds = 50_000_000
        full.gpu(1).persistence_mode = 0
        hung = stack.enter_context(FakeNvml(folder / "hung", gpus=3))
        hung.gpu(1).hang(Group.ENERGY)
        hung.gpu(2).hang()
        lost = stack.enter_context(FakeNvml(folder / "lost", gpus=2))
        lost.gpu(0).lose()
        runs = (
            Run("--json", "--record", str(capture), environment=full.environment()),
            Run("--seconds", "1", environment=hung.environment()),
            Run("--seconds", "0.5", "--json", environment=lost.environment()),
        )
        ended = [run.result() for run in runs]
        return Results(
            ended[0],
            capture,
            tuple(gpu.uuid for gpu in full.gpus),
            tuple(gpu.state.serial.decode() for gpu in full.gpus),
            ended[1],
            ended[2],
        )


@pytest.fixture(scope="module")
def t4(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeNvml]:
    with FakeNvml(tmp_path_factory.mktemp("t4"), gpus=1, profile="T4") as fake:
        yield fake


def test_a_full_check_finds_what_the_sensors_do(results: Results) -> None:
    assert results.full.code == 0
    assert results.full.document["answered"] is True
    first, second = results.full.document["gpus"]
    assert first["power"]["refresh_seconds"] == pytest.approx(0.02, abs=0.003)
    assert second["power"]["refresh_seconds"] == pytest.approx(0.05, abs=0.005)
    assert first["recommended_power_hz"] == pytest.approx(100, abs=5)
    assert second["recommended_power_hz"] == pytest.approx(40, abs=5)
    for gpu in (first, second):
        assert gpu["energy_counter"]["refresh_seconds"] == pytest.approx(0.01, abs=0.004)
        assert gpu["energy_counter"]["ratio"] == pytest.approx(1, abs=0.02)
        assert gpu["power"]["instant_mean_watts"] == pytest.approx(550, rel=0.1)
        assert gpu["power"]["average_watts"] == pytest.approx(
            gpu["power"]["instant_beside_average_watts"], rel=0.15
        )
        assert 0 < gpu["core_share_ratio"] < 0.05
        assert gpu["problem"] is None
    assert first["energy_counter"]["scope"] == "gpu"
    assert second["energy_counter"]["scope"] == "module"
    assert not any("Persistence" in text for text in first["warnings"])
    assert any("Persistence mode is off" in text for text in second["warnings"])


def test_every_series_says_how_it_is_read_and_what_that_costs(results: Results) -> None:
    series = {
        (one["metric"], *one["labels"].values()): one
        for one in results.full.document["gpus"][0]["series"]
    }
    power = series["gpu_power_watts", "gpu"]
    assert power["way"] == "field NVML_FI_DEV_POWER_INSTANT/0"
    assert power["cost_median_us"] > 0
    assert power["cost_max_us"] >= power["cost_median_us"]
    assert series["gpu_temperature_celsius", "gpu"]["value"] == 45
    assert (
        series["gpu_temperature_celsius", "gpu"]["way"]
        == "call nvmlDeviceGetTemperature(NVML_TEMPERATURE_GPU)"
    )
    assert series["gpu_power_limit_watts", "max"]["value"] == 1200


def test_a_capture_replays_what_the_check_said(results: Results) -> None:
    capture = read_capture(results.capture)
    source = NvmlSource(door=ReplayDoor(capture))
    source.open()
    for gpu, said in zip(source.discover(), results.full.document["gpus"], strict=True):
        values = read_all(gpu).values
        compared = 0
        for series in said["series"]:
            if series["metric"] in _MOVING | _WITH_IDS:
                continue
            found = values.get(series["metric"], {}).get(tuple(series["labels"].values()))
            assert found == series["value"], series
            compared += found is not None
        assert compared > 30


def test_a_capture_holds_no_real_id_but_what_was_measured(results: Results) -> None:
    text = results.capture.read_text(encoding="utf-8")
    for real in (*results.uuids, *results.serials):
        assert real not in text
        assert real.encode().hex() not in text
    gpus = read_capture(results.capture)["gpus"]
    assert len({gpu["identity"]["uuid"] for gpu in gpus}) == 2
    for gpu in gpus:
        assert gpu["identity"]["driver_version"] == "570.148.08"
        assert gpu["measured"]["power"]["refresh_seconds"] > 0
        assert all("cost_median_us" in call for call in gpu["calls"] if call["code"] is not None)


def test_gpus_that_hang_are_named_and_the_rest_is_shown(results: Results) -> None:
    hung = results.hung
    assert hung.code == 1
    assert hung.seconds < 45
    assert "GPU 0: sensors" in hung.out
    assert "GPU 1: sensors" not in hung.out
    flat = " ".join(hung.out.split())
    assert re.search(
        r"GPU 1 ?(\(.*?\))?: it did not answer within 5 s when asked for "
        r"nvmlDeviceGetTotalEnergyConsumption\.",
        flat,
    )
    assert "GPU 2: it did not answer within 5 s when asked for who it is." in flat
    assert "1 of 3 GPUs answered" in flat
    assert "Traceback" not in hung.err


def test_a_lost_gpu_is_named_and_the_other_is_shown(results: Results) -> None:
    assert results.lost.code == 1
    first, second = results.lost.document["gpus"]
    assert "the GPU is lost" in first["problem"]
    assert first["series"] == []
    assert second["problem"] is None
    assert second["identity"]["model"] == "NVIDIA H200"
    assert results.lost.document["answered"] is False


def test_tables_in_a_pipe_are_plain_and_fit(t4: FakeNvml) -> None:
    environment = {**t4.environment(), "FORCE_COLOR": "1", "COLUMNS": "80"}
    result = Run("--seconds", "0.5", environment=environment).result()
    assert result.code == 0, result.err
    assert "\x1b" not in result.out
    lines = result.out.splitlines()
    assert max(map(len, lines)) <= 80
    assert all(line == line.rstrip() for line in lines)
    rows = {" ".join(line.split()[:2]): line for line in lines}
    assert "45 °C" in rows["gpu 45"]
    assert "70.0 W" in rows["enforced 70.0"]
    assert "not offered" in rows["power_average not"]
    assert "SIMULATED" not in result.out


def test_an_ascii_terminal_does_not_stop_it(t4: FakeNvml) -> None:
    environment = {**t4.environment(), "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    result = Run("--seconds", "0.5", environment=environment).result()
    assert result.code == 0, result.err
    assert "GPU 0: sensors" in result.out


def test_one_gpu_can_be_chosen_and_ids_kept(tmp_path: Path) -> None:
    with FakeNvml(tmp_path, gpus=3, profile="A100") as fake:
        capture = tmp_path / "capture.json"
        arguments = ("--gpu", "2", "--seconds", "0.5", "--json", "--keep-ids")
        result = Run(*arguments, "--record", str(capture), environment=fake.environment()).result()
        assert result.code == 0, result.err
        assert [gpu["gpu"] for gpu in result.document["gpus"]] == [2]
        (kept,) = read_capture(capture)["gpus"]
        assert kept["identity"]["uuid"] == fake.gpu(2).uuid
        assert list(tmp_path.glob(".capture*")) == []
        missing = Run("--gpu", "7", environment=fake.environment()).result()
    assert missing.code == 2
    assert "--gpu 7: there is no such GPU; there are 0, 1, 2" in missing.err


def test_without_a_driver_it_says_so_in_one_sentence(t4: FakeNvml) -> None:
    t4.set_init_error()
    try:
        result = Run(environment=t4.environment()).result()
    finally:
        t4.set_init_error(None)
    assert result.code == 1
    assert not result.out
    (sentence,) = result.err.splitlines()
    assert "the NVIDIA kernel module is not loaded" in sentence
    assert "nvidia-smi must work" in sentence


def test_a_driver_without_gpus_is_a_failure(tmp_path: Path) -> None:
    with FakeNvml(tmp_path, gpus=0) as fake:
        result = Run(environment=fake.environment()).result()
    assert result.code == 1
    assert "shows no GPU" in result.err


def test_simulated_gpus_are_called_so_on_every_table(tmp_path: Path) -> None:
    config = tmp_path / "wattkeeper.toml"
    config.write_text('[sampling]\nsource = "simulated"\n[simulation]\ngpus = 2\n', "utf-8")
    result = Run("--config", str(config), "--seconds", "0.5").result()
    assert result.code == 0, result.err
    titles = [line for line in result.out.splitlines() if re.match(r"GPU \d+: ", line)]
    assert len(titles) == 6
    assert all(line.endswith("SIMULATED") for line in titles)
    assert "2 of 2 GPUs answered - SIMULATED" in result.out
    assert "not offered" in result.out


def test_simulated_by_flag_and_as_json() -> None:
    result = Run("--simulated", "--gpu", "1", "--seconds", "0.5", "--json").result()
    assert result.code == 0, result.err
    assert result.document["simulated"] is True
    (gpu,) = result.document["gpus"]
    powers = [one for one in gpu["series"] if one["metric"] == "gpu_power_watts"]
    assert [one["offered"] for one in powers] == [True, False, False]
    assert powers[0]["value"] > 0
    assert powers[1]["value"] is None


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--record", "/nowhere/capture.json"), 1, "cannot write there"),
        (("--simulated", "--record", "capture.json"), 2, "simulated GPUs have none"),
        (("--seconds", "0"), 2, "allowed are 0.5 to 3600 seconds"),
        (("--seconds", "nan"), 2, "allowed are 0.5 to 3600 seconds"),
    ],
)
def test_mistakes_are_told_at_once(
    t4: FakeNvml, arguments: tuple[str, ...], code: int, said: str
) -> None:
    result = Run(*arguments, environment=t4.environment()).result()
    assert result.code == code
    assert said in result.err
    assert "Traceback" not in result.err
    assert not result.out
    assert result.seconds < 30
