"""Heartbeats: without them, "nothing changed" and "the building's system is gone" look alike."""

from collections.abc import Callable
from dataclasses import dataclass

LIMIT_NS = 30 * 1_000_000_000
"""Three heartbeats of 10 s: the contract's rate."""
_MOST = 1000


@dataclass(slots=True)
class _Heart:
    received_ns: int
    """When it beat last, or when it was first heard of."""
    value: float | None = None
    scope: str = ""


class Heartbeats:
    """One heartbeat for each client of the building's system that publishes."""

    def __init__(self) -> None:
        self._hearts: dict[str, _Heart] = {}

    def described(self, tag: str, scope: str, received_ns: int) -> None:
        """Its metadata came. A retained one is no beat: it may be the last trace of the dead."""
        heart = self._heart(tag, received_ns)
        if heart is not None:
            heart.scope = scope.strip("#/")

    def beat(self, tag: str, value: float, received_ns: int) -> None:
        """Its value came; the same value again is a gateway's echo and no beat."""
        heart = self._heart(tag, received_ns)
        if heart is not None and value != heart.value:
            heart.value = value
            heart.received_ns = received_ns

    def lost(self, received_ns: int) -> Callable[[str], bool] | None:
        """Which topics nobody vouches for now; None when every heart beats.

        The heartbeat whose scope is the longest part of a topic vouches for it, else those without
        a scope, else all; a topic is lost when all that vouch for it are.
        """
        late = {
            tag for tag, heart in self._hearts.items() if received_ns - heart.received_ns > LIMIT_NS
        }
        if not late:
            return None
        scopes = sorted({h.scope for h in self._hearts.values() if h.scope}, key=len, reverse=True)
        by_scope = {
            scope: all(tag in late for tag, h in self._hearts.items() if h.scope == scope)
            for scope in (*scopes, "")
        }
        unscoped = any(not heart.scope for heart in self._hearts.values())
        rest = by_scope[""] if unscoped else len(late) == len(self._hearts)

        def is_lost(topic: str) -> bool:
            path = f"/{topic}/"
            return next((by_scope[scope] for scope in scopes if f"/{scope}/" in path), rest)

        return is_lost

    def _heart(self, tag: str, received_ns: int) -> _Heart | None:
        heart = self._hearts.get(tag)
        if heart is None and len(self._hearts) < _MOST:
            heart = self._hearts[tag] = _Heart(received_ns)
        return heart
