"""What the daemon says of itself."""

from collector.catalogue.types import Kind, Metric, Rate, Subject, Unit


def _own(
    key: str, kind: Kind, text: str, unit: Unit = Unit.NONE, labels: tuple[str, ...] = ()
) -> Metric:
    return Metric(
        key=f"wattkeeper_{key}",
        kind=kind,
        unit=unit,
        help=text,
        labels=labels,
        rate=Rate.DERIVED,
        subject=Subject.DAEMON,
    )


_EXPORTER = ("exporter",)

DAEMON_METRICS = (
    _own("build_info", Kind.INFO, "The running version.", labels=("version", "python")),
    _own("ticks", Kind.COUNTER, "Reads that were due, by thread.", labels=("thread",)),
    _own(
        "delayed_ticks",
        Kind.COUNTER,
        "Reads that began over 2 ms after their deadline.",
        labels=("thread",),
    ),
    _own(
        "late_ticks",
        Kind.COUNTER,
        "Reads that began over half a period late, and those skipped.",
        labels=("thread",),
    ),
    _own(
        "recent_late_ticks",
        Kind.GAUGE,
        "Share of the reads due in the last 5 minutes that came late or not at all.",
        Unit.RATIO,
    ),
    _own("samples_dropped", Kind.COUNTER, "Power samples lost because the loop did not drain."),
    _own(
        "timed_reads",
        Kind.COUNTER,
        "Reads of a sensor whose duration was taken, over all GPUs; not all are.",
        labels=("sensor",),
    ),
    _own(
        "timed_read",
        Kind.COUNTER,
        "Time that the timed reads of a sensor spent in the driver, over all GPUs.",
        Unit.SECONDS,
        ("sensor",),
    ),
    _own(
        "sensor_last_success_timestamp",
        Kind.GAUGE,
        "When a sensor was last read well; of several GPUs the one that was read longest ago.",
        Unit.SECONDS,
        ("sensor",),
    ),
    _own("windows", Kind.COUNTER, "Windows closed."),
    _own("ledger_up", Kind.GAUGE, "1 while the ledger takes writes."),
    _own("ledger_waiting_windows", Kind.GAUGE, "Closed windows not yet in the ledger."),
    _own("ledger_dropped_windows", Kind.COUNTER, "Windows whose shape was lost; not their energy."),
    _own(
        "ledger_last_commit_timestamp", Kind.GAUGE, "When the ledger last committed.", Unit.SECONDS
    ),
    _own("ledger_commit", Kind.GAUGE, "Duration of the last commit.", Unit.SECONDS),
    _own(
        "exporter_up",
        Kind.GAUGE,
        "1 while the last delivery succeeded.",
        labels=_EXPORTER,
    ),
    _own("outbox_rows", Kind.GAUGE, "Rows that wait to be delivered.", labels=_EXPORTER),
    _own("outbox", Kind.GAUGE, "What waits to be delivered.", Unit.BYTES, _EXPORTER),
    _own(
        "outbox_oldest_age",
        Kind.GAUGE,
        "Age of the oldest row that waits; absent while none does.",
        Unit.SECONDS,
        _EXPORTER,
    ),
    _own("delivered", Kind.COUNTER, "Rows delivered; sent anew counts again.", labels=_EXPORTER),
    _own("retried", Kind.COUNTER, "Rows tried in vain and kept.", labels=_EXPORTER),
    _own("quarantined", Kind.COUNTER, "Rows that a receiver refused for good.", labels=_EXPORTER),
    _own("dropped", Kind.COUNTER, "Rows dropped because too much waited.", labels=_EXPORTER),
    _own(
        "recent_lost_rows",
        Kind.GAUGE,
        "Rows that were dropped or quarantined in the last hour, only while there are some.",
        labels=(*_EXPORTER, "reason"),
    ),
    _own(
        "last_delivery_timestamp",
        Kind.GAUGE,
        "When rows were last delivered.",
        Unit.SECONDS,
        _EXPORTER,
    ),
    _own("meters_connected", Kind.GAUGE, "1 while the meters' broker is connected."),
    _own("meter_messages", Kind.COUNTER, "Messages of meters that came."),
    _own(
        "meter_rejected",
        Kind.COUNTER,
        "Messages of meters that were not used, by reason (docs/meters.md).",
        labels=("reason",),
    ),
    _own(
        "site_tree_differences",
        Kind.GAUGE,
        "Differences between the site file's tree and what the facility says feeds what.",
    ),
    _own(
        "http_refused",
        Kind.COUNTER,
        "Clients that the HTTP server refused or sent away, by reason (docs/security.md).",
        labels=("reason",),
    ),
    _own(
        "tls_certificate_expiry_timestamp",
        Kind.GAUGE,
        "When the first certificate of the HTTP server's chain ends; absent without TLS.",
        Unit.SECONDS,
    ),
    _own("clock_steps", Kind.COUNTER, "Steps of the wall clock over 50 ms."),
    _own("faults", Kind.GAUGE, "Parts of this node that are not well."),
)
