"""Events of GPUs: one that two origins tell of is counted once, and counts last over restarts."""

from collector.events.book import EventBook
from collector.events.matcher import HOLD_NS, WINDOW_NS, Matcher, Unmatched

__all__ = ["HOLD_NS", "WINDOW_NS", "EventBook", "Matcher", "Unmatched"]
