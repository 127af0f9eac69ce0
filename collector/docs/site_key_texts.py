"""What to say of each configuration key of the site daemon; those of a node's tables are said."""

from collections.abc import Mapping

from collector.docs.key_texts import KEY_TEXTS, KeyText

_SHARED = ("node.", "window.", "ledger.", "log.", "prometheus.", "influxdb.", "mqtt.")

SITE_KEY_TEXTS: Mapping[str, KeyText] = {
    **{key: text for key, text in KEY_TEXTS.items() if key.startswith(_SHARED)},
    "node.name": KeyText(
        "This daemon's name in logs and at the brokers. Give each of two daemons of one site its "
        "own.",
        "site-1",
        "the host's name",
    ),
    "site.file": KeyText(
        "The site file: the electrical tree, meters, racks and nodes; see docs/site-file.md."
    ),
    "site.prometheus_url": KeyText(
        "Prometheus or VictoriaMetrics, which is asked for the energy of nodes, racks and tenants.",
        "http://prometheus.example:9090",
        "not set",
    ),
    "meters.mqtt.host": KeyText("Name or address of the broker.", "bms-broker.example"),
    "meters.mqtt.port": KeyText("Its port; 8883 is usual with TLS."),
    "meters.mqtt.username": KeyText("User at the broker.", "wattkeeper", "none"),
    "meters.mqtt.password_file": KeyText(
        "File that holds the password; it is read at every connection.",
        "/etc/wattkeeper/meters-password",
        "no password",
    ),
    "meters.mqtt.dsx": KeyText(
        "Whether the facility speaks the contract of NVIDIA's DSX Exchange, topics `BMS/v1/...`."
    ),
    "meters.mqtt.sparkplug_group": KeyText(
        "The Sparkplug B group whose metrics are read; `map_file` says which are meters.",
        "facility",
        "none",
    ),
    "meters.mqtt.map_file": KeyText(
        "TOML file that says which topic, or which Sparkplug metric, is which meter; see "
        "docs/meters.md.",
        "/etc/wattkeeper/meters.toml",
        "none",
    ),
    "meters.mqtt.clock_offset_seconds": KeyText(
        "How far the meters' clock is ahead of UTC, seconds; less than 0 when it is behind. It is "
        "taken off every time that a meter gives."
    ),
    "meters.mqtt.tls.ca_file": KeyText(
        "The authority that signed the broker's certificate.",
        "/etc/wattkeeper/ca.pem",
        "the system's",
    ),
    "meters.mqtt.tls.cert_file": KeyText(
        "This daemon's own certificate.", "/etc/wattkeeper/site.pem", "none"
    ),
    "meters.mqtt.tls.key_file": KeyText("Its key.", "/etc/wattkeeper/site.key", "none"),
}
