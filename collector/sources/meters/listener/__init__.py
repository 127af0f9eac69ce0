"""The connection to the facility's broker: messages in, readings out, nothing lost between."""

from collector.sources.meters.listener.fault import Report
from collector.sources.meters.listener.listener import ListenerStatus, MeterListener, Sink

__all__ = ["ListenerStatus", "MeterListener", "Report", "Sink"]
