"""Metrics of what happened to a GPU: errors that its driver reports one by one."""

from collector.catalogue.types import Kind, Metric, Rate, Unit
from collector.catalogue.xids import COMMON_XIDS

EVENT_METRICS = (
    Metric(
        key="gpu_xid_errors",
        kind=Kind.COUNTER,
        help="XID errors of the driver by code, over the life of the ledger.",
        labels=("xid",),
        rate=Rate.DERIVED,
        initial=tuple((str(code),) for code in COMMON_XIDS),
    ),
    Metric(
        key="gpu_xid_last_seen_timestamp",
        kind=Kind.GAUGE,
        unit=Unit.SECONDS,
        help="When the newest XID error of a code came, in UTC seconds since 1970.",
        labels=("xid",),
        rate=Rate.DERIVED,
    ),
)
