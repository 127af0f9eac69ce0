"""Every configuration key of the site daemon. What a node has too is taken from `settings`."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from collector.config.settings import (
    InfluxTable,
    LedgerTable,
    ListenAddress,
    LogTable,
    MqttTable,
    MqttTlsTable,
    NodeTable,
    PrometheusTable,
    WindowTable,
)
from exporters.influxdb.options import checked_url


def _group(value: str) -> str:
    if set(value) & set("+#/\0"):
        raise ValueError("allowed is the id of one Sparkplug group, without '+', '#' and '/'")
    return value


def _url_or_none(value: str) -> str:
    return checked_url(value) if value else ""


class SiteLedgerTable(LedgerTable):
    """Where energy is kept, and for how long its registers are: long enough for yearly reports."""

    path: Path = Path("/var/lib/wattkeeper/site.sqlite3")
    minute_days: int = Field(default=2, ge=1, le=3660)
    quarter_hour_days: int = Field(default=1100, ge=1, le=3660)


class SitePrometheusTable(PrometheusTable):
    """The HTTP server: `/metrics`, health and the page."""

    listen: ListenAddress = "0.0.0.0:9411"


class MetersMqttTable(BaseModel):
    """The broker that the facility's meters publish to; on when the table is there."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    host: str = Field(min_length=1)
    port: int = Field(default=1883, ge=1, le=65535)
    username: str = ""
    password_file: Path | None = None
    dsx: bool = True
    sparkplug_group: Annotated[str, AfterValidator(_group)] = ""
    map_file: Path | None = None
    clock_offset_seconds: float = Field(default=0.0, ge=-86_400, le=86_400)
    tls: MqttTlsTable | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.password_file is not None and not self.username:
            raise ValueError("password_file needs a username")
        if self.sparkplug_group and self.map_file is None:
            raise ValueError("sparkplug_group needs a map_file that says which metrics are meters")
        if not self.dsx and self.map_file is None:
            raise ValueError("nothing would be read: set dsx = true, or a map_file")
        return self


class MetersTable(BaseModel):
    """How the facility's meters are read."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    mqtt: MetersMqttTable | None = None


class SiteTable(BaseModel):
    """What the site is."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    file: Path = Path("site.toml")
    prometheus_url: Annotated[str, AfterValidator(_url_or_none)] = ""


class SiteSettings(BaseSettings):
    """All configuration of a site daemon."""

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        env_prefix="WATTKEEPER_",
        env_nested_delimiter="__",
        validate_default=True,
    )

    node: NodeTable = Field(default_factory=NodeTable)
    site: SiteTable = Field(default_factory=SiteTable)
    meters: MetersTable = Field(default_factory=MetersTable)
    window: WindowTable = Field(default_factory=WindowTable)
    ledger: SiteLedgerTable = Field(default_factory=SiteLedgerTable)
    log: LogTable = Field(default_factory=LogTable)
    prometheus: SitePrometheusTable = Field(default_factory=SitePrometheusTable)
    influxdb: InfluxTable | None = None
    mqtt: MqttTable | None = None
