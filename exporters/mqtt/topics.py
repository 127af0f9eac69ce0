"""The topics that are published to. They are a contract: subscribers hang on them."""

from collector.model import Device, GpuIdentity, Meter

PLACE_KEYS = ("site", "hall", "row", "rack", "node")
"""Where a node is, widest first; every payload has those that are set."""


def node_topic(topic_prefix: str, node: str) -> str:
    """What the topics of a node begin with."""
    return f"{topic_prefix}/node/{node}"


def site_topic(topic_prefix: str, site: str) -> str:
    """What the topics of a site's daemon begin with."""
    return f"{topic_prefix}/site/{site}"


def status_topic(base: str) -> str:
    """Where a daemon's retained `online` or `offline` is."""
    return f"{base}/status"


def demand_topic(base: str) -> str:
    """Where a site's demand is, retained: a controller that starts knows it at once."""
    return f"{base}/demand"


def window_topic(base: str, device: Device) -> str:
    """Where the windows of a device go; all sensors of a host share one topic."""
    match device:
        case GpuIdentity(uuid=uuid):
            return f"{base}/gpu/{uuid}"
        case Meter(id=id_):
            return f"{base}/meter/{id_}"
        case _:
            return f"{base}/host"
