"""The fake library, compiled once; a daemon on it."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.daemon import Daemon
from tests.fake_nvml import FakeNvml, build

MakeFake = Callable[..., FakeNvml]
MakeDaemon = Callable[..., Daemon]


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("nvml"))


@pytest.fixture(scope="session")
def old_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("old-nvml"), old_driver=True)


@pytest.fixture
def make_fake(tmp_path: Path, library: Path) -> Iterator[MakeFake]:
    with ExitStack() as stack:

        def make(**options: object) -> FakeNvml:
            folder = tmp_path / f"fake-{len(list(tmp_path.glob('fake-*')))}"
            chosen: dict[str, object] = {"library_path": library} | options
            return stack.enter_context(FakeNvml(folder, **chosen))  # type: ignore[arg-type]

        yield make


@pytest.fixture
def make_daemon(tmp_path: Path) -> Iterator[MakeDaemon]:
    with ExitStack() as stack:

        def make(fake: FakeNvml | None, **settings: object) -> Daemon:
            folder = tmp_path / "node"
            folder.mkdir(exist_ok=True)
            environment = {} if fake is None else fake.environment()
            return stack.enter_context(Daemon(folder, environment, **settings))

        yield make


@pytest.fixture
def root() -> None:
    if os.geteuid():
        pytest.skip("needs root")
