"""Every configuration key, its default and what is allowed. Names carry units."""

import re
import socket
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from collector.catalogue import BY_NAME

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,252}")


def _plain_name(value: str) -> str:
    if value and not _NAME.fullmatch(value):
        raise ValueError("allowed are letters, digits, '.', '_' and '-', a letter or digit first")
    return value


def _listen_address(value: str) -> str:
    host, colon, port = value.rpartition(":")
    if not colon or not host or not port.isdigit() or not 0 <= int(port) <= 65535:  # noqa: PLR2004
        raise ValueError("allowed is HOST:PORT, for example 0.0.0.0:9410 or [::]:9410")
    return value


def _known_metric(value: str) -> str:
    if value not in BY_NAME or not BY_NAME[value].reads:
        raise ValueError("allowed are metrics of docs/metrics.md that are read from a source")
    return value


def _divides_a_minute(value: int) -> int:
    if 60 % value:
        raise ValueError("allowed is a divisor of 60: 1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30 or 60")
    return value


PlainName = Annotated[str, AfterValidator(_plain_name)]
ListenAddress = Annotated[str, AfterValidator(_listen_address)]
MetricName = Annotated[str, AfterValidator(_known_metric)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


class NodeTable(_Table):
    """Where this node is; all but the name is optional."""

    name: PlainName = Field(default_factory=socket.gethostname)
    site: PlainName = ""
    hall: PlainName = ""
    row: PlainName = ""
    rack: PlainName = ""


class SamplingTable(_Table):
    """How often sensors are read, and from where."""

    power_hz: float = Field(default=10.0, ge=1, le=100)
    telemetry_hz: float = Field(default=1.0, ge=0.1, le=10)
    slow_seconds: float = Field(default=10.0, ge=1, le=3600)
    source: Literal["auto", "nvml", "simulated"] = "auto"
    disable: tuple[MetricName, ...] = ()


class SimulationTable(_Table):
    """Simulated GPUs, for machines that have none."""

    gpus: int = Field(default=8, ge=1, le=72)
    model: Literal["A100", "H100", "H200", "B200", "GB200", "GB300"] = "H200"
    seed: int = 1
    trace: Path | None = None


class WindowTable(_Table):
    """Length of an aggregation window."""

    seconds: Annotated[int, AfterValidator(_divides_a_minute)] = Field(default=10, ge=1, le=60)


class LedgerTable(_Table):
    """Where energy is kept, and for how long its registers are."""

    path: Path = Path("/var/lib/wattkeeper/ledger.sqlite3")
    minute_days: int = Field(default=7, ge=1, le=3660)
    quarter_hour_days: int = Field(default=400, ge=1, le=3660)


class TlsTable(_Table):
    """TLS of the HTTP server; with `client_ca_file`, clients must show a certificate."""

    cert_file: Path
    key_file: Path
    client_ca_file: Path | None = None


class BasicAuthTable(_Table):
    """HTTP basic authentication; the file holds one scrypt hash (see docs/configuration.md)."""

    username: str = Field(min_length=1)
    password_hash_file: Path


class PrometheusTable(_Table):
    """The HTTP server: `/metrics`, health and the page."""

    enabled: bool = True
    listen: ListenAddress = "0.0.0.0:9410"
    window_seconds: int = Field(default=30, ge=5, le=300)
    tls: TlsTable | None = None
    basic_auth: BasicAuthTable | None = None


class Settings(BaseSettings):
    """All configuration of a node."""

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        env_prefix="WATTKEEPER_",
        env_nested_delimiter="__",
        validate_default=True,
    )

    node: NodeTable = Field(default_factory=NodeTable)
    sampling: SamplingTable = Field(default_factory=SamplingTable)
    simulation: SimulationTable = Field(default_factory=SimulationTable)
    window: WindowTable = Field(default_factory=WindowTable)
    ledger: LedgerTable = Field(default_factory=LedgerTable)
    prometheus: PrometheusTable = Field(default_factory=PrometheusTable)
