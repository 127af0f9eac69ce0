"""What `wattkeeper check` says of the driver's own power samples."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands.test_check import Result, Run
from tests.fake_nvml import FakeNvml, Group, Square

MS = 1_000_000


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeNvml]:
    with FakeNvml(tmp_path / "fake", gpus=2, profile="T4") as fake:
        for gpu in fake.gpus:
            gpu.set_waveform(Square(700 * MS, 20_000, 66_000, high_nanoseconds=280 * MS))
        fake.gpu(1).set_unsupported(Group.SAMPLES)
        time.sleep(0.3)
        yield fake


def test_which_way_is_in_use(fake: FakeNvml) -> None:
    environment = fake.environment()

    def checked(*arguments: str, **settings: str) -> Result:
        return Run("--seconds", "2", *arguments, environment={**environment, **settings}).result()

    as_json, table = checked("--json"), checked()
    never = checked(WATTKEEPER_SAMPLING__POWER_BUFFER="never")
    fast = checked(WATTKEEPER_SAMPLING__POWER_HZ="100")
    with_one, without = as_json.document["gpus"]
    buffer = with_one["power"]["buffer"]
    assert buffer["in_use"] is True
    assert buffer["refused"] is None
    assert (buffer["period_seconds"], buffer["depth"]) == (0.02, 120)
    assert buffer["compared"] >= 1  # as many as a busy machine leaves time for
    assert buffer["apart"] <= max(1, buffer["compared"] / 5)
    assert without["power"]["buffer"] is None
    assert any("the driver's own samples, one every 20 ms" in c for c in with_one["consequences"])
    assert "the driver's own samples: one every 20 ms, 120 kept (2.4 s)" in flat(table.out)
    assert "polling: the driver keeps no samples of its own" in flat(table.out)
    assert 'sampling.power_buffer is "never"' in flat(never.out)
    assert "they are no finer than the 100 Hz of sampling.power_hz" in flat(fast.out)


def flat(text: str) -> str:
    """The text without the line breaks of a table."""
    return " ".join(text.split())
