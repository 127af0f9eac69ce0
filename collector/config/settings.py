"""Every configuration key, its default and what is allowed. Names carry units."""

import re
import socket
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from collector.catalogue import BY_NAME
from collector.logs.choose import Format as LogFormat
from collector.sources.host.redfish.options import LEAST_SECONDS, keeps_secrets
from collector.sources.host.redfish.options import checked_url as controller_url
from exporters.influxdb.options import checked_url
from exporters.mqtt.options import DEFAULT_TOPIC_PREFIX

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,252}")
_LISTEN = re.compile(r"[!-~]+:([0-9]{1,5})")


def _plain_name(value: str) -> str:
    if value and not _NAME.fullmatch(value):
        raise ValueError("allowed are letters, digits, '.', '_' and '-', a letter or digit first")
    return value


def _listen_address(value: str) -> str:
    match = _LISTEN.fullmatch(value)
    if match is None or int(match[1]) > 65535:  # noqa: PLR2004 - TCP's
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


def _topic_prefix(value: str) -> str:
    if not value or value != value.strip("/") or set(value) & set("#+\0"):
        raise ValueError("allowed is a topic without '#' and '+' and without '/' at its ends")
    return value


TopicPrefix = Annotated[str, AfterValidator(_topic_prefix)]
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
    power_buffer: Literal["auto", "never"] = "auto"
    source: Literal["auto", "nvml", "simulated"] = "auto"
    disable: tuple[MetricName, ...] = ()
    enable: tuple[MetricName, ...] = ()


class SimulationTable(_Table):
    """Simulated GPUs, for machines that have none."""

    gpus: int = Field(default=8, ge=1, le=72)
    model: Literal["A100", "H100", "H200", "B200", "GB200", "GB300"] = "H200"
    seed: int = 1
    trace: Path | None = None


class RedfishTable(_Table):
    """The management controller's Redfish service; on when the table is there."""

    url: Annotated[str, AfterValidator(controller_url)]
    username: str = ""
    password_file: Path | None = None
    ca_file: Path | None = None
    seconds: float = Field(default=10.0, ge=LEAST_SECONDS, le=600)

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if bool(self.username) != (self.password_file is not None):
            raise ValueError("username and password_file belong together: set both or none")
        if self.username and not keeps_secrets(self.url):
            raise ValueError("with a username, url must be https://...: http would show it to all")
        return self


class IpmiTable(_Table):
    """IPMI DCMI by ipmitool or freeipmi; on when the table is there."""

    seconds: float = Field(default=10.0, ge=LEAST_SECONDS, le=600)


class HostTable(_Table):
    """The machine around the GPUs."""

    kmsg: bool = False
    expected_gpus: int | None = Field(default=None, ge=0, le=1024)
    sysfs_root: Path = Path("/sys")
    redfish: RedfishTable | None = None
    ipmi: IpmiTable | None = None


class WindowTable(_Table):
    """Length of an aggregation window."""

    seconds: Annotated[int, AfterValidator(_divides_a_minute)] = Field(default=10, ge=1, le=60)


class LedgerTable(_Table):
    """Where energy is kept, and for how long its registers are."""

    path: Path = Path("/var/lib/wattkeeper/ledger.sqlite3")
    minute_days: int = Field(default=7, ge=1, le=3660)
    quarter_hour_days: int = Field(default=400, ge=1, le=3660)


class LogTable(_Table):
    """How the log is written. All of it goes to standard error, or to systemd's journal."""

    format: LogFormat = "auto"
    level: Literal["debug", "info", "warning", "error"] = "info"


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
    dialects: tuple[Literal["dcgm", "dcgm-4.9"], ...] = ()
    web_config_file: Path | None = None
    tls: TlsTable | None = None
    basic_auth: BasicAuthTable | None = None

    @model_validator(mode="after")
    def _one_way_or_the_other(self) -> Self:
        for name in ("tls", "basic_auth"):
            if self.web_config_file is not None and getattr(self, name) is not None:
                raise ValueError(
                    f"web_config_file and [prometheus.{name}] exclude each other: the file says "
                    "all that the table would; take one of them away"
                )
        return self


class InfluxTable(_Table):
    """InfluxDB 2, 3 or VictoriaMetrics; on when the table is there."""

    url: Annotated[str, AfterValidator(checked_url)]
    bucket: str = Field(min_length=1)
    org: str = ""
    token_file: Path | None = None
    ca_file: Path | None = None
    batch_seconds: float = Field(default=10.0, ge=0.1, le=600)
    gzip: bool = True
    outbox_bytes: int = Field(default=1_000_000_000, ge=1_000_000, le=1_000_000_000_000)
    backfill_points_per_second: float = Field(default=200.0, ge=1, le=1_000_000)


class MqttTlsTable(_Table):
    """TLS to the broker; with a certificate and key, this node shows its own."""

    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("cert_file and key_file belong together: set both or none")
        return self


class MqttTable(_Table):
    """An MQTT 5 broker; on when the table is there."""

    host: str = Field(min_length=1)
    port: int = Field(default=1883, ge=1, le=65535)
    username: str = ""
    password_file: Path | None = None
    topic_prefix: TopicPrefix = DEFAULT_TOPIC_PREFIX
    batch_seconds: float = Field(default=1.0, ge=0.1, le=600)
    outbox_bytes: int = Field(default=1_000_000_000, ge=1_000_000, le=1_000_000_000_000)
    backfill_points_per_second: float = Field(default=200.0, ge=1, le=1_000_000)
    tls: MqttTlsTable | None = None

    @model_validator(mode="after")
    def _password_has_a_user(self) -> Self:
        if self.password_file is not None and not self.username:
            raise ValueError("password_file needs a username")
        return self


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
    host: HostTable = Field(default_factory=HostTable)
    window: WindowTable = Field(default_factory=WindowTable)
    ledger: LedgerTable = Field(default_factory=LedgerTable)
    log: LogTable = Field(default_factory=LogTable)
    prometheus: PrometheusTable = Field(default_factory=PrometheusTable)
    influxdb: InfluxTable | None = None
    mqtt: MqttTable | None = None
