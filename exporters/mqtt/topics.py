"""The topics that a node publishes to. They are a contract: subscribers hang on them."""

PLACE_KEYS = ("site", "hall", "row", "rack", "node")
"""Where a node is, widest first; every payload has those that are set."""


def status_topic(topic_prefix: str, node: str) -> str:
    """Where a node's retained `online` or `offline` is."""
    return f"{topic_prefix}/node/{node}/status"


def gpu_topic(topic_prefix: str, node: str, uuid: str) -> str:
    """Where the windows of one GPU go."""
    return f"{topic_prefix}/node/{node}/gpu/{uuid}"
