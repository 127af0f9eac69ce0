"""A real Prometheus and a real InfluxDB, both empty."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.influx import Influx
from tests.servers.process import ServerProcess, free_port, program


@pytest.fixture(scope="session")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an empty Prometheus."""
    folder = tmp_path_factory.mktemp("prometheus")
    config = folder / "prometheus.yml"
    config.write_text("{}\n")
    port = free_port()
    command = [
        program("prometheus"),
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    url = f"http://127.0.0.1:{port}"
    with ServerProcess(command, f"{url}/-/ready", folder):
        yield url


@pytest.fixture(scope="session")
def influx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influx]:
    """An InfluxDB with an empty database."""
    folder: Path = tmp_path_factory.mktemp("influx")
    with Influx(folder) as server:
        yield server
