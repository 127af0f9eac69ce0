"""The topics that are published to. They are a contract: subscribers hang on them."""

from collector.model import Device, GpuIdentity, Meter

PLACE_KEYS = ("site", "hall", "row", "rack", "node")
"""Where a node is, widest first; every payload has those that are set."""


def base_topic(topic_prefix: str, kind: str, name: str) -> str:
    """What the topics of a daemon begin with.

    Args:
        topic_prefix: what all topics begin with.
        kind: `node` or `site`.
        name: which one.
    """
    return f"{topic_prefix}/{kind}/{name}"


def status_topic(base: str) -> str:
    """Where a daemon's retained `online` or `offline` is."""
    return f"{base}/status"


def window_topic(base: str, device: Device) -> str:
    """Where the windows of a device go; all sensors of a host share one topic."""
    match device:
        case GpuIdentity(uuid=uuid):
            return f"{base}/gpu/{uuid}"
        case Meter(id=id_):
            return f"{base}/meter/{id_}"
        case _:
            return f"{base}/host"
