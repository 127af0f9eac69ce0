"""Delivery of the outbox: one loop for every push exporter, and what a sender must do."""

from exporters.delivery.loop import Delivery
from exporters.delivery.model import (
    DeliveryError,
    DeliveryOptions,
    DeliveryStatus,
    Lane,
    Report,
    Sender,
    Sent,
)
from exporters.delivery.pace import Backoff

__all__ = [
    "Backoff",
    "Delivery",
    "DeliveryError",
    "DeliveryOptions",
    "DeliveryStatus",
    "Lane",
    "Report",
    "Sender",
    "Sent",
]
