"""From the settings to what reads the meters."""

from collections.abc import Mapping
from dataclasses import dataclass

from collector.config.load import ConfigError
from collector.config.site_settings import MetersMqttTable
from collector.sitefile.model import MeterSpec
from collector.sources.meters.decoder import Decoder
from collector.sources.meters.dsx import DsxDecoder
from collector.sources.meters.inbox import Key, MeterInbox
from collector.sources.meters.mapfile import MapFile, load_map
from collector.sources.meters.topicmap import TopicDecoder
from collector.sources.meters.values import SourceClock
from exporters.mqtt.options import MqttOptions


@dataclass(frozen=True, slots=True)
class MeterSources:
    """What reads the meters.

    Attributes:
        options: the broker.
        inbox: decodes; give it to a `MeterListener`.
        dsx: the facility contract's decoder, whose `tree` can be compared with the site file.
    """

    options: MqttOptions
    inbox: MeterInbox
    dsx: DsxDecoder | None


def meter_sources(
    table: MetersMqttTable,
    meters: Mapping[str, MeterSpec],
    last: Mapping[Key, int] | None = None,
) -> MeterSources:
    """Read the map file and make the decoders.

    Args:
        table: the settings.
        meters: those of the site file, by id.
        last: when the last reading of each series was taken that is known from before.

    Raises:
        ConfigError: the map file is wrong, or does not fit the settings or the site file.
    """
    rules = MapFile() if table.map_file is None else load_map(table.map_file)
    _check(rules, table, meters)
    clock = SourceClock(round(table.clock_offset_seconds * 1e9))
    decoders: list[Decoder] = []
    if rules.topics:
        decoders.append(TopicDecoder(rules.topics, meters, clock))
    dsx = DsxDecoder(meters.values(), clock) if table.dsx else None
    if dsx is not None:
        decoders.append(dsx)
    if table.sparkplug_group:
        decoders.append(_sparkplug(table.sparkplug_group, rules, meters, clock))
    return MeterSources(_options(table), MeterInbox(decoders, last), dsx)


def _sparkplug(
    group: str, rules: MapFile, meters: Mapping[str, MeterSpec], clock: SourceClock
) -> Decoder:
    try:  # protobuf is large, and needed for nothing else
        from collector.sources.meters.sparkplug.decoder import SparkplugDecoder  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"meters.mqtt.sparkplug_group needs the package {error.name}: install wattkeeper[site]"
        ) from None
    return SparkplugDecoder(group, rules.metrics, meters, clock)


def _check(rules: MapFile, table: MetersMqttTable, meters: Mapping[str, MeterSpec]) -> None:
    path = table.map_file
    if rules.metrics and not table.sparkplug_group:
        raise ConfigError(f"{path} has [[sparkplug]]: set meters.mqtt.sparkplug_group too")
    if table.sparkplug_group and not rules.metrics:
        raise ConfigError(f"meters.mqtt.sparkplug_group is set: {path} needs [[sparkplug]]")
    named = [rule.meter for rule in rules.topics] + [rule.meter for rule in rules.metrics]
    unknown = sorted({meter for meter in named if "{" not in meter and meter not in meters})
    if unknown:
        raise ConfigError(f"{path} names meters that the site file has not: {', '.join(unknown)}")


def _options(table: MetersMqttTable) -> MqttOptions:
    tls = table.tls
    return MqttOptions(
        host=table.host,
        port=table.port,
        username=table.username,
        password_file=table.password_file,
        tls=tls is not None,
        ca_file=None if tls is None else tls.ca_file,
        cert_file=None if tls is None else tls.cert_file,
        key_file=None if tls is None else tls.key_file,
    )
