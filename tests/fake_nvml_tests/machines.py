"""Fakes of other boards in this process."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.fake_nvml import FakeNvml
from tests.fake_nvml_tests.helpers import pynvml


@contextmanager
def machine(
    folder: Path, library_path: Path, profile: str, gpus: int | None = None
) -> Iterator[tuple[FakeNvml, list[Any]]]:
    """A fake of a profile, and the handles of its GPUs."""
    with FakeNvml(folder, gpus, profile, library_path=library_path) as fake:
        fake.load_in_process()
        pynvml.nvmlInit()
        try:
            yield fake, [pynvml.nvmlDeviceGetHandleByIndex(i) for i in range(len(fake.gpus))]
        finally:
            pynvml.nvmlShutdown()
