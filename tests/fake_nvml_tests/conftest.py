"""The fake library, compiled once; a fake with three GPUs, and their handles in this process."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fake_nvml import FakeNvml, build
from tests.fake_nvml_tests.helpers import pynvml


@pytest.fixture(scope="session")
def library_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("fake_nvml"))


@pytest.fixture
def fake(tmp_path: Path, library_path: Path) -> Iterator[FakeNvml]:
    with FakeNvml(tmp_path, gpus=3, library_path=library_path) as machine:
        yield machine
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def nvml(fake: FakeNvml) -> Iterator[list[Any]]:
    """Handles of the fake's GPUs through pynvml in this process."""
    fake.load_in_process()
    pynvml.nvmlInit()
    yield [pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(3)]
    for gpu in fake.gpus:
        gpu.release()
    pynvml.nvmlShutdown()
