"""What to say of each configuration key.

A key whose `Field` in the settings has a description needs no entry here.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KeyText:
    """What the settings themselves do not tell.

    Attributes:
        meaning: one sentence or two; what to set it to, and why.
        example: a value that is allowed, for keys whose default is none or says little.
        default: the default in words, where it is no plain value.
    """

    meaning: str
    example: object = ""
    default: str = ""


_PLACE = "the label by which dashboards and reports group nodes."

KEY_TEXTS: Mapping[str, KeyText] = {
    "node.name": KeyText(
        "The node's name in logs, on the page and in what is delivered.",
        "gpu-0042",
        "the host's name",
    ),
    "node.site": KeyText(f"The site that the node belongs to; {_PLACE}", "north", "not set"),
    "node.hall": KeyText(f"The data hall; {_PLACE}", "hall-1", "not set"),
    "node.row": KeyText(f"The row of racks; {_PLACE}", "row-c", "not set"),
    "node.rack": KeyText(f"The rack; {_PLACE}", "c07", "not set"),
    "influxdb.url": KeyText(
        "The server; its v2 write API is used, which InfluxDB 2, InfluxDB 3 and VictoriaMetrics "
        "have.",
        "https://influx.example:8086",
    ),
    "influxdb.bucket": KeyText("The bucket that the points go to.", "power"),
    "influxdb.org": KeyText("The organization; InfluxDB 2 asks for it.", "site", "not set"),
    "influxdb.token_file": KeyText(
        "File that holds the token; it is read again when it changes.",
        "/etc/wattkeeper/influx-token",
        "no token",
    ),
    "influxdb.ca_file": KeyText(
        "The authority that signed the server's certificate.",
        "/etc/wattkeeper/ca.pem",
        "the system's",
    ),
    "influxdb.batch_seconds": KeyText("Seconds that new points are gathered before they go out."),
    "influxdb.gzip": KeyText("Whether requests are compressed."),
    "influxdb.outbox_bytes": KeyText(
        "Bytes that may wait in the ledger while the server is away; beyond it the oldest go."
    ),
    "influxdb.backfill_points_per_second": KeyText(
        "How fast a backlog goes out after an outage, beside the new points."
    ),
    "mqtt.host": KeyText("Name or address of the broker.", "broker.example"),
    "mqtt.port": KeyText("Its port; 8883 is usual with TLS."),
    "mqtt.username": KeyText("User at the broker.", "node", "none"),
    "mqtt.password_file": KeyText(
        "File that holds the password; it is read at every connection.",
        "/etc/wattkeeper/mqtt-password",
        "no password",
    ),
    "mqtt.topic_prefix": KeyText("What every topic begins with."),
    "mqtt.batch_seconds": KeyText("Seconds that new windows are gathered before they go out."),
    "mqtt.outbox_bytes": KeyText(
        "Bytes that may wait in the ledger while the broker is away; beyond it the oldest go."
    ),
    "mqtt.backfill_points_per_second": KeyText(
        "How fast a backlog goes out after an outage, beside the new windows."
    ),
    "mqtt.tls.ca_file": KeyText(
        "The authority that signed the broker's certificate.",
        "/etc/wattkeeper/ca.pem",
        "the system's",
    ),
    "mqtt.tls.cert_file": KeyText(
        "This node's own certificate.", "/etc/wattkeeper/node.pem", "none"
    ),
    "mqtt.tls.key_file": KeyText("Its key.", "/etc/wattkeeper/node.key", "none"),
    "sampling.power_hz": KeyText(
        "How often each GPU's power is read, in hertz. 10 catches what the sensors of most GPUs "
        "tell; from 50 up, changes within 100 ms are shown too."
    ),
    "sampling.power_buffer": KeyText(
        'Where the driver itself keeps power samples finer than `power_hz`, "auto" reads those in '
        'bulk instead, as long as they agree with the sensor; "never" always polls. '
        "`wattkeeper check` says which way is in use."
    ),
    "sampling.telemetry_hz": KeyText(
        "How often temperatures, clocks, utilization and the energy counter are read, in hertz."
    ),
    "sampling.slow_seconds": KeyText(
        "Seconds between reads of limits and of what is costly to read."
    ),
    "sampling.source": KeyText(
        'Where GPUs come from. "auto" is the NVIDIA driver; nothing is ever simulated unasked.'
    ),
    "sampling.disable": KeyText(
        "Metrics that are not read at all, where a driver answers them slowly or wrongly.",
        ("gpu_temperature_margin_celsius",),
        "none",
    ),
    "sampling.enable": KeyText(
        "Metrics that are read only when named here, for what they cost or for how many series "
        "they have: docs/metrics.md marks them. `sampling.disable` has the last word.",
        ("gpu_activity_ratio",),
        "none",
    ),
    "simulation.gpus": KeyText("Number of simulated GPUs."),
    "simulation.model": KeyText("What the simulated GPUs pretend to be."),
    "simulation.seed": KeyText("The same seed gives the same power."),
    "simulation.trace": KeyText(
        "Measured power to replay: a CSV file of `time_ms,watts`, plain or gzipped.",
        "/srv/traces/training.csv.gz",
        "none: power is made up",
    ),
    "host.kmsg": KeyText(
        "Whether to read XID errors from the kernel log too: NVML does not tell of all of them. It "
        "needs CAP_SYSLOG and read access to `/dev/kmsg`. An error that both tell of is counted "
        "once; one that the driver writes in several lines (13 mostly) counts once a line."
    ),
    "host.expected_gpus": KeyText(
        "How many GPUs the node must have; alerts compare it with those that are seen.",
        8,
        "the most that were ever seen",
    ),
    "host.sysfs_root": KeyText(
        "Where the kernel's sysfs is; its power meters (hwmon) and CPU energy (RAPL) are read."
    ),
    "host.redfish.url": KeyText(
        "The management controller; its certificate is verified.", "https://bmc.example"
    ),
    "host.redfish.username": KeyText("A user that may read.", "reader", "none"),
    "host.redfish.password_file": KeyText(
        "File that holds the password in its first line; it is read at every login.",
        "/etc/wattkeeper/bmc-password",
        "no password",
    ),
    "host.redfish.ca_file": KeyText(
        "The authority that signed the controller's certificate, or that certificate itself.",
        "/etc/wattkeeper/bmc.pem",
        "the system's",
    ),
    "host.redfish.seconds": KeyText(
        "Seconds between two reads; management controllers do not bear more."
    ),
    "host.ipmi.seconds": KeyText(
        "Seconds between two reads by `ipmitool` or `ipmi-dcmi`, which need `/dev/ipmi0`."
    ),
    "window.seconds": KeyText(
        "Length of an aggregation window, seconds: the unit in which energy is committed to the "
        "ledger and delivered. What a crash costs is the shape of at most one window, no energy."
    ),
    "ledger.path": KeyText(
        "The file that keeps energy over restarts. Keep it on a local disk. Its lock and "
        "SQLite's `-wal` and `-shm` files lie beside it."
    ),
    "ledger.minute_days": KeyText("Days for which registers of 1 minute are kept."),
    "ledger.quarter_hour_days": KeyText("Days for which registers of 15 minutes are kept."),
    "log.format": KeyText(
        '"text" is lines for people, "journal" entries with fields for systemd\'s journal, "json" '
        'one object a line; "auto" is the journal where standard error ends there, else text. See '
        "docs/operation.md."
    ),
    "log.level": KeyText(
        "The least level that is logged; `--debug` logs everything. Faults are warnings or errors, "
        "and their ends warnings."
    ),
    "prometheus.enabled": KeyText(
        "Whether to serve `/metrics`, `/healthz`, `/livez`, `/readyz` and the page."
    ),
    "prometheus.listen": KeyText("Where to serve them. `[::]:9410` is every address, IPv6 too."),
    "prometheus.window_seconds": KeyText(
        "Trailing seconds over which minimum, mean, maximum and ramps of power are shown. Set it "
        "to the scrape interval or more, so that no peak falls between two scrapes."
    ),
    "prometheus.dialects": KeyText(
        "Names of other exporters that `/metrics` speaks besides ours: `dcgm` those of "
        "dcgm-exporter up to 4.8, `dcgm-4.9` those from 4.9 on. See docs/dcgm.md.",
        ("dcgm",),
        "none",
    ),
    "prometheus.web_config_file": KeyText(
        "Prometheus's web configuration file (YAML): TLS, client certificates, users and headers "
        "as all its exporters have them; docs/security.md tells what of it is supported. Instead "
        "of `[prometheus.tls]` and `[prometheus.basic_auth]`.",
        "/etc/wattkeeper/web.yml",
        "none",
    ),
    "prometheus.tls.cert_file": KeyText(
        "The server's certificate, PEM, with its chain.", "/etc/wattkeeper/tls.crt"
    ),
    "prometheus.tls.key_file": KeyText("Its private key, PEM.", "/etc/wattkeeper/tls.key"),
    "prometheus.tls.client_ca_file": KeyText(
        "Clients must show a certificate of this authority, PEM.",
        "/etc/wattkeeper/clients.crt",
        "none: any client may ask",
    ),
    "prometheus.basic_auth.username": KeyText("The one user that may ask.", "prometheus"),
    "prometheus.basic_auth.password_hash_file": KeyText(
        "A file with the hash of the password; docs/configuration.md tells how to make one.",
        "/etc/wattkeeper/password.hash",
    ),
}
